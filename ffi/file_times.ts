/**
 * When a file was last changed, set as it was.
 *
 * @see utimensat(2)
 * @module
 */
import type { Libc } from "./libc.ts";
import { cString } from "./text.ts";

const AT_FDCWD = -100; // <linux/fcntl.h>
const UTIME_OMIT = 0x3fff_fffen; // <linux/stat.h>
/** struct timespec of the last access, and of the last change. */
const TIMES = { accessNanoseconds: 8, change: 16, bytes: 32 } as const;
const SECOND = 1_000_000_000n;

/**
 * Sets the time of the last change, and leaves that of the last access.
 *
 * @param nanoseconds After 1970.
 * @throws {SystemCallError} With the errno of utimensat(2).
 */
export function setModified(
  libc: Libc,
  path: string,
  nanoseconds: bigint,
): void {
  const times = new Uint8Array(TIMES.bytes);
  const view = new DataView(times.buffer);
  view.setBigInt64(TIMES.accessNanoseconds, UTIME_OMIT, true);
  view.setBigInt64(TIMES.change, nanoseconds / SECOND, true);
  view.setBigInt64(TIMES.change + 8, nanoseconds % SECOND, true);
  const { utimensat } = libc.symbols;
  libc.check("utimensat", utimensat(AT_FDCWD, cString(path), times, 0));
}
