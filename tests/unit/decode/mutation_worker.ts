/**
 * Runs damaged packets through every decoder of the packet's way.
 *
 * In a worker, because a decoder that never returns can only be noticed and
 * stopped from another thread.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { decodeDns } from "../../../agent/decode/dns.ts";
import { decodeIcmp } from "../../../agent/decode/icmp.ts";
import { decodeInetSocket } from "../../../agent/decode/inet_diag.ts";
import { decodeInterfaceAddress } from "../../../agent/decode/interface_address.ts";
import { decodeLink } from "../../../agent/decode/link.ts";
import {
  decodeAttributes,
  decodeNetlink,
  decodeNetlinkError,
  NETLINK_TYPE,
} from "../../../agent/decode/netlink.ts";
import {
  decodeQueued,
  QUEUE_PACKET_TYPE,
} from "../../../agent/decode/nfqueue.ts";
import { decodePacket } from "../../../agent/decode/packet.ts";
import { decodeDefaultRoute } from "../../../agent/decode/route.ts";
import { MAX_DATAGRAM_BYTES, mutate, RTM } from "./mutate.ts";

/** What to run. */
export interface MutationOrder {
  readonly seed: number;
  readonly count: number;
  /** One number: the packet that is being decoded. */
  readonly progress: Int32Array;
}

/** What came of it. */
export interface MutationResult {
  /** How often each decoder accepted and refused what it was given. */
  readonly counts: Readonly<Record<string, Outcome>>;
  /** The longest time for one packet, all decoders together. */
  readonly slowestMs: number;
  /** What was thrown, at which packet; null when nothing was. */
  readonly thrown: { readonly index: number; readonly message: string } | null;
}

/** One decoder's tally. */
export interface Outcome {
  accepted: number;
  refused: number;
}

const counts: Record<string, Outcome> = {};
for (
  const name of [
    "decodeNetlink",
    "decodeQueued",
    "decodePacket",
    "decodeIcmp",
    "decodeDns",
    "decodeNetlinkError",
    "decodeInetSocket",
    "decodeAttributes",
    "decodeLink",
    "decodeDefaultRoute",
    "decodeInterfaceAddress",
  ]
) counts[name] = { accepted: 0, refused: 0 };

function tally(name: string, { ok }: { ok: boolean }): void {
  const outcome = counts[name]!;
  if (ok) outcome.accepted += 1;
  else outcome.refused += 1;
}

/**
 * Messages of any other type are decoded as sockets, so that damage to the type
 * costs no coverage.
 */
function decodeAll(datagram: Uint8Array): void {
  const messages = decodeNetlink(datagram);
  tally("decodeNetlink", messages);
  if (!messages.ok) {
    // Only a cut datagram is too short for these, and none comes through.
    tally("decodeLink", decodeLink(datagram.subarray(16)));
    return;
  }
  for (const { type, payload } of messages.value) {
    if (type === QUEUE_PACKET_TYPE) decodeQueue(payload);
    else if (type === NETLINK_TYPE.ERROR) {
      tally("decodeNetlinkError", decodeNetlinkError(payload));
    } else if (type === RTM.NEWLINK) tally("decodeLink", decodeLink(payload));
    else if (type === RTM.NEWROUTE) {
      tally("decodeDefaultRoute", decodeDefaultRoute(payload));
    } else if (type === RTM.NEWADDR) {
      tally("decodeInterfaceAddress", decodeInterfaceAddress(payload));
    } else {
      tally("decodeInetSocket", decodeInetSocket(payload));
      tally("decodeAttributes", decodeAttributes(payload.subarray(72)));
    }
  }
}

function decodeQueue(payload: Uint8Array): void {
  const queued = decodeQueued(payload);
  tally("decodeQueued", queued);
  if (!queued.ok) return;
  const packet = decodePacket(queued.value.payload);
  tally("decodePacket", packet);
  if (!packet.ok) return;
  tally("decodeIcmp", decodeIcmp(packet.value.payload));
  if (packet.value.payload.length > 0) {
    tally("decodeDns", decodeDns(packet.value.payload));
  }
}

self.onmessage = ({ data }: MessageEvent<MutationOrder>) => {
  const { seed, count, progress } = data;
  const buffer = new Uint8Array(MAX_DATAGRAM_BYTES);
  let slowestMs = 0;
  let thrown: MutationResult["thrown"] = null;
  let index = 0;
  try {
    for (; index < count; index++) {
      progress[0] = index;
      const datagram = mutate({ seed, index }, buffer);
      const startedMs = performance.now();
      decodeAll(datagram);
      const tookMs = performance.now() - startedMs;
      if (tookMs > slowestMs) slowestMs = tookMs;
    }
  } catch (error) {
    thrown = { index, message: String(error) };
  }
  self.postMessage(
    { counts, slowestMs, thrown } satisfies MutationResult,
  );
};
