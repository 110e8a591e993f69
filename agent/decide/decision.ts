/**
 * What a decision is made of and what it says.
 *
 * Plain data, so that a decision can be replayed from a journal.
 *
 * @module
 */

/** Why a packet was let out or refused: the journal's closed set of codes. */
export type Why =
  // Let out.
  | "allowed_name"
  | "allowed_address"
  | "internal_interface"
  | "open_before_arming"
  | "dhcp"
  // Refused.
  | "denied_by_rule"
  | "name_not_allowed"
  | "address_not_allowed"
  | "port_not_allowed"
  | "protocol_not_allowed"
  | "process_not_allowed"
  | "sni_not_allowed"
  | "host_not_allowed"
  | "proxy_not_allowed"
  | "name_missing"
  | "name_unreadable"
  | "too_many_flows"
  | "resolver_not_allowed"
  | "dns_malformed"
  | "tunnel_limit"
  | "source_forged"
  | "fragment"
  | "packet_malformed";

/** The outcome for one packet or query. */
export interface Decision {
  /** What the policy says, whether or not it is carried out. */
  readonly decision: "allow" | "deny";
  /** False when the policy only audits and this refusal is not carried out. */
  readonly enforced: boolean;
  /** The reason, as the journal writes it. */
  readonly why: Why;
  /** The policy entry that decided, as its author wrote it. */
  readonly rule: string | null;
  /** Names that were answered with the destination address, newest first. */
  readonly names: readonly string[];
}

/** The sender, as far as the policy asks about it. */
export interface Sender {
  /** Absolute path of the executable; null when it is not known. */
  readonly exe: string | null;
  /** Workflow step; null when it is not known. */
  readonly step: string | null;
  /** Whether it is of the runner itself, and not of a step. */
  readonly isRunner?: boolean;
  /**
   * Whether it is the machine's own resolver, which asks for others: whoever
   * asked it was judged when he did.
   */
  readonly isForwarder?: boolean;
  /** Executables above it, parent first; those that could be made sure of. */
  readonly ancestors?: readonly string[];
  /** Whether `ancestors` are all there are, up to the first process. */
  readonly isAncestryWhole?: boolean;
  /** SHA-256 of the executable in lower case hex; null when it is not known. */
  readonly sha256?: string | null;
}

/** The first packet of a flow that is not yet decided. */
export interface Flow {
  /** IANA protocol number: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6. */
  readonly protocol: number;
  /** 4 or 16 bytes in network order. */
  readonly destination: Uint8Array;
  /** Destination port; 0 where the protocol has none. */
  readonly port: number;
  /** Who sends it. */
  readonly sender: Sender;
}

/** One DNS question on its way to a resolver. */
export interface Query {
  /** Lower case, without the last dot; the root is the empty string. */
  readonly name: string;
  /** IANA resource record type: 1 is A, 28 is AAAA. */
  readonly type: number;
  /** The server's address, 4 or 16 bytes in network order. */
  readonly server: Uint8Array;
  /** What carries it; UDP when it is not said. */
  readonly transport?: "udp" | "tcp";
  /** Who asks. */
  readonly sender: Sender;
}
