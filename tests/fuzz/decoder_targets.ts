/**
 * The decoders of what the kernel says and of single packets.
 *
 * @module
 */
import { learnedFrom } from "../../agent/decide/answer.ts";
import { isPlainQuery } from "../../agent/decide/plain_query.ts";
import { formatAddress, parseAddress } from "../../agent/decode/address.ts";
import { decodeDns, type DnsMessage } from "../../agent/decode/dns.ts";
import { decodeSvcb } from "../../agent/decode/dns_svcb.ts";
import { decodeIcmp } from "../../agent/decode/icmp.ts";
import { decodeInetSocket } from "../../agent/decode/inet_diag.ts";
import { decodeInterfaceAddress } from "../../agent/decode/interface_address.ts";
import { decodeLink } from "../../agent/decode/link.ts";
import {
  decodeAttributes,
  decodeNetlink,
  decodeNetlinkError,
} from "../../agent/decode/netlink.ts";
import { decodeQueued } from "../../agent/decode/nfqueue.ts";
import { decodePacket, type Packet } from "../../agent/decode/packet.ts";
import { decodeDefaultRoute } from "../../agent/decode/route.ts";
import { hex } from "../hex.ts";
import { DATAGRAMS } from "../unit/decode/mutate.ts";
import {
  DNS_ANSWER_PACKET,
  DNS_QUERY_PACKET,
  DNS_SRV_ANSWER,
  IPV4_LAST_FRAGMENT,
  IPV6_LAST_FRAGMENT,
} from "../unit/decode/samples.ts";
import { readPacket } from "./judged.ts";
import { decodeTwice, isEqual } from "./purity.ts";
import { must, type Target } from "./target.ts";

/** IPv4 and UDP headers, both without options. */
const UDP_HEADERS_BYTES = 28;
const MAX_BYTES = 1024;
const BATCH = 1024;

/** Everything of netlink: each payload goes to each decoder of payloads. */
const PAYLOAD_DECODERS: readonly ((payload: Uint8Array) => unknown)[] = [
  decodeNetlinkError,
  decodeInetSocket,
  decodeAttributes,
  decodeLink,
  decodeDefaultRoute,
  decodeInterfaceAddress,
];

/** Netlink messages, of every family that is read. */
export function netlinkTarget(): Target {
  return {
    name: "netlink",
    seeds: DATAGRAMS,
    tokens: [hex("0003"), hex("1400"), hex("0a00"), hex("0b000100")],
    ...{ maxBytes: MAX_BYTES, batch: BATCH },
    run(input) {
      const messages = decodeTwice(input, decodeNetlink);
      for (const { payload } of messages.ok ? messages.value : []) {
        const queued = decodeTwice(payload, decodeQueued);
        if (queued.ok) decodeTwice(queued.value.payload, decodePacket);
        for (const decode of PAYLOAD_DECODERS) decodeTwice(payload, decode);
      }
    },
  };
}

/** IP packets down to their ports. */
export function packetTarget(): Target {
  const whole = DATAGRAMS.flatMap((datagram) => {
    const messages = decodeNetlink(datagram);
    if (!messages.ok) return [];
    return messages.value.flatMap(({ payload }) => {
      const queued = decodeQueued(payload);
      return queued.ok && queued.value.payload.length > 0
        ? [queued.value.payload]
        : [];
    });
  });
  return {
    name: "packet",
    seeds: [...whole, hex(IPV4_LAST_FRAGMENT), hex(IPV6_LAST_FRAGMENT)],
    tokens: [hex("2c000001"), hex("3c000000"), hex("2b00"), hex("3300")],
    ...{ maxBytes: MAX_BYTES, batch: BATCH },
    run(input) {
      const packet = decodeTwice(input, decodePacket);
      if (!packet.ok) return;
      const { version, source, destination, payload } = packet.value;
      const addressBytes = version === 4 ? 4 : 16;
      for (const address of [source, destination]) {
        must(address.length === addressBytes, "an address has its length");
        const parsed = parseAddress(formatAddress(address));
        // IPv4 in IPv6 is written, and read, as IPv4.
        const isSame = parsed !== null &&
          isEqual(parsed, address.subarray(address.length - parsed.length));
        must(isSame, "an address is read as it was written");
      }
      decodeTwice(payload, decodeIcmp);
      compare(packet.value, input);
    },
  };
}

/** The same packet, read in another way. */
function compare(packet: Packet, input: Uint8Array): void {
  const other = readPacket(input);
  must(other !== null, "a packet that is accepted can be read");
  must(isEqual(packet.destination, other.destination), "its destination");
  if (packet.fragment || other.isFragment) {
    must(packet.fragment === other.isFragment, "what is a fragment is one");
    return;
  }
  must(packet.protocol === other.protocol, "its protocol");
  must(packet.sourcePort === other.sourcePort, "its source port");
  must(packet.destinationPort === other.destinationPort, "its port");
  must(packet.tcpSequence === other.sequence, "its sequence number");
  must(isEqual(packet.payload, other.payload), "its payload");
}

/** DNS messages, and what is learned from them. */
export function dnsTarget(): Target {
  return {
    name: "dns",
    seeds: [
      ...[DNS_QUERY_PACKET, DNS_ANSWER_PACKET].map((packet) =>
        hex(packet).subarray(UDP_HEADERS_BYTES)
      ),
      hex(DNS_SRV_ANSWER),
      // HTTPS: alpn, ipv4hint and an ECH config, RFC 9460.
      hex(`1234 8180 0001 0001 0000 0000  0161 0162 00 0041 0001
        c00c 0041 0001 0000003c 0019  0001 00  0001 0003 026832
        0004 0004 c0000201  0005 0003 000100`),
    ],
    tokens: [
      ...["c00c", "00010001", "00050001", "001c0001", "00410001"].map(hex),
      ...["000029", "0000003c0004", "ffff", "8180", "0100"].map(hex),
    ],
    ...{ maxBytes: MAX_BYTES, batch: BATCH },
    run(input) {
      const decoded = decodeTwice(input, decodeDns);
      if (decoded.ok) checkMessage(decoded.value, input);
    },
  };
}

function checkMessage(message: DnsMessage, input: Uint8Array): void {
  const { questions, trailingBytes, questionEnd } = message;
  must(trailingBytes >= 0, "a message has no bytes that are not there");
  must(questionEnd <= input.length, "questions end inside of the message");
  for (const { type, data } of message.answers) {
    if (type === 64 || type === 65) decodeTwice(data, decodeSvcb);
  }
  for (const [index, { name, bytes }] of questions.entries()) {
    must(/^[\x21-\x7e]*$/.test(name), "a name is of plain characters");
    // Before the first there is nothing that it could point to.
    const octets = index === 0 ? bytes.length : 255;
    must(name.length <= 4 * octets, "a name comes of its own bytes");
    if (isPlainQuery(message)) must(bytes.length <= 259, "a name is short");
  }
  const question = questions[0];
  if (question === undefined) return;
  for (const { address, ttlSeconds } of learnedFrom(message, question)) {
    must(address.length === 4 || address.length === 16, "it is an address");
    must(ttlSeconds >= 0 && ttlSeconds <= 0x7fff_ffff, "a TTL is in range");
  }
}
