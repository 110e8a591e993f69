/**
 * The journal's events: a contract that outlives any version of the agent.
 *
 * Only what is written here is written to disk; fields are added, never
 * renamed.
 *
 * @module
 */

/** The journal's version, in every line. */
export const JOURNAL_VERSION = 1;

/** What every line starts with. */
export interface EventHead {
  readonly version: typeof JOURNAL_VERSION;
  /** From 1, without gaps. */
  readonly seq: number;
  /** RFC 3339 in UTC with microseconds. */
  readonly time: string;
}

/** An address and a port; 0 where the protocol has no ports. */
export interface EndpointField {
  readonly address: string;
  readonly port: number;
}

/** The process that sent a packet, looked up while the packet was held. */
export interface ProcessField {
  readonly pid: number;
  readonly exe: string | null;
  readonly args: readonly string[];
  readonly uid: number;
  /** Parent first. */
  readonly ancestors: readonly {
    readonly pid: number;
    readonly exe: string | null;
  }[];
}

/** What every judged packet says. */
export interface Judged {
  readonly decision: "allow" | "deny";
  /** False when a refusal was not carried out: the policy audits. */
  readonly enforced: boolean;
  /** One of the codes that README lists. */
  readonly why: string;
  /** The policy entry that decided, as written there. */
  readonly rule: string | null;
  readonly step: string | null;
  /** Null when nobody could be found; never a guess. */
  readonly process: ProcessField | null;
  readonly container: string | null;
}

/** One flow, judged at its first packet. */
export interface ConnectionEvent extends Judged {
  readonly kind: "connection";
  /** `tcp`, `udp`, `icmp`, or the IANA number as text. */
  readonly protocol: string;
  readonly direction: "output" | "forward";
  readonly source: EndpointField;
  readonly destination: EndpointField;
  /** Names that were answered with the destination, newest first. */
  readonly names: readonly string[];
  readonly sni: string | null;
}

/** One DNS question; for a question let out, written when it is answered. */
export interface DnsEvent extends Judged {
  readonly kind: "dns";
  readonly name: string;
  /** Mnemonic such as `A`, or `TYPE65280` (RFC 3597 section 5). */
  readonly type: string;
  readonly server: EndpointField;
  /** Addresses and names of the answer; null when none came or none was let. */
  readonly answers: readonly string[] | null;
}

/** The agent about itself. */
export interface AgentEvent {
  readonly kind: "agent";
  readonly event: "armed" | "stopped" | "coverage_lost" | "tampered";
  /** `armed`: what is guarded. */
  readonly egress?: "audit" | "block";
  readonly scope?: "host" | "command";
  readonly pid?: number;
  /** `stopped`, `coverage_lost`: from when to when it holds or is missing. */
  readonly from?: string;
  readonly to?: string;
  /** One sentence for a person. */
  readonly message?: string;
  /** `stopped`: packets answered and events that could not be written. */
  readonly packets?: number;
  readonly lost?: number;
}

/** An event before the journal gives it its place and time. */
export type EventBody = ConnectionEvent | DnsEvent | AgentEvent;

/** One line of the journal. */
export type Event = EventHead & EventBody;
