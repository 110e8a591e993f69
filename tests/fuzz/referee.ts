/**
 * Judges the pipeline's verdicts.
 *
 * @module
 */
import { formatAddress } from "../../agent/decode/address.ts";
import { HOOK, type QueuedPacket } from "../../agent/decode/nfqueue.ts";
import { MARK } from "../../agent/enforce/marks.ts";
import type { Datagram } from "./contents.ts";
import { type RawPacket, readPacket } from "./judged.ts";
import { ServerStream } from "./oracle.ts";
import { isEqual } from "./purity.ts";
import { must } from "./target.ts";
import { ALLOWED, BRIDGE, isInBridgeNetwork, RESOLVER, SLOT } from "./world.ts";

const TCP = 6;
const UDP = 17;
const SYN = 2;
const ACK = 16;
const FIRST_USER_UID = 1000;
/** Header, the allowed name, type and class. */
const PLAIN_QUERY_BYTES = 12 + 14 + 4;

/** A flow's ends, as one text. */
function keyOf(packet: RawPacket): string {
  const { protocol, source, sourcePort, destination, destinationPort } = packet;
  return `${protocol} ${source.join(".")} ${sourcePort} ` +
    `${destination.join(".")} ${destinationPort}`;
}

/** Knows what was let through, and whether it may have been. */
export class Referee {
  readonly #datagrams: readonly Datagram[];
  readonly #host: boolean;
  readonly #streams = new Map<string, ServerStream>();
  /** Datagrams that were let through, by flow. */
  readonly #sent = new Map<string, Uint8Array[]>();
  /** Flows that the kernel does not ask about any more. */
  readonly #kept = new Set<string>();
  /** Payloads of answers for the allowed name. */
  readonly #answers: Uint8Array[] = [];
  readonly #touched = new Set<string>();

  /** @param of What can be sent, and whether a whole host is guarded. */
  constructor(of: { datagrams: readonly Datagram[]; host: boolean }) {
    this.#datagrams = of.datagrams;
    this.#host = of.host;
  }

  /** Whether the rules would send this packet to the queue at all. */
  isAsked({ hook, payload }: Pick<QueuedPacket, "hook" | "payload">): boolean {
    const packet = readPacket(payload);
    if (hook === HOOK.LOCAL_IN) {
      return packet?.protocol === UDP && packet.sourcePort === 53 &&
        !packet.isFragment;
    }
    if (packet === null || hook === HOOK.PRE_ROUTING) return true;
    const key = keyOf(packet);
    if (!this.#kept.has(key)) return true;
    if (packet.protocol !== TCP || (packet.flags & (SYN | ACK)) !== SYN) {
      return false;
    }
    this.#kept.delete(key);
    this.#streams.delete(key);
    return true;
  }

  /** Takes one verdict. */
  take(queued: QueuedPacket, mark: number): void {
    const own = mark & 0xf000_0000;
    if (own === 0 || own === MARK.DENY) return;
    const { hook, outInterface } = queued;
    const packet = readPacket(queued.payload);
    must(packet !== null, "what cannot be read is not let through");
    if (hook === HOOK.LOCAL_IN) {
      this.#takeAnswer(packet);
      return;
    }
    must(!packet.isFragment, "a fragment is not let through");
    if (this.#isInside(queued, packet) || this.#isDhcp(queued, packet)) return;
    must(
      own !== SLOT.dnsMark >> 0 || packet.destinationPort === 53,
      "the mark of DNS is for DNS",
    );
    if (queued.queue === SLOT.dnsQueue) takeQuery(packet);
    else this.#takeFlow(packet, own === SLOT.allowMark >> 0);
    must(outInterface >= 0, "an interface has a number");
  }

  /** Looks at what servers have by now; after all of an outcome. */
  check(): void {
    for (const key of this.#touched) {
      this.#streams.get(key)?.check();
      const sent = this.#sent.get(key);
      if (sent !== undefined) this.#checkDatagrams(sent);
    }
    this.#touched.clear();
  }

  #isInside(queued: QueuedPacket, packet: RawPacket): boolean {
    if (!this.#host || queued.outInterface !== BRIDGE.index) return false;
    return isInBridgeNetwork(packet.destination) ||
      queued.inInterface === BRIDGE.index;
  }

  #isDhcp({ uid }: QueuedPacket, packet: RawPacket): boolean {
    const { protocol, sourcePort: from, destinationPort: to } = packet;
    return this.#host && protocol === UDP && uid !== null &&
      uid < FIRST_USER_UID &&
      ((from === 68 && to === 67) || (from === 546 && to === 547));
  }

  #takeAnswer(packet: RawPacket): void {
    must(packet.sourcePort === 53, "an answer comes from port 53");
    const name = String.fromCharCode(...packet.payload.subarray(13, 25));
    if (/^allowed.test$/i.test(name)) this.#answers.push(packet.payload);
  }

  #takeFlow(packet: RawPacket, isKept: boolean): void {
    const { protocol, destinationPort: port, destination } = packet;
    const address = formatAddress(destination);
    const { byAddress } = ALLOWED;
    if (protocol === TCP && address === byAddress.address) {
      must(port === byAddress.port, "an address is allowed on its port");
      return;
    }
    must(this.#isNamed(destination), "an address that is allowed by no name");
    const ports: readonly number[] = protocol === TCP
      ? ALLOWED.tcpPorts
      : protocol === UDP
      ? ALLOWED.udpPorts
      : [];
    must(ports.includes(port), "a name is allowed on its ports");
    const key = keyOf(packet);
    if (protocol === UDP) {
      this.#sent.set(key, [...this.#sent.get(key) ?? [], packet.payload]);
    } else {
      const stream = this.#streams.get(key) ?? new ServerStream(port);
      this.#streams.set(key, stream);
      stream.add(packet);
    }
    this.#touched.add(key);
    if (!isKept) return;
    this.#kept.add(key);
    must(
      this.#streams.get(key)?.isSettled ?? true,
      "a flow is kept when its hello was answered",
    );
  }

  #isNamed(address: Uint8Array): boolean {
    const texts: readonly string[] = ALLOWED.addresses;
    return texts.includes(formatAddress(address)) ||
      this.#answers.some((answer) => includesBytes(answer, address));
  }

  #checkDatagrams(sent: readonly Uint8Array[]): void {
    let goodParts = 0;
    for (const payload of sent) {
      const known = this.#datagrams.find(({ bytes }) =>
        isEqual(bytes, payload)
      );
      must(known?.isEvil !== true, "no datagram says another name");
      goodParts |= known?.goodParts ?? 0;
    }
    must(goodParts === 3, "an allowed hello is let through first");
  }
}

function takeQuery({ destination, payload, destinationPort }: RawPacket): void {
  must(formatAddress(destination) === RESOLVER, "only the resolver is asked");
  must(destinationPort === 53, "a query goes to port 53");
  const name = String.fromCharCode(...payload.subarray(12, 26)).toLowerCase();
  must(name === "\x07allowed\x04test\0", "only an allowed name is asked for");
  const isPlain = payload.length === PLAIN_QUERY_BYTES &&
    (payload[2]! & 0xf8) === 0 &&
    isEqual(payload.subarray(4, 12), Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0));
  must(isPlain, "a query is one question and nothing else");
}

function includesBytes(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (isEqual(bytes.subarray(at, at + part.length), part)) return true;
  }
  return false;
}
