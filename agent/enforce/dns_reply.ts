/**
 * The answer to a refused DNS query, in the name of the server it was sent to.
 *
 * @module
 */
import { transportChecksum } from "./checksum.ts";
import type { Libc } from "../../ffi/libc.ts";
import { SOCKET, Socket, socketAddress } from "../../ffi/sockets.ts";

/** What of a query its refusal is made of. */
export interface RefusedQuery {
  /** The client's address and port: where the answer goes. */
  readonly client: { readonly address: Uint8Array; readonly port: number };
  /** The server's: where the answer seems to come from. */
  readonly server: { readonly address: Uint8Array; readonly port: number };
  /** The query's id. */
  readonly id: number;
  readonly recursionDesired: boolean;
  /** The question as it was asked, in its own upper and lower case. */
  readonly question: Uint8Array;
  /** Whether the query spoke EDNS: only then may the answer, RFC 6891 6.1.1. */
  readonly edns: boolean;
  /** NXDOMAIN: no such name; NOERROR: the name has nothing of this type. */
  readonly rcode: "NXDOMAIN" | "NOERROR";
  /** A code in plain letters, so nothing to escape. */
  readonly why: string;
}

const IPPROTO_UDP = 17;
const DNS_HEADER_BYTES = 12;
const UDP_HEADER_BYTES = 8;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
const TIME_TO_LIVE = 64;

/** RFC 1035 4.1.1: QR and RA; RD is the query's. */
const FLAGS = { response: 0x8080, recursionDesired: 0x0100 } as const;
const RCODE = { NOERROR: 0, NXDOMAIN: 3 } as const;

/** RFC 6891 6.1.2 OPT; RFC 8914 4.16 "Blocked" in option 15. */
const OPT = { type: 41, udpBytes: 1232, option: 15, blocked: 15 } as const;

/** Sends refusals through raw sockets, one for each address family. */
export class DnsRefuser implements Disposable {
  readonly #v4: Socket;
  readonly #v6: Socket | null;

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} Without CAP_NET_RAW.
   */
  constructor(libc: Libc, families: readonly (4 | 6)[]) {
    const kind = { type: SOCKET.RAW, protocol: SOCKET.IPPROTO_RAW };
    this.#v4 = new Socket(libc, { ...kind, domain: SOCKET.AF_INET });
    this.#v6 = families.includes(6)
      ? new Socket(libc, { ...kind, domain: SOCKET.AF_INET6 })
      : null;
    this.#v6?.setOption(SOCKET.IPPROTO_IPV6, {
      name: SOCKET.IPV6_HDRINCL,
      value: 1,
    });
  }

  /**
   * Answers a query with no record at all.
   *
   * @throws {SystemCallError} When there is no way to the client.
   */
  refuse(query: RefusedQuery): void {
    const v4 = query.client.address.length === 4;
    const socket = v4 ? this.#v4 : this.#v6;
    // Port 0: a raw socket has none, and IPv6 refuses any other.
    const to = socketAddress(query.client.address, 0);
    socket?.sendTo(encodeRefusal(query), to);
  }

  /** Closes both sockets; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#v4[Symbol.dispose]();
    this.#v6?.[Symbol.dispose]();
  }
}

/**
 * The whole IP packet of a refusal.
 *
 * @returns IPv4 or IPv6 as the client's address is, checksums filled in but
 * for IPv4's, which the kernel writes (raw(7)).
 */
export function encodeRefusal(query: RefusedQuery): Uint8Array<ArrayBuffer> {
  const { client, server } = query;
  const v4 = client.address.length === 4;
  const headerBytes = v4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const message = encodeEmpty(query);
  const udpBytes = UDP_HEADER_BYTES + message.length;
  const packet = new Uint8Array(headerBytes + udpBytes);
  const view = new DataView(packet.buffer);
  if (v4) {
    view.setUint8(0, 0x45);
    view.setUint16(2, packet.length);
    view.setUint8(8, TIME_TO_LIVE);
    view.setUint8(9, IPPROTO_UDP);
    packet.set(server.address, 12);
    packet.set(client.address, 16);
  } else {
    view.setUint8(0, 0x60);
    view.setUint16(4, udpBytes);
    view.setUint8(6, IPPROTO_UDP);
    view.setUint8(7, TIME_TO_LIVE);
    packet.set(server.address, 8);
    packet.set(client.address, 24);
  }
  view.setUint16(headerBytes, server.port);
  view.setUint16(headerBytes + 2, client.port);
  view.setUint16(headerBytes + 4, udpBytes);
  packet.set(message, headerBytes + UDP_HEADER_BYTES);
  const addresses = packet.subarray(v4 ? 12 : 8, headerBytes);
  const checksum = udpChecksum(addresses, packet.subarray(headerBytes));
  view.setUint16(headerBytes + 6, checksum);
  return packet;
}

function encodeEmpty(query: RefusedQuery): Uint8Array {
  const { id, recursionDesired, question, edns, rcode, why } = query;
  const option = edns ? encodeBlocked(why) : new Uint8Array(0);
  const bytes = new Uint8Array(
    DNS_HEADER_BYTES + question.length + option.length,
  );
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  const desired = recursionDesired ? FLAGS.recursionDesired : 0;
  view.setUint16(2, FLAGS.response | desired | RCODE[rcode]);
  view.setUint16(4, 1);
  view.setUint16(10, edns ? 1 : 0);
  bytes.set(question, DNS_HEADER_BYTES);
  bytes.set(option, DNS_HEADER_BYTES + question.length);
  return bytes;
}

/** An OPT record with one Extended DNS Error, RFC 8914 section 2. */
function encodeBlocked(why: string): Uint8Array {
  const text = new TextEncoder().encode(`Sluice: ${why}`);
  const bytes = new Uint8Array(11 + 6 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(1, OPT.type);
  view.setUint16(3, OPT.udpBytes);
  view.setUint16(9, 6 + text.length);
  view.setUint16(11, OPT.option);
  view.setUint16(13, 2 + text.length);
  view.setUint16(15, OPT.blocked);
  bytes.set(text, 17);
  return bytes;
}

/** RFC 768, RFC 8200 section 8.1. */
function udpChecksum(addresses: Uint8Array, datagram: Uint8Array): number {
  const of = { protocol: IPPROTO_UDP, segment: datagram };
  // Zero would say that there is no checksum.
  return transportChecksum(addresses, of) || 0xffff;
}
