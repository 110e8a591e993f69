/**
 * Judges the pipeline's verdicts.
 *
 * @module
 */
import { formatAddress } from "../../agent/decode/address.ts";
import { HOOK, type QueuedPacket } from "../../agent/decode/nfqueue.ts";
import { MARK, withMark } from "../../agent/enforce/marks.ts";
import type { Datagram } from "./contents.ts";
import { type RawPacket, readPacket } from "./judged.ts";
import { checkQuery, ServerStream } from "./oracle.ts";
import { isEqual } from "./purity.ts";
import { must } from "./target.ts";
import { ALLOWED, BRIDGE, isInBridgeNetwork, RESOLVER, SLOT } from "./world.ts";

const TCP = 6;
const UDP = 17;
const SYN = 2;
const ACK = 16;
const PSH = 8;
/**
 * `tcp_valid_flags` of nf_conntrack_proto_tcp.c: SYN alone, with URG and with
 * ACK; RST, FIN and ACK; the rules drop everything else as INVALID.
 */
const VALID_FLAGS = new Set([
  ...[SYN, SYN | 32, SYN | ACK],
  ...[4, 4 | ACK, 1 | ACK, 1 | ACK | 32, ACK, ACK | 32],
]);
const DNS_PORT = 53;
/** RFC 9000 section 17.2: the header form of packets that open connections. */
const LONG_HEADER = 0x80;
const FIRST_USER_UID = 1000;

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

  /**
   * The mark that the rules send a packet to the queue with; null when they do
   * not send it there at all.
   */
  markOf(queued: Omit<QueuedPacket, "id">): number | null {
    const { hook, payload, mark } = queued;
    const packet = readPacket(payload);
    if (packet?.protocol === TCP && !isValid(packet.flags)) return null;
    if (hook === HOOK.LOCAL_IN) {
      const isAnswer = packet?.sourcePort === DNS_PORT && !packet.isFragment;
      return isAnswer ? mark : null;
    }
    if (packet === null || hook === HOOK.PRE_ROUTING) return mark;
    const key = keyOf(packet);
    if (!this.#kept.has(key)) return mark;
    if (packet.protocol === UDP) {
      // What may open a QUIC connection is asked about as long as a flow lives.
      const isLong = (packet.payload[0] ?? 0) >= LONG_HEADER;
      return isLong ? withMark(mark, MARK.OPEN) : null;
    }
    if (packet.protocol !== TCP || (packet.flags & (SYN | ACK)) !== SYN) {
      return null;
    }
    this.#kept.delete(key);
    this.#streams.delete(key);
    return mark;
  }

  /** Takes note of a packet that is judged. */
  offer({ payload, hook }: Pick<QueuedPacket, "payload" | "hook">): void {
    const packet = readPacket(payload);
    if (packet === null || packet.isFragment || packet.protocol !== TCP) return;
    if (hook !== HOOK.LOCAL_IN) this.#streamOf(packet).offer(packet);
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
      own !== SLOT.dnsMark >> 0 || packet.destinationPort === DNS_PORT,
      "the mark of DNS is for DNS",
    );
    if (queued.queue === SLOT.dnsQueue && packet.protocol === UDP) {
      takeQuery(packet);
    } else if (packet.destinationPort === DNS_PORT) this.#takeQuestions(packet);
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
    must(packet.sourcePort === DNS_PORT, "an answer comes from port 53");
    const text = String.fromCharCode(...packet.payload);
    if (/allowed.test/i.test(text)) this.#answers.push(packet.payload);
  }

  /** DNS over TCP: a stream of questions. */
  #takeQuestions(packet: RawPacket): void {
    must(packet.protocol === TCP, "only UDP and TCP carry DNS");
    const { destination } = packet;
    must(formatAddress(destination) === RESOLVER, "only the resolver is asked");
    this.#takeSegment(packet);
  }

  #takeSegment(packet: RawPacket): void {
    this.#streamOf(packet).add(packet);
    this.#touched.add(keyOf(packet));
  }

  #streamOf(packet: RawPacket): ServerStream {
    const key = keyOf(packet);
    const stream = this.#streams.get(key) ??
      new ServerStream(packet.destinationPort);
    this.#streams.set(key, stream);
    return stream;
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
    } else this.#takeSegment(packet);
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

/** Whether connection tracking knows what to make of these flags. */
function isValid(flags: number): boolean {
  return VALID_FLAGS.has(flags & ~PSH);
}

function takeQuery({ destination, payload, destinationPort }: RawPacket): void {
  must(formatAddress(destination) === RESOLVER, "only the resolver is asked");
  must(destinationPort === DNS_PORT, "a query goes to port 53");
  checkQuery(payload);
}

function includesBytes(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (isEqual(bytes.subarray(at, at + part.length), part)) return true;
  }
  return false;
}
