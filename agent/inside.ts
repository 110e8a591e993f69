/**
 * What stays on this machine: traffic with containers on its own bridges.
 *
 * @module
 */
import { HOOK, type QueuedPacket } from "./decode/nfqueue.ts";
import { PROTOCOL } from "./decode/packet.ts";
import { MARK, MARK_MASK } from "./enforce/marks.ts";
import type { Interfaces } from "./observe/interfaces.ts";
import type { Seen } from "./outcome.ts";

const DNS_PORT = 53;

/** Where a packet belongs, if not to the policy. */
export type Place =
  /** It leaves, so the policy is asked. */
  | { readonly kind: "outside" }
  /** Its source is not behind the bridge that it comes from. */
  | { readonly kind: "forged" }
  /** It stays here; let go with this mark. */
  | { readonly kind: "inside"; readonly mark: number };

const OUTSIDE: Place = { kind: "outside" };
const FORGED: Place = { kind: "forged" };

/** What is asked of the interfaces. */
type Ask = Pick<Interfaces, "isInternal" | "isBehind">;

/** Tells what stays here from what leaves, where a whole host is guarded. */
export class Inside {
  readonly #interfaces: Ask;
  readonly #allowMark: number;

  /**
   * @param interfaces Must outlive this object.
   * @param allowMark Of the guard's slot.
   */
  constructor(interfaces: Ask, allowMark: number) {
    this.#interfaces = interfaces;
    this.#allowMark = allowMark;
  }

  /** Finds the place of a packet that is sent or forwarded. */
  placeOf(seen: Seen): Place {
    const { queued, packet, nowMs } = seen;
    const { inInterface, outInterface, hook } = queued;
    if (hook === HOOK.FORWARD && this.isForged(seen)) return FORGED;
    const isBridged = hook === HOOK.FORWARD && inInterface === outInterface &&
      this.#interfaces.isInternal(inInterface, nowMs);
    // From one port of a bridge to another: groups and neighbours too.
    if (isBridged && isLinkScope(packet.destination)) {
      return { kind: "inside", mark: MARK.PASS };
    }
    const { destination: address } = packet;
    if (!this.#interfaces.isBehind(outInterface, { address, nowMs })) {
      return OUTSIDE;
    }
    // From outside only this packet: its answers are judged by `inbound`.
    const fromOutside = hook === HOOK.FORWARD &&
      !this.#interfaces.isInternal(inInterface, nowMs);
    // Neighbour discovery is not tracked, so there is no flow to allow.
    const isTracked = packet.protocol !== PROTOCOL.ICMPV6;
    // Our own refusals among them: allowed, the flow would be open both ways,
    // from the container to the name server too.
    const isDnsAnswer = packet.protocol === PROTOCOL.UDP &&
      packet.sourcePort === DNS_PORT;
    const passes = fromOutside || isDnsAnswer || !isTracked;
    return { kind: "inside", mark: passes ? MARK.PASS : this.#allowMark };
  }

  /** Whether a container sends in the name of somebody else. */
  isForged({ queued, packet, nowMs }: Seen): boolean {
    const { inInterface } = queued;
    if (!this.#interfaces.isInternal(inInterface, nowMs)) return false;
    const { source: address } = packet;
    return !isLinkScope(address) &&
      !this.#interfaces.isBehind(inInterface, { address, nowMs });
  }
}

/**
 * Whether a process of this machine sends in the name of somebody else: the
 * rules say so, and clear our marks off all else that is sent.
 */
export function isMarkedForged({ hook, mark }: QueuedPacket): boolean {
  const nibble = (mark & MARK_MASK) >>> 0;
  return hook === HOOK.LOCAL_OUT && nibble === MARK.DENY;
}

/**
 * Whether an address means something on its own link only: unspecified,
 * link-local, or a group (RFC 4291 section 2.4, RFC 3927, RFC 5771).
 */
function isLinkScope(address: Uint8Array): boolean {
  const first = address[0]!;
  const second = address[1]!;
  if (address.every((byte) => byte === 0)) return true;
  if (address.length === 4) {
    return first >= 224 || (first === 169 && second === 254);
  }
  return first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80);
}
