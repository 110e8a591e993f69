/**
 * Whose a file is, and what kind of file.
 *
 * @module
 */
import type { Libc } from "./libc.ts";
import { cString } from "./text.ts";

/** <linux/fcntl.h>, without its `AT_`. */
const EMPTY_PATH = 0x1000;
/** <linux/stat.h>: what is asked for, and struct statx. */
const STATX = { basic: 0x7ff, uid: 20, gid: 24, mode: 28, bytes: 256 } as const;
/** <linux/stat.h> */
const S = {
  IFMT: 0o170000,
  IFSOCK: 0o140000,
  IFDIR: 0o040000,
  PERMISSIONS: 0o7777,
} as const;

/** Who may use a file. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
  readonly kind: "directory" | "socket" | "other";
}

/**
 * Asks whose an open file is.
 *
 * @throws {SystemCallError} With the errno of statx(2).
 */
export function ownerOf(libc: Libc, fd: number): FileOwner {
  const bytes = new Uint8Array(STATX.bytes);
  const { symbols } = libc;
  const { basic } = STATX;
  const result = symbols.statx(fd, cString(""), EMPTY_PATH, basic, bytes);
  libc.check("statx", result);
  const view = new DataView(bytes.buffer);
  const mode = view.getUint16(STATX.mode, true);
  const kind = mode & S.IFMT;
  return {
    uid: view.getUint32(STATX.uid, true),
    gid: view.getUint32(STATX.gid, true),
    mode: mode & S.PERMISSIONS,
    kind: kind === S.IFSOCK
      ? "socket"
      : kind === S.IFDIR
      ? "directory"
      : "other",
  };
}
