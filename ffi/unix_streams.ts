/**
 * Streams between programs of one machine, which never wait.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { FileOwner } from "./file_owner.ts";
import type { Libc } from "./libc.ts";
import { SOCKET, Socket } from "./sockets.ts";
import { cString } from "./text.ts";
import { unixAddress } from "./unix_sockets.ts";

/** <bits/socket.h> */
const AF_UNIX = 1;
const MSG_NOSIGNAL = 0x4000;
/** <sys/socket.h> */
const SHUT_WR = 1;
/** As a daemon of Go has it: who comes when it is full is refused. */
const BACKLOG = 4_096;
/** <asm-generic/errno.h>: whoever was there is not any more. */
const GONE: ReadonlySet<number> = new Set([32, 104, 107]);

/**
 * Listens at a path; what was there goes.
 *
 * @param owner Set before anybody can connect.
 * @throws {SystemCallError} With the errno of the call that failed.
 */
export function listenAt(libc: Libc, path: string, owner: FileOwner): Socket {
  const { symbols } = libc;
  const type = SOCKET.STREAM | SOCKET.NONBLOCK;
  const socket = new Socket(libc, { domain: AF_UNIX, type, protocol: 0 });
  try {
    symbols.unlink(cString(path));
    socket.bind(unixAddress(path));
    const { uid, gid, mode } = owner;
    libc.check("chown", symbols.chown(cString(path), uid, gid));
    libc.check("chmod", symbols.chmod(cString(path), mode));
    socket.listen(BACKLOG);
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

/**
 * Connects.
 *
 * @returns A descriptor; -1 when nobody listens there, or is too busy.
 */
export function connectStream(libc: Libc, path: string): number {
  const type = SOCKET.STREAM | SOCKET.NONBLOCK | SOCKET.CLOEXEC;
  const fd = libc.check("socket", libc.symbols.socket(AF_UNIX, type, 0));
  const address = unixAddress(path);
  if (libc.symbols.connect(fd, address, address.length) === 0) return fd;
  libc.symbols.close(fd);
  return -1;
}

/**
 * Receives what is there.
 *
 * @returns How many bytes; 0 at the end, -1 when there is nothing yet.
 */
export function receiveSome(
  libc: Libc,
  fd: number,
  buffer: Uint8Array<ArrayBuffer>,
): number {
  const count = libc.symbols.read(fd, buffer, BigInt(buffer.length));
  if (count >= 0) return count;
  const errno = libc.errno();
  // Whatever else is wrong with it, nothing more comes.
  return errno === ERRNO.EAGAIN || errno === ERRNO.EINTR ? -1 : 0;
}

/**
 * Sends what can be sent at once.
 *
 * @returns How many bytes; null when nobody is there to take them.
 * @throws {SystemCallError} With any other errno of sendto(2).
 */
export function sendSome(
  libc: Libc,
  fd: number,
  bytes: Uint8Array<ArrayBuffer>,
): number | null {
  const size = BigInt(bytes.length);
  const none = new Uint8Array(1);
  const { symbols } = libc;
  const sent = symbols.sendto(fd, bytes, size, MSG_NOSIGNAL, none, 0);
  if (sent >= 0) return sent;
  const errno = libc.errno();
  if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return 0;
  if (GONE.has(errno)) return null;
  throw new SystemCallError("sendto", errno);
}

/** Says that nothing more is sent; what is received goes on. */
export function endSending(libc: Libc, fd: number): void {
  libc.symbols.shutdown(fd, SHUT_WR);
}
