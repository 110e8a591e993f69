/**
 * Netlink messages and their attributes.
 *
 * Netlink speaks the host's byte order. This decoder reads little-endian, as
 * x86_64 and arm64 are; a payload may hold fields in network order.
 *
 * @see <linux/netlink.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint16, readHostUint32 } from "./integer.ts";

/** Byte offsets in struct nlmsghdr. */
const AT = { length: 0, type: 4, flags: 6, sequence: 8, portId: 12 } as const;

const HEADER_BYTES = 16;
/** NLA_HDRLEN: struct nlattr is a length and a type, two bytes each. */
const ATTRIBUTE_HEADER_BYTES = 4;
/** NLA_TYPE_MASK: without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** Types of control messages, <linux/netlink.h>. */
export const NETLINK_TYPE = { ERROR: 2, DONE: 3 } as const;

/** One message of a datagram. */
export interface NetlinkMessage {
  /** nlmsg_type; below 16 it is a {@linkcode NETLINK_TYPE}. */
  readonly type: number;
  /** nlmsg_flags. */
  readonly flags: number;
  /** nlmsg_seq, the number that the request had. */
  readonly sequence: number;
  /** nlmsg_pid, the port of the socket that the message belongs to. */
  readonly portId: number;
  /** What follows the header, without padding, a view into the datagram. */
  readonly payload: Uint8Array;
}

/** What NLMSG_ERROR says. */
export interface NetlinkError {
  /** A positive errno, or 0 when the message is an acknowledgement. */
  readonly errno: number;
  /** The request that it answers. */
  readonly of: { readonly type: number; readonly sequence: number };
}

/** One attribute. */
export interface NetlinkAttribute {
  /** Without the two flag bits. */
  readonly type: number;
  /** What follows the header, without padding, a view. */
  readonly payload: Uint8Array;
}

/**
 * Splits a datagram into its messages.
 *
 * @param datagram What one `recv` gave. The padding of the last message may be
 * missing, as it is after a queued packet.
 * @returns The messages in their order, or why the datagram was refused.
 * Payloads are views: copy what must outlive the receive buffer.
 */
export function decodeNetlink(
  datagram: Uint8Array,
): Decoded<readonly NetlinkMessage[]> {
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at < datagram.length) {
    const left = datagram.length - at;
    if (left < HEADER_BYTES) {
      return refuse(`header is ${left} of ${HEADER_BYTES} bytes`);
    }
    const messageBytes = readHostUint32(datagram, at + AT.length);
    if (messageBytes < HEADER_BYTES || messageBytes > left) {
      return refuse(`message is ${messageBytes} of ${left} bytes`);
    }
    messages.push({
      type: readHostUint16(datagram, at + AT.type),
      flags: readHostUint16(datagram, at + AT.flags),
      sequence: readHostUint32(datagram, at + AT.sequence),
      portId: readHostUint32(datagram, at + AT.portId),
      payload: datagram.subarray(at + HEADER_BYTES, at + messageBytes),
    });
    at += alignTo4(messageBytes);
  }
  return { ok: true, value: messages };
}

/**
 * Decodes the payload of an NLMSG_ERROR: struct nlmsgerr.
 *
 * @param payload As {@linkcode NetlinkMessage.payload} gives it.
 * @returns The error, or why the bytes were refused.
 */
export function decodeNetlinkError(payload: Uint8Array): Decoded<NetlinkError> {
  const wantedBytes = 4 + HEADER_BYTES;
  if (payload.length < wantedBytes) {
    return refuse(`error is ${payload.length} of ${wantedBytes} bytes`);
  }
  const result = readHostUint32(payload, 0) | 0;
  // A positive value is no errno, and taking it for one would hide a failure.
  if (result > 0) return refuse(`error is ${result}`);
  return {
    ok: true,
    value: {
      errno: result === 0 ? 0 : -result,
      of: {
        type: readHostUint16(payload, 4 + AT.type),
        sequence: readHostUint32(payload, 4 + AT.sequence),
      },
    },
  };
}

/**
 * Splits a run of attributes.
 *
 * @param bytes From the header of the first attribute on.
 * @returns The attributes in their order, or why the run was refused. Payloads
 * are views.
 */
export function decodeAttributes(
  bytes: Uint8Array,
): Decoded<readonly NetlinkAttribute[]> {
  const attributes: NetlinkAttribute[] = [];
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    const attributeBytes = left < ATTRIBUTE_HEADER_BYTES
      ? 0
      : readHostUint16(bytes, at);
    if (attributeBytes < ATTRIBUTE_HEADER_BYTES || attributeBytes > left) {
      return refuse(`attribute is ${attributeBytes} of ${left} bytes`);
    }
    attributes.push({
      type: readHostUint16(bytes, at + 2) & ATTRIBUTE_TYPE_MASK,
      payload: bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + attributeBytes),
    });
    at += alignTo4(attributeBytes);
  }
  return { ok: true, value: attributes };
}

/**
 * Finds one attribute in a run.
 *
 * @param bytes From the header of the first attribute on.
 * @param type Without flag bits.
 * @returns The payload of the first one of that type, a view; null when there
 * is none or the run is broken, wherever it is.
 */
export function findAttribute(
  bytes: Uint8Array,
  type: number,
): Uint8Array | null {
  const decoded = decodeAttributes(bytes);
  if (!decoded.ok) return null;
  const found = decoded.value.find((attribute) => attribute.type === type);
  return found?.payload ?? null;
}

/** NLMSG_ALIGN and NLA_ALIGN; not a bit operation, which would turn negative. */
function alignTo4(length: number): number {
  return length + (4 - length % 4) % 4;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `netlink ${why}` };
}
