/**
 * Sockets of one machine, whose ends the kernel names to each other.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { Poller, SOCKET, Socket } from "./sockets.ts";
import { cString } from "./text.ts";

/** <sys/socket.h>, <sys/un.h>, <asm-generic/socket.h>. */
const UNIX = {
  AF_UNIX: 1,
  SEQPACKET: 5,
  SO_PEERCRED: 17,
  SO_PEERPIDFD: 77,
} as const;

/** `sun_path`, with the NUL that ends it. */
const PATH_BYTES = 108;

/** The process that has connected, as it was then. */
export interface Peer {
  /** In our pid namespace; 0 when it is in none of ours. */
  readonly pid: number;
  readonly uid: number;
}

/** A socket that carries whole messages. */
export function openMessageSocket(libc: Libc): Socket {
  return new Socket(libc, {
    domain: UNIX.AF_UNIX,
    type: UNIX.SEQPACKET | SOCKET.NONBLOCK,
    protocol: 0,
  });
}

/** A socket that carries bytes, in order and without bounds. */
export function openStreamSocket(libc: Libc): Socket {
  return new Socket(libc, {
    domain: UNIX.AF_UNIX,
    type: SOCKET.STREAM | SOCKET.NONBLOCK,
    protocol: 0,
  });
}

/**
 * A struct sockaddr_un.
 *
 * @throws {RangeError} When the path is longer than one holds.
 */
export function unixAddress(path: string): Uint8Array<ArrayBuffer> {
  const text = cString(path);
  if (text.length > PATH_BYTES) {
    throw new RangeError(
      `Cannot use "${path}" for a socket: it has ${text.length} bytes, ` +
        `${PATH_BYTES} are the limit`,
    );
  }
  const bytes = new Uint8Array(2 + text.length);
  new DataView(bytes.buffer).setUint16(0, UNIX.AF_UNIX, true);
  bytes.set(text, 2);
  return bytes;
}

/**
 * Takes the next connection; never waits.
 *
 * @returns Its descriptor, or -1 when there is none.
 */
export function acceptNext(libc: Libc, fd: number): number {
  const flags = SOCKET.NONBLOCK | SOCKET.CLOEXEC;
  const accepted = libc.symbols.accept4(fd, null, null, flags);
  if (accepted >= 0) return accepted;
  const errno = libc.errno();
  // One that has gone again is none; all else is out of our hands.
  const isNone = errno === ERRNO.EAGAIN || errno === ERRNO.EINTR ||
    errno === ERRNO.EMFILE || errno === ERRNO.ECONNABORTED;
  if (isNone) return -1;
  throw new SystemCallError("accept4", errno);
}

/**
 * Who is at the other end: whoever called connect(2), or listen(2).
 *
 * @throws {SystemCallError} With the errno of getsockopt(2).
 */
export function peerOf(libc: Libc, fd: number): Peer {
  const credentials = new Uint32Array(3); // struct ucred: pid, uid, gid
  const length = Uint32Array.of(12);
  const result = libc.symbols.getsockopt(
    fd,
    SOCKET.SOL_SOCKET,
    UNIX.SO_PEERCRED,
    credentials,
    length,
  );
  libc.check("getsockopt", result);
  return { pid: credentials[0]!, uid: credentials[1]! };
}

/**
 * Whether who is at the other end has ended: then its pid may be another's.
 *
 * @returns False also where the kernel cannot say it, before Linux 6.5.
 */
export function hasPeerEnded(libc: Libc, fd: number): boolean {
  const pidfd = new Int32Array(1);
  const length = Uint32Array.of(4);
  const result = libc.symbols.getsockopt(
    fd,
    SOCKET.SOL_SOCKET,
    UNIX.SO_PEERPIDFD,
    pidfd,
    length,
  );
  // Some kernels give no descriptor of a process that was waited for.
  if (result < 0) return libc.errno() !== ERRNO.ENOPROTOOPT;
  try {
    return new Poller(libc, [pidfd[0]!]).wait(0) > 0;
  } finally {
    libc.symbols.close(pidfd[0]!);
  }
}
