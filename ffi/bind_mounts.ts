/**
 * Showing a part of the file system in another place, or with less rights.
 *
 * @module
 */
import { SystemCallError } from "./errors.ts";
import { O, openFile } from "./files.ts";
import type { Libc } from "./libc.ts";
import { unmount } from "./mounts.ts";
import { cString } from "./text.ts";

/** <linux/mount.h> */
const MS = {
  NOSUID: 2n,
  NODEV: 4n,
  REMOUNT: 32n,
  BIND: 4096n,
  REC: 16384n,
} as const;

/** Flags of statfs(2), <bits/statvfs.h>, and of mount(2) for the same. */
const FLAGS: readonly { readonly st: bigint; readonly ms: bigint }[] = [
  { st: 1n, ms: 1n }, // RDONLY
  { st: 2n, ms: MS.NOSUID },
  { st: 4n, ms: MS.NODEV },
  { st: 8n, ms: 8n }, // NOEXEC
  { st: 1024n, ms: 1024n }, // NOATIME
  { st: 2048n, ms: 2048n }, // NODIRATIME
  { st: 4096n, ms: 1n << 21n }, // RELATIME
];
/** struct statfs of 64 bits, <bits/statfs.h>: f_flags. */
const STATFS = { flags: 80, bytes: 120 } as const;

/** What a mount keeps from those who execute and open its files. */
export interface MountLimits {
  /** Whether no program has more rights by its file. */
  readonly isNoSuid: boolean;
  /** Whether no file is a device. */
  readonly isNoDev: boolean;
}

/**
 * Opens what a path leads to, without any right to it.
 *
 * @throws {SystemCallError} With the errno of open(2).
 */
export function openPlace(libc: Libc, path: string): number {
  return openFile(libc, path, { flags: O.PATH });
}

/**
 * The limits of the mount that an open file is on.
 *
 * @throws {SystemCallError} With the errno of fstatfs(2).
 */
export function mountLimits(libc: Libc, fd: number): MountLimits {
  const flags = readFlags(libc, fd);
  return {
    isNoSuid: (flags & MS.NOSUID) !== 0n,
    isNoDev: (flags & MS.NODEV) !== 0n,
  };
}

/**
 * Mounts a directory over itself, so that on it no file gives more rights than
 * its reader has. What is mounted below it comes along as it is.
 *
 * @throws {SystemCallError} With the errno of mount(2); nothing is mounted then.
 */
export function limitMount(libc: Libc, path: string): void {
  const { symbols } = libc;
  const place = cString(path);
  const fd = openPlace(libc, path);
  let flags = MS.REMOUNT | MS.BIND | MS.NOSUID | MS.NODEV;
  try {
    const before = readFlags(libc, fd);
    for (const { ms } of FLAGS) flags |= before & ms;
  } finally {
    symbols.close(fd);
  }
  const bound = symbols.mount(place, place, null, MS.BIND | MS.REC, null);
  libc.check("mount", bound);
  const result = symbols.mount(null, place, null, flags, null);
  if (result === 0) return;
  const errno = libc.errno();
  unmount(libc, path);
  throw new SystemCallError("mount", errno);
}

/** As mount(2) takes them. */
function readFlags(libc: Libc, fd: number): bigint {
  const bytes = new Uint8Array(STATFS.bytes);
  libc.check("fstatfs", libc.symbols.fstatfs(fd, bytes));
  const st = new DataView(bytes.buffer).getBigUint64(STATFS.flags, true);
  return FLAGS.reduce(
    (flags, each) => (st & each.st) === 0n ? flags : flags | each.ms,
    0n,
  );
}
