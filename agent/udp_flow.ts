/**
 * What is remembered of one UDP flow that is allowed by a name.
 *
 * @module
 */
import type { Waiting } from "./outcome.ts";
import { QuicNameReader } from "./quic_name_reader.ts";
import type { Watched } from "./watched_flow.ts";

/** Names of one flow that are in the journal; a client can say any number. */
const MAX_WRITTEN = 64;

/** A datagram of a flow, when who sent it is known. */
export interface WatchedDatagram extends Watched {
  /** Whether only this sender's program may send: then each datagram is asked. */
  readonly isScoped: boolean;
}

/** A hello of which a part is still to come. */
export interface Opening {
  readonly flow: UdpFlow;
  readonly watched: WatchedDatagram;
  readonly connection: string;
  readonly held: Waiting[];
  readonly sinceMs: number;
}

/** What is known of a flow. */
export interface UdpFlow {
  readonly key: string;
  reader: QuicNameReader;
  /** By connection. */
  readonly openings: Map<string, Opening>;
  /** Names that are in the journal as let go. */
  readonly written: Set<string>;
  watched: WatchedDatagram;
  /** Whether it was let go; for when the kernel does not say. */
  isOpen: boolean;
  size: number;
  seenAtMs: number;
}

/** A flow of which nothing was seen yet. */
export function newFlow(watched: WatchedDatagram): UdpFlow {
  return {
    key: watched.key,
    reader: new QuicNameReader(),
    openings: new Map(),
    written: new Set(),
    watched,
    isOpen: false,
    size: 0,
    seenAtMs: 0,
  };
}

/** Whether an event says that already; remembers that one does now. */
export function isWritten({ written }: UdpFlow, news: string): boolean {
  if (written.has(news)) return true;
  if (written.size === MAX_WRITTEN) written.clear();
  written.add(news);
  return false;
}
