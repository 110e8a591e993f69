/**
 * A failed system call, with its errno.
 *
 * @module
 */

/** <asm-generic/errno-base.h>, <asm-generic/errno.h>: those the agent acts on. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  E2BIG: 7,
  ENOEXEC: 8,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  ENOSPC: 28,
  EROFS: 30,
  ENAMETOOLONG: 36,
  ELOOP: 40,
  EOVERFLOW: 75,
  ENOPROTOOPT: 92,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
  ECONNABORTED: 103,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EINPROGRESS: 115,
  ESTALE: 116,
} as const;

const NAMES = new Map<number, string>(
  Object.entries(ERRNO).map(([name, number]) => [number, name]),
);

/** A C library call that returned an error. */
export class SystemCallError extends Error {
  /** Always `SystemCallError`, also after minification. */
  override readonly name = "SystemCallError";
  /** The C function's name. */
  readonly call: string;
  /** The positive error number. */
  readonly errno: number;

  /**
   * Names the error where the table knows it.
   *
   * @param call The C function's name.
   * @param errno The positive error number.
   */
  constructor(call: string, errno: number) {
    super(`Cannot complete ${call}: ${NAMES.get(errno) ?? `errno ${errno}`}`);
    this.call = call;
    this.errno = errno;
  }
}
