/**
 * Sockets and a network for the tests of who sent what.
 *
 * @module
 */
import { readLink } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { SOCKET, Socket, socketAddress } from "../../../ffi/sockets.ts";
import { cString } from "../../../ffi/text.ts";
import { hex } from "../../hex.ts";
import type { OwnNetwork } from "../../own_network.ts";

/** <bits/socket.h> */
const SO_BINDTODEVICE = 25;

/** Addresses of RFC 5737 and RFC 3849; nobody answers at `peer`. */
export const ADDRESSES = {
  4: { own: hex("c0000201"), peer: hex("c0000263") },
  6: {
    own: hex("20010db8000000000000000000000001"),
    peer: hex("20010db8000000000000000000000063"),
  },
} as const;

const LINK_ADDRESS = "lladdr 02:00:00:00:00:99 nud permanent";

/** A way out, `out0`, on which SYNs are neither answered nor refused. */
export const NETWORK: readonly string[] = [
  "link add name out0 type veth peer name out1",
  "link set out1 up",
  "link set out0 up",
  "addr add 192.0.2.1/24 dev out0",
  "addr add 2001:db8::1/64 dev out0 nodad",
  `neigh add 192.0.2.99 dev out0 ${LINK_ADDRESS}`,
  `neigh add 2001:db8::63 dev out0 ${LINK_ADDRESS}`,
];

/** An IPv4 address as an IPv6 socket has it, RFC 4291 section 2.5.5.2. */
export function mapped(address: Uint8Array): Uint8Array {
  return Uint8Array.of(...new Uint8Array(10), 0xff, 0xff, ...address);
}

/** Opens a socket that does not block. */
export function openSocket(
  libc: Libc,
  family: 4 | 6,
  options: { type: number; protocol?: number },
): Socket {
  const { type, protocol = 0 } = options;
  return new Socket(libc, {
    domain: family === 4 ? SOCKET.AF_INET : SOCKET.AF_INET6,
    type: type | SOCKET.NONBLOCK,
    protocol,
  });
}

/** A UDP socket on a port of any address. */
export function openUdp(libc: Libc, family: 4 | 6, port = 0): Socket {
  const socket = openSocket(libc, family, { type: SOCKET.DGRAM });
  socket.bind(socketAddress(new Uint8Array(family === 4 ? 4 : 16), port));
  return socket;
}

/** Binds a socket to an interface. */
export function bindToDevice(libc: Libc, socket: Socket, name: string): void {
  const value = cString(name);
  const { setsockopt } = libc.symbols;
  const level = SOCKET.SOL_SOCKET;
  const size = value.length;
  libc.check(
    "setsockopt",
    setsockopt(socket.fd, level, SO_BINDTODEVICE, value, size),
  );
}

/** A socket's inode, as /proc shows it. */
export function inodeOf(libc: Libc, fd: number): number {
  const link = readLink(libc, `/proc/self/fd/${fd}`);
  return Number(/^socket:\[(\d+)\]$/.exec(link!)![1]);
}

/** An interface's index. */
export function indexOf(network: OwnNetwork, name: string): number {
  const line = network.run(["/usr/sbin/ip", "-o", "link", "show", name]);
  return Number(line.slice(0, line.indexOf(":")));
}
