/**
 * One socket as sock_diag describes it: struct inet_diag_msg.
 *
 * Ports and addresses are in network byte order, all else in the host's.
 *
 * @see <linux/inet_diag.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint32, readUint16 } from "./integer.ts";

/** Byte offsets in struct inet_diag_msg, struct inet_diag_sockid within it. */
const AT = {
  family: 0,
  state: 1,
  sourcePort: 4,
  destinationPort: 6,
  source: 8,
  destination: 24,
  interfaceIndex: 40,
  cookie: 44,
  sendQueue: 60,
  uid: 64,
  inode: 68,
} as const;

const MESSAGE_BYTES = 72;

/** AF_INET and AF_INET6, <linux/socket.h>. */
const FAMILY = { INET: 2, INET6: 10 } as const;

/** One TCP, UDP or raw socket. */
export interface InetSocket {
  /** AF_INET is 2, AF_INET6 is 10. */
  readonly family: number;
  /** TCP_ESTABLISHED is 1, TCP_SYN_SENT 2, TCP_CLOSE 7, TCP_LISTEN 10. */
  readonly state: number;
  /** 4 or 16 bytes in network order, a view into the payload. */
  readonly source: Uint8Array;
  /** 0 to 65535. */
  readonly sourcePort: number;
  /** 4 or 16 bytes in network order, a view into the payload. */
  readonly destination: Uint8Array;
  /** 0 to 65535. */
  readonly destinationPort: number;
  /** Index of the interface that the socket is bound to; 0 when none. */
  readonly interfaceIndex: number;
  /**
   * Of TCP, bytes that were written and that the other end has not
   * acknowledged, sent or not.
   */
  readonly unacknowledgedBytes: number;
  /** The user that made the socket. */
  readonly uid: number;
  /** As in `socket:[inode]` under /proc; 0 when no process holds it. */
  readonly inode: number;
  /** What tells two sockets with the same addresses apart, 64 bits. */
  readonly cookie: bigint;
}

/**
 * Decodes one socket. Attributes after the fixed part are left alone.
 *
 * @param payload The payload of a SOCK_DIAG_BY_FAMILY message.
 * @returns The socket, or why the bytes were refused. Addresses are views.
 */
export function decodeInetSocket(payload: Uint8Array): Decoded<InetSocket> {
  if (payload.length < MESSAGE_BYTES) {
    return refuse(`message is ${payload.length} of ${MESSAGE_BYTES} bytes`);
  }
  const family = payload[AT.family]!;
  if (family !== FAMILY.INET && family !== FAMILY.INET6) {
    return refuse(`family is ${family}`);
  }
  const addressBytes = family === FAMILY.INET ? 4 : 16;
  const low = readHostUint32(payload, AT.cookie);
  const high = readHostUint32(payload, AT.cookie + 4);
  return {
    ok: true,
    value: {
      family,
      state: payload[AT.state]!,
      source: payload.subarray(AT.source, AT.source + addressBytes),
      sourcePort: readUint16(payload, AT.sourcePort),
      destination: payload.subarray(
        AT.destination,
        AT.destination + addressBytes,
      ),
      destinationPort: readUint16(payload, AT.destinationPort),
      interfaceIndex: readHostUint32(payload, AT.interfaceIndex),
      unacknowledgedBytes: readHostUint32(payload, AT.sendQueue),
      uid: readHostUint32(payload, AT.uid),
      inode: readHostUint32(payload, AT.inode),
      cookie: (BigInt(high) << 32n) | BigInt(low),
    },
  };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `inet_diag ${why}` };
}
