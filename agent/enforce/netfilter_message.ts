/**
 * Requests to the kernel's netfilter over netlink, <linux/netlink.h>,
 * <linux/netfilter/nfnetlink.h>.
 *
 * @module
 */

/** <linux/netlink.h> */
export const NETLINK_NETFILTER = 12;
/** <linux/netlink.h> */
export const NLM_F = {
  REQUEST: 0x1,
  ACK: 0x4,
  DUMP: 0x300,
  NONREC: 0x100,
} as const;

/** struct nlmsghdr and, behind it, struct nfgenmsg. */
const HEADER_BYTES = 16;
const HEADERS_BYTES = HEADER_BYTES + 4;

/** What a request is made of. */
export interface NetfilterMessage {
  /** The subsystem's number times 256, and the message's. */
  readonly type: number;
  /** Of {@linkcode NLM_F}; REQUEST is added. */
  readonly flags?: number;
  readonly sequence?: number;
  /** NFPROTO_IPV4 is 2, NFPROTO_IPV6 is 10. */
  readonly family?: number;
  /** The subsystem that a batch is for. */
  readonly resource?: number;
  readonly attributes?: readonly Uint8Array[];
}

/** Encodes a request, in host byte order but for the resource. */
export function encodeMessage(
  message: NetfilterMessage,
): Uint8Array<ArrayBuffer> {
  const { type, flags = 0, sequence = 0, family = 0 } = message;
  const { resource = 0, attributes = [] } = message;
  const payload = attributes.flatMap((each) => [...each]);
  const bytes = new Uint8Array(HEADERS_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags | NLM_F.REQUEST, true);
  view.setUint32(8, sequence, true);
  view.setUint8(HEADER_BYTES, family);
  view.setUint16(HEADER_BYTES + 2, resource);
  bytes.set(payload, HEADERS_BYTES);
  return bytes;
}

/** Encodes a struct nlattr, padded to 4 bytes. */
export function encodeAttribute(type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + Math.ceil(payload.length / 4) * 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + payload.length, true);
  view.setUint16(2, type, true);
  bytes.set(payload, 4);
  return bytes;
}
