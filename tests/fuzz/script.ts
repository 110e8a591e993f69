/**
 * Bytes read as a script: which packet comes next, from whom, how damaged.
 *
 * @module
 */
import { HOOK, type QueuedPacket } from "../../agent/decode/nfqueue.ts";
import { parseAddress } from "../../agent/decode/address.ts";
import { MARK } from "../../agent/enforce/marks.ts";
import {
  ALLOWED4,
  ALLOWED6,
  ATTACKER,
  CLIENT,
  CLIENT6,
  DNS_CLIENT_PORT,
  HOOKS,
  LATER,
  NAMES,
  OTHER_PROTOCOLS,
  SEQUENCE,
  SERVER_SEQUENCE,
  TARGETS,
  TYPES,
} from "./cast.ts";
import type { Datagram } from "./contents.ts";
import {
  dnsMessage,
  type Ends,
  ipPacket,
  tcpPacket,
  udpPacket,
} from "./packets.ts";
import { BRIDGE, RESOLVER, SLOT } from "./world.ts";

/** What happens next. */
export type Step =
  | { readonly kind: "time"; readonly milliseconds: number }
  | {
    readonly kind: "packet";
    /** Without queue and id, which the kernel gives. */
    readonly queued: Omit<QueuedPacket, "id">;
  };

/** What scripts send. */
export interface Contents {
  readonly streams: readonly Uint8Array[];
  readonly datagrams: readonly Datagram[];
  /** Of DNS over TCP, questions and answers. */
  readonly dnsStreams: readonly Uint8Array[];
}

/** Bytes from here on in a step's last byte damage the packet. */
const DAMAGE = 232;
const UDP = 17;
const TCP = 6;

/** Reads one script. */
export class Script {
  readonly #bytes: Uint8Array;
  readonly #contents: Contents;
  #at = 0;

  /** @param contents What is sent, by its number. */
  constructor(bytes: Uint8Array, contents: Contents) {
    this.#bytes = bytes;
    this.#contents = contents;
  }

  /** The next step; null at the end. */
  next(): Step | null {
    if (this.#at >= this.#bytes.length) return null;
    const kind = this.#byte() % 9;
    switch (kind) {
      case 0:
      case 1:
        return this.#packet(this.#segment());
      case 2:
        return this.#packet(this.#datagram());
      case 3:
        return this.#packet(this.#query());
      case 4:
        return this.#packet(this.#answer(), HOOK.LOCAL_IN);
      case 5:
        return { kind: "time", milliseconds: this.#byte() * 50 };
      case 6:
        return this.#packet(this.#other());
      case 8:
        return this.#dnsSegment();
      default:
        return this.#packet(this.#segment(), this.#pick(HOOKS));
    }
  }

  #segment(): Uint8Array {
    const ends = this.#ends();
    const flags = this.#byte() & 0x3f;
    const stream = this.#pick(this.#contents.streams);
    const from = Math.min(this.#word(), stream.length);
    const payload = stream.subarray(from, from + this.#word());
    const isSyn = (flags & 2) !== 0;
    const shift = this.#byte();
    const start = SEQUENCE + (isSyn ? 0 : 1) + from;
    return tcpPacket(ends, {
      // Now and then from somewhere else.
      sequence: (start + (shift < 200 ? 0 : shift - 228)) >>> 0,
      acknowledgment: 0x1000 + this.#byte(),
      flags,
      payload,
    });
  }

  /** DNS over TCP, of either side. */
  #dnsSegment(): Step {
    const isAnswer = (this.#byte() & 1) === 1;
    const flags = this.#byte() & 0x3f;
    const stream = this.#pick(this.#contents.dnsStreams);
    const from = Math.min(this.#word(), stream.length);
    const payload = stream.subarray(from, from + this.#word());
    const isSyn = (flags & 2) !== 0;
    const resolver = parseAddress(RESOLVER)!;
    const own = isAnswer ? SERVER_SEQUENCE : SEQUENCE;
    const bytes = tcpPacket({
      source: isAnswer ? resolver : CLIENT,
      destination: isAnswer ? CLIENT : resolver,
      sourcePort: isAnswer ? 53 : DNS_CLIENT_PORT,
      destinationPort: isAnswer ? DNS_CLIENT_PORT : 53,
    }, {
      sequence: (own + (isSyn ? 0 : 1) + from) >>> 0,
      // A server has all that a question of ours can be.
      acknowledgment: isAnswer
        ? (SEQUENCE + 1 + (isSyn ? 0 : 32)) >>> 0
        : SERVER_SEQUENCE + 1,
      flags,
      payload: isSyn ? new Uint8Array(0) : payload,
    });
    return this.#packet(bytes, isAnswer ? HOOK.LOCAL_IN : HOOK.LOCAL_OUT);
  }

  #datagram(): Uint8Array {
    const ends = this.#ends();
    return udpPacket(ends, this.#pick(this.#contents.datagrams).bytes);
  }

  #query(): Uint8Array {
    const destination = this.#byte() < 200 ? parseAddress(RESOLVER)! : ATTACKER;
    const sourcePort = 50_000 + this.#byte() % 4;
    const ends = {
      ...{ source: CLIENT, destination, sourcePort, destinationPort: 53 },
    };
    return udpPacket(ends, this.#message(null));
  }

  #answer(): Uint8Array {
    const source = this.#byte() < 200 ? parseAddress(RESOLVER)! : ATTACKER;
    const destinationPort = 50_000 + this.#byte() % 4;
    const ends = {
      ...{ source, destination: CLIENT, sourcePort: 53, destinationPort },
    };
    const addresses = [[LATER], [LATER, ALLOWED6], [], [ALLOWED4]];
    return udpPacket(ends, this.#message(this.#pick(addresses)));
  }

  #message(addresses: readonly Uint8Array[] | null): Uint8Array {
    return dnsMessage({
      id: this.#byte() % 8,
      name: this.#pick(NAMES),
      type: this.#pick(TYPES),
      addresses,
    });
  }

  #other(): Uint8Array {
    const protocol = this.#pick(OTHER_PROTOCOLS);
    const payload = this.#bytes.subarray(
      this.#at,
      this.#at + this.#byte() % 64,
    );
    return ipPacket(this.#ends(), { protocol, payload });
  }

  #ends(): Ends {
    const choice = this.#byte();
    const [destination, destinationPort] = TARGETS[choice % TARGETS.length]!;
    const source = destination.length === 4 ? CLIENT : CLIENT6;
    const sourcePort = 40_000 + (choice >> 6);
    return { source, destination, sourcePort, destinationPort };
  }

  /** A packet in the queue where the rules put it. */
  #packet(sound: Uint8Array, hook: number = HOOK.LOCAL_OUT): Step {
    const bytes = this.#damaged(sound);
    const way = this.#byte();
    // By a bridge, from one, between its ports: seldom.
    const inInterface = hook === HOOK.FORWARD || hook === HOOK.PRE_ROUTING
      ? (way & 1) === 0 ? 2 : BRIDGE.index
      : 0;
    const outInterface = way % 16 === 15 ? BRIDGE.index : 2;
    const isDns = hook === HOOK.LOCAL_IN || isToDns(bytes);
    return {
      kind: "packet",
      queued: {
        queue: isDns ? SLOT.dnsQueue : SLOT.flowQueue,
        hook,
        hardwareProtocol: bytes[0]! >> 4 === 6 ? 0x86dd : 0x0800,
        // Now and then as a rule of ours marks a source that is nobody's.
        mark: way >> 4 === 15 ? MARK.DENY | 0x42 : 0x42,
        ...{ inInterface, outInterface },
        ...{ inPort: 0, hardwareAddress: 0 },
        uid: way % 5 === 4 ? null : way % 5 === 3 ? 0 : 1001,
        gid: null,
        payload: bytes,
        originalBytes: bytes.length,
      },
    };
  }

  #damaged(sound: Uint8Array): Uint8Array {
    const bytes = sound.slice();
    for (let left = this.#byte() - DAMAGE; left >= 0; left -= 8) {
      const at = this.#byte() % Math.min(bytes.length, 100);
      bytes[at] = this.#byte();
    }
    return bytes;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#byte() % values.length]!;
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  #word(): number {
    return (this.#byte() << 8) | this.#byte();
  }
}

/** As a rule of the firewall matches: no fragment, no options in IPv6. */
function isToDns(bytes: Uint8Array): boolean {
  const isV4 = bytes[0]! >> 4 === 4;
  const at = isV4 ? (bytes[0]! & 15) * 4 : 40;
  const protocol = bytes[isV4 ? 9 : 6];
  return (protocol === UDP || protocol === TCP) && bytes[at + 2] === 0 &&
    bytes[at + 3] === 53;
}
