/**
 * A packet as the kernel queues it for a verdict.
 *
 * This runs once for each packet, while the packet is held.
 *
 * @see <linux/netfilter/nfnetlink_queue.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint16, readUint16, readUint32 } from "./integer.ts";

/** nlmsg_type of a queued packet: NFNL_SUBSYS_QUEUE and NFQNL_MSG_PACKET. */
export const QUEUE_PACKET_TYPE: number = (3 << 8) | 0;

/** Where in the kernel a packet was queued, <linux/netfilter.h>. */
export const HOOK = {
  PRE_ROUTING: 0,
  LOCAL_IN: 1,
  FORWARD: 2,
  LOCAL_OUT: 3,
} as const;

/** struct nfgenmsg: family, version, and the queue's number. */
const GENERAL_BYTES = 4;
const QUEUE_AT = 2;

/** enum nfqnl_attr_type, those that are read. */
const ATTRIBUTE = {
  packetHeader: 1,
  mark: 3,
  inInterface: 5,
  outInterface: 6,
  inPort: 7,
  hardwareAddress: 9,
  payload: 10,
  originalBytes: 13,
  uid: 16,
  gid: 17,
} as const;

/** NLA_HDRLEN. */
const ATTRIBUTE_HEADER_BYTES = 4;
/** NLA_TYPE_MASK. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;
/** struct nfqnl_msg_packet_hdr is packed: 4, 2 and 1 bytes. */
const PACKET_HEADER_BYTES = 7;
/** struct nfqnl_msg_packet_hw: length 2, padding 2, address 8. */
const HARDWARE_BYTES = 12;
const HARDWARE_AT = 4;
const ETHERNET_BYTES = 6;

/** One packet that waits for a verdict. */
export interface QueuedPacket {
  /** The queue's number, which a verdict must repeat. */
  readonly queue: number;
  /** The packet's number in that queue. */
  readonly id: number;
  /** One of {@linkcode HOOK}. */
  readonly hook: number;
  /** EtherType: 0x0800 is IPv4, 0x86dd is IPv6. */
  readonly hardwareProtocol: number;
  /** The packet's mark; 0 when there is none. */
  readonly mark: number;
  /** Index of the interface that the packet came in by; 0 when none. */
  readonly inInterface: number;
  /** Index of the interface that the packet leaves by; 0 when none. */
  readonly outInterface: number;
  /**
   * Index of the port by which it came to a bridge; 0 when it did not, or when
   * bridges do not pass their packets by the rules (br_netfilter).
   */
  readonly inPort: number;
  /** The sender's on its link, 6 bytes as a number; 0 when there is none. */
  readonly hardwareAddress: number;
  /** The sending socket's user; null without NFQA_CFG_F_UID_GID or socket. */
  readonly uid: number | null;
  /** The sending socket's group; null without NFQA_CFG_F_UID_GID or socket. */
  readonly gid: number | null;
  /** The packet from its IP header on, a view into the receive buffer. */
  readonly payload: Uint8Array;
  /** The packet's true length; more than the payload's when it was cut. */
  readonly originalBytes: number;
}

/**
 * Decodes a queued packet. Its attributes are in network byte order.
 *
 * @param payload The payload of a netlink message whose type is
 * {@linkcode QUEUE_PACKET_TYPE}.
 * @returns The packet, or why the bytes were refused; without a packet header
 * there is no id, so nothing could be answered.
 */
export function decodeQueued(payload: Uint8Array): Decoded<QueuedPacket> {
  const { length } = payload;
  if (length < GENERAL_BYTES) {
    return refuse(`header is ${length} of ${GENERAL_BYTES} bytes`);
  }
  let id = -1;
  let hook = 0;
  let hardwareProtocol = 0;
  let mark = 0;
  let inInterface = 0;
  let outInterface = 0;
  let inPort = 0;
  let hardwareAddress = 0;
  let uid: number | null = null;
  let gid: number | null = null;
  let packetStart = length;
  let packetEnd = length;
  let originalBytes = 0;

  let at = GENERAL_BYTES;
  while (at < length) {
    const left = length - at;
    const attributeBytes = left < ATTRIBUTE_HEADER_BYTES
      ? 0
      : readHostUint16(payload, at);
    if (attributeBytes < ATTRIBUTE_HEADER_BYTES || attributeBytes > left) {
      return refuse(`attribute is ${attributeBytes} of ${left} bytes`);
    }
    const type = readHostUint16(payload, at + 2) & ATTRIBUTE_TYPE_MASK;
    const valueAt = at + ATTRIBUTE_HEADER_BYTES;
    const valueBytes = attributeBytes - ATTRIBUTE_HEADER_BYTES;
    // A short attribute would be filled up with the bytes of the next one.
    if (valueBytes < leastBytes(type)) {
      return refuse(`attribute ${type} is ${valueBytes} bytes`);
    }
    switch (type) {
      case ATTRIBUTE.packetHeader:
        id = readUint32(payload, valueAt);
        hardwareProtocol = readUint16(payload, valueAt + 4);
        hook = payload[valueAt + 6]!;
        break;
      case ATTRIBUTE.mark:
        mark = readUint32(payload, valueAt);
        break;
      case ATTRIBUTE.inInterface:
        inInterface = readUint32(payload, valueAt);
        break;
      case ATTRIBUTE.outInterface:
        outInterface = readUint32(payload, valueAt);
        break;
      case ATTRIBUTE.inPort:
        inPort = readUint32(payload, valueAt);
        break;
      case ATTRIBUTE.hardwareAddress:
        if (readUint16(payload, valueAt) !== ETHERNET_BYTES) break;
        hardwareAddress = readUint16(payload, valueAt + HARDWARE_AT) * 2 ** 32 +
          readUint32(payload, valueAt + HARDWARE_AT + 2);
        break;
      case ATTRIBUTE.payload:
        packetStart = valueAt;
        packetEnd = valueAt + valueBytes;
        break;
      case ATTRIBUTE.originalBytes:
        originalBytes = readUint32(payload, valueAt);
        break;
      case ATTRIBUTE.uid:
        uid = readUint32(payload, valueAt);
        break;
      case ATTRIBUTE.gid:
        gid = readUint32(payload, valueAt);
        break;
    }
    // NLA_ALIGN; an attribute is at most 65535 bytes, so no bit is lost.
    at += (attributeBytes + 3) & ~3;
  }
  if (id < 0) return refuse("packet header is missing");
  return {
    ok: true,
    value: {
      queue: readUint16(payload, QUEUE_AT),
      id,
      hook,
      hardwareProtocol,
      mark,
      inInterface,
      outInterface,
      inPort,
      hardwareAddress,
      uid,
      gid,
      payload: payload.subarray(packetStart, packetEnd),
      // NFQA_CAP_LEN is only there when the packet was cut.
      originalBytes: originalBytes === 0
        ? packetEnd - packetStart
        : originalBytes,
    },
  };
}

function leastBytes(type: number): number {
  switch (type) {
    case ATTRIBUTE.packetHeader:
      return PACKET_HEADER_BYTES;
    case ATTRIBUTE.hardwareAddress:
      return HARDWARE_BYTES;
    case ATTRIBUTE.mark:
    case ATTRIBUTE.inInterface:
    case ATTRIBUTE.outInterface:
    case ATTRIBUTE.inPort:
    case ATTRIBUTE.originalBytes:
    case ATTRIBUTE.uid:
    case ATTRIBUTE.gid:
      return 4;
    default:
      return 0;
  }
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `nfqueue ${why}` };
}
