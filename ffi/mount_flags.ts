/**
 * What a mount forbids, whatever the file system below it would allow.
 *
 * @see mount_setattr(2)
 * @module
 */
import type { Libc } from "./libc.ts";
import { cString } from "./text.ts";

/** <asm-generic/unistd.h>: one number on every architecture. */
const SYS_MOUNT_SETATTR = 442n;
/** <linux/fcntl.h>, each without its `AT_`. */
const LOOK = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  NO_AUTOMOUNT: 0x800,
} as const;
/** struct mount_attr, <linux/mount.h>. */
const ATTRIBUTES = { set: 0, clear: 8, propagation: 16, bytes: 32 } as const;
const MS_PRIVATE = 1n << 18n; // <linux/mount.h>
/** struct statx, <linux/stat.h>. */
const STATX = { mountId: 144, bytes: 256, MNT_ID: 0x1000 } as const;

/** <linux/mount.h>, each without its `MOUNT_ATTR_`. */
export const MOUNT_FLAG = { RDONLY: 1, NOSUID: 2 } as const;

/** What to change; what is in none of them stays. */
export interface MountFlagChange {
  /** Of {@linkcode MOUNT_FLAG}. */
  readonly set?: number;
  readonly clear?: number;
  /** True keeps to itself what is mounted below it from now on. */
  readonly isPrivate?: boolean;
}

/**
 * Changes the uppermost mount at a path, and none below it.
 *
 * @param path Its mount point.
 * @throws {SystemCallError} EINVAL where nothing is mounted; ENOSYS before
 * Linux 5.12.
 */
export function changeMountFlags(
  libc: Libc,
  path: string,
  change: MountFlagChange,
): void {
  const { set = 0, clear = 0, isPrivate = false } = change;
  const attributes = new Uint8Array(ATTRIBUTES.bytes);
  const view = new DataView(attributes.buffer);
  view.setBigUint64(ATTRIBUTES.set, BigInt(set), true);
  view.setBigUint64(ATTRIBUTES.clear, BigInt(clear), true);
  const propagation = isPrivate ? MS_PRIVATE : 0n;
  view.setBigUint64(ATTRIBUTES.propagation, propagation, true);
  const result = libc.symbols.mount_setattr(
    SYS_MOUNT_SETATTR,
    LOOK.FDCWD,
    cString(path),
    LOOK.SYMLINK_NOFOLLOW | LOOK.NO_AUTOMOUNT,
    attributes,
    BigInt(ATTRIBUTES.bytes),
  );
  libc.check("mount_setattr", result);
}

/**
 * Which mount a path leads into, as /proc/self/mountinfo numbers them.
 *
 * @returns Null when the path leads nowhere.
 */
export function mountIdOf(libc: Libc, path: string): string | null {
  const buffer = new Uint8Array(STATX.bytes);
  const result = libc.symbols.statx(
    LOOK.FDCWD,
    cString(path),
    LOOK.SYMLINK_NOFOLLOW | LOOK.NO_AUTOMOUNT,
    STATX.MNT_ID,
    buffer,
  );
  if (result < 0) return null;
  const view = new DataView(buffer.buffer);
  return String(view.getBigUint64(STATX.mountId, true));
}
