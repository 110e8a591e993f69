/**
 * What a reader of a flow's first bytes gives back.
 *
 * @module
 */
import type { Said } from "./decide/said_name.ts";
import type { Packet } from "./decode/packet.ts";

/** What is known of a flow after a packet. */
export interface Reading {
  /** What the client said last; null before it said anything. */
  readonly said: Said | null;
  /** Whether it can say nothing else any more. */
  readonly settled: boolean;
  /** Whether this packet's payload is part of something unfinished. */
  readonly waiting: boolean;
}

/** Reads one flow. */
export interface NameReader {
  /** Adds a packet of the client's. */
  add(packet: Packet): Reading;
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
