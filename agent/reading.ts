/**
 * What a reader of a flow's first bytes gives back.
 *
 * @module
 */
import type { Said } from "./decide/said.ts";
import type { Packet } from "./decode/packet.ts";

/** What is known of a flow after a packet. */
export interface Reading {
  /** What the client said last; null before it said anything. */
  readonly said: Said | null;
  /** What it said before that in the same packet. */
  readonly before?: readonly Said[];
  /** Whether it can say nothing else any more. */
  readonly settled: boolean;
  /** Whether this packet's payload is part of something unfinished. */
  readonly waiting: boolean;
  /** Whether the packet has come too early, and is to be sent again. */
  readonly early?: boolean;
}

/**
 * Up to where the server has what the client sent: a sequence number, which may
 * be too small; null when it is not known. Asking costs a system call.
 *
 * What was sent can be sent again with another content, until the server has it:
 * a first packet may have been lost on purpose.
 */
export type Acknowledged = () => number | null;

/** Reads one flow. */
export interface NameReader {
  /** Adds a packet of the client's. */
  add(packet: Packet, acknowledged: Acknowledged): Reading;
  /** What it costs to keep what it has read, in bytes; default 0. */
  readonly keptBytes?: number;
}

/** The packet says nothing. */
export const SILENT: Reading = { said: null, settled: false, waiting: false };
/** The packet is part of something unfinished. */
export const WAITING: Reading = { said: null, settled: false, waiting: true };
/** No name can be read any more. */
export const UNREADABLE: Reading = settledOn({ kind: "unreadable" });

/** The client has said its last. */
export function settledOn(said: Said): Reading {
  return { said, settled: true, waiting: false };
}
