/**
 * A policy as plain data: it crosses to the packet thread by structured clone.
 *
 * @module
 */

/** What an entry names. */
export type Target =
  /** A name pattern, lower case: `a.example`, `*.a.example`, `cp*.a.example`. */
  | { readonly kind: "host"; readonly pattern: string }
  /** 4 or 16 bytes, host bits zero, and the length of the prefix in bits. */
  | {
    readonly kind: "network";
    readonly address: Uint8Array;
    readonly prefixBits: number;
  };

/** The transports an entry can name; `dns` is the look-up of a name alone. */
export type EntryProtocol = "tcp" | "udp" | "icmp" | "dns";

/** One line under `allow:` or `deny:`. */
export interface Entry {
  /** As its author wrote it; journal and messages name the entry by this. */
  readonly text: string;
  /** The host or the network that it names. */
  readonly target: Target;
  /** Null is any port: `:*`, or a `deny` entry without a port. */
  readonly port: number | null;
  /** Null is any protocol: a `deny` entry that names none. */
  readonly protocol: EntryProtocol | null;
  /** Exact name of a workflow step; null is every step. */
  readonly step: string | null;
  /** Absolute path of an executable; null is every process. */
  readonly process: string | null;
  /** SHA-256 of that executable in lower case hex; null is any content. */
  readonly sha256: string | null;
  /** Absolute path of an executable that is above the sender; null is any. */
  readonly ancestor: string | null;
  /** For the runner's own processes only: an entry that nobody wrote. */
  readonly runner: boolean;
}

/** One line under `source.allow`: all that it names must hold. */
export interface SourceAllowance {
  /** As its author wrote it; the journal names it by this. */
  readonly text: string;
  /** A glob, as under `source.ignore`. */
  readonly path: string;
  /** Absolute path of the executable that writes; null is every process. */
  readonly process: string | null;
  /** Exact name of a workflow step; null is every step. */
  readonly step: string | null;
}

/** What the job does at its end about something that was found. */
export type Consequence = "fail" | "warn" | "ignore";

/** A whole policy, defaults filled in. */
export interface Policy {
  /** Whether refusals are carried out. */
  readonly egress: "audit" | "block";
  /** What may leave. */
  readonly allow: readonly Entry[];
  /**
   * HTTP proxies: they may be reached, and what is asked of them has to be
   * allowed as if it were reached directly.
   */
  readonly proxy: readonly Entry[];
  /** What may not, before `allow` and in audit too. */
  readonly deny: readonly Entry[];
  /**
   * What an allowed host is known by: an address that was `answered` for its
   * name, or that and the name that the client itself has `said`.
   */
  readonly names: "answered" | "said";
  /** Whose connections are answered. */
  readonly inbound: "listening" | "allow" | "deny";
  /** How names are looked up. */
  readonly dns: {
    /**
     * Bytes of names that were not asked for before, under one wildcard of
     * `allow` in a day.
     */
    readonly unseen: number | "any";
  };
  /** Whether the runner's own processes reach what the runner needs. */
  readonly runner: "allow" | "deny";
  /** What is kept from the build beside the network. */
  readonly protect: {
    /** Whether nobody may read the memory of the runner's processes. */
    readonly runnerMemory: boolean;
  };
  /** Whether overwritten source files are looked for, and which are not. */
  readonly source: {
    readonly watch: boolean;
    /** Globs of files that are not looked at. */
    readonly ignore: readonly string[];
    /** Who may change what, and read which secrets. */
    readonly allow: readonly SourceAllowance[];
  };
  /** What the job does at its end about what was found. */
  readonly on: {
    readonly denied: Consequence;
    readonly overwritten: Consequence;
  };
}

/**
 * The UDP ports on which a host is allowed whose name the client has to say;
 * null is any port.
 */
export function saidUdpPorts(
  { names, allow }: Policy,
): readonly number[] | null {
  const ports = new Set<number>();
  if (names === "answered") return [];
  for (const { target, protocol, port } of allow) {
    if (target.kind !== "host" || (protocol ?? "udp") !== "udp") continue;
    if (port === null) return null;
    ports.add(port);
  }
  return [...ports].sort((one, other) => one - other);
}
