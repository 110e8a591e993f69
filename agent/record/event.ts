/**
 * The journal's events: a contract that outlives any version of the agent.
 *
 * Only what is written here is written to disk; fields are added, never
 * renamed. Text from outside (names, paths, arguments) is kept as it came:
 * whoever shows it escapes it.
 *
 * @module
 */

import type { Done } from "./done.ts";
import type { FileEvent } from "./file_event.ts";
import type {
  ContainerEvent,
  ExecEvent,
  PrivilegeEvent,
  StepEvent,
} from "./process_event.ts";

/** The journal's version, in every line. */
export const JOURNAL_VERSION = 1;

/** What every line starts with. */
export interface EventHead {
  /** The same in every line. */
  readonly version: typeof JOURNAL_VERSION;
  /** From 1, without gaps. */
  readonly seq: number;
  /** RFC 3339 in UTC with microseconds. */
  readonly time: string;
}

/** An address and a port. */
export interface EndpointField {
  /** IPv4, or IPv6 as RFC 5952 writes it. */
  readonly address: string;
  /** 0 where the protocol has no ports. */
  readonly port: number;
}

/** What every judged packet says. */
export interface Judged extends Done {
  /** What the policy says, in audit mode too. */
  readonly decision: "allow" | "deny";
  /** False when a refusal was not carried out: the policy audits. */
  readonly enforced: boolean;
  /** One of the codes that README lists. */
  readonly why: string;
  /** The policy entry that decided, as written there. */
  readonly rule: string | null;
}

/** One flow, judged at its first packet. */
export interface ConnectionEvent extends Judged {
  /** Tells the kinds of events apart. */
  readonly kind: "connection";
  /** `tcp`, `udp`, `icmp`, or the IANA number as text. */
  readonly protocol: string;
  /** Whether this machine sent it or passed it on. */
  readonly direction: "output" | "forward";
  /** The sender's end. */
  readonly source: EndpointField;
  /** The end it is for, before any translation. */
  readonly destination: EndpointField;
  /** Names that were answered with the destination, newest first. */
  readonly names: readonly string[];
  /** The name the client itself said; null when none was read. */
  readonly sni: string | null;
  /** Where the destination, as an HTTP proxy, is asked to go on to. */
  readonly asked?: { readonly host: string; readonly port: number };
}

/** One DNS question; for a question let out, written when it is answered. */
export interface DnsEvent extends Judged {
  /** Tells the kinds of events apart. */
  readonly kind: "dns";
  /** Lower case, without the last dot. */
  readonly name: string;
  /** Mnemonic such as `A`, or `TYPE65280` (RFC 3597 section 5). */
  readonly type: string;
  /** What carried the question; journals of the first version do not say. */
  readonly protocol?: "udp" | "tcp";
  /** Who was asked. */
  readonly server: EndpointField;
  /** Addresses and names of the answer; null when none came or none was let. */
  readonly answers: readonly string[] | null;
}

/** The process that is behind what happened. */
export interface ChangerField {
  /** In the agent's pid namespace. */
  readonly pid: number;
  /** What the process calls itself; null when that was not asked. */
  readonly name: string | null;
  /** Absolute path; null when it had ended before it was looked at. */
  readonly exe: string | null;
}

/** The agent about itself. */
export interface AgentEvent {
  /** Tells the kinds of events apart. */
  readonly kind: "agent";
  /** What happened to the agent. */
  readonly event:
    | "armed"
    | "stopped"
    | "coverage_lost"
    | "tampered"
    | "impaired"
    | "flood"
    | "tunnel";
  /** `armed`: the mode. */
  readonly egress?: "audit" | "block";
  /** `armed`: what is guarded. */
  readonly scope?: "host" | "command";
  /** `armed`: the agent's process. */
  readonly pid?: number;
  /** All but `armed` and `tunnel`: from when it holds, is missing, or was so. */
  readonly from?: string;
  /** All but `armed` and `tunnel`: until when. */
  readonly to?: string;
  /**
   * `tampered`: with what. `coverage_lost`: `processes` when all packets were
   * judged and only processes were not heard of, `sources` when changes of
   * files were not.
   */
  readonly what?:
    | "rules"
    | "queue"
    | "files"
    | "journal"
    | "settings"
    | "processes"
    | "sources";
  /** `tampered`: true when nothing could leave by it, so the job is not red. */
  readonly held?: boolean;
  /** `tampered`: who did it, where the kernel tells. `tunnel`: who asked last. */
  readonly by?: ChangerField;
  /** `armed`: by what processes are heard of; null when they are not. */
  readonly processes?: "bpf" | "audit" | "connector" | null;
  /** `armed`: by what changes of sources are heard of; null when they are not. */
  readonly files?: "fanotify" | "inotify" | null;
  /** `armed`: the directories whose files are sources. */
  readonly workspaces?: readonly string[];
  /** `armed`: connections that were open already. */
  readonly openFlows?: number;
  /** One sentence for a person. */
  readonly message?: string;
  /** `stopped`: packets answered. */
  readonly packets?: number;
  /** `stopped`: events that could not be written. */
  readonly lost?: number;
  /** `flood`: whose sockets sent; null when it was not one user's. */
  readonly uid?: number | null;
  /** `flood`: the source, when it was forwarded. */
  readonly address?: string | null;
  /** `flood`: refused packets without an event, by protocol or `dns`. */
  readonly refused?: Readonly<Record<string, number>>;
  /** `flood`: packets that were dropped before anything was decided. */
  readonly unjudged?: number;
  /** `tunnel`: whose owner reads the questions, lower case. */
  readonly domain?: string;
  /** `tunnel`: what there was too much of. */
  readonly sign?: "nameBytes" | "names" | "longNames" | "freeTypes";
  /** `tunnel`: distinct names under the domain, today and the day before. */
  readonly names?: number;
  /** `tunnel`: bytes in them, in a day. */
  readonly nameBytes?: number;
}

/** An event before the journal gives it its place and time. */
export type EventBody =
  | ConnectionEvent
  | DnsEvent
  | AgentEvent
  | ExecEvent
  | StepEvent
  | PrivilegeEvent
  | FileEvent
  | ContainerEvent;

/** One line of the journal. */
export type Event = EventHead & EventBody;

/** One line of the journal about a judged packet. */
export type JudgedEvent = EventHead & (ConnectionEvent | DnsEvent);
