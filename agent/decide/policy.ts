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
  /** Whether overwritten source files are looked for, and which are not. */
  readonly source: {
    readonly watch: boolean;
    readonly ignore: readonly string[];
  };
  /** What the job does at its end about what was found. */
  readonly on: {
    readonly denied: Consequence;
    readonly overwritten: Consequence;
  };
}

/** Whether an entry is for certain programs only. */
export function isProcessScoped({ allow, proxy, deny }: Policy): boolean {
  return [...allow, ...proxy, ...deny].some(({ process }) => process !== null);
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
