/**
 * Devices that hold what root's programs are made of: disks and memory.
 *
 * Whoever writes a disk writes any file, and whoever reads memory reads any
 * key: a group such as `disk` is root by another name.
 *
 * @module
 */
import type { AsUser } from "./as_user.ts";
import type { ChangeLog } from "./change_log.ts";
import { leaveToRoot } from "./root_only.ts";
import { bytePathOf } from "../../../ffi/byte_path.ts";
import { readDirectory } from "../../../ffi/directories.ts";
import { lookAt, typeOf } from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";

/** <linux/stat.h> */
const S_IFBLK = 0o060000;
/** Character devices beside the block devices, by name. */
const RAW =
  /^(?:mem|kmem|port|sg\d+|nvme\d+|raw\d+|rawctl|loop-control|mapper\/control|btrfs-control|bsg\/.*)$/;
/** Further directories of /dev with devices in them. */
const DIRECTORIES = ["", "mapper/", "bsg/"];

/** Leaves to root those that the user could use. */
export function closeDevices(
  libc: Libc,
  user: AsUser,
  log: ChangeLog,
): void {
  for (const path of openDevices(libc, user)) leaveToRoot(libc, log, path);
}

/** Those that the user can use. */
export function openDevices(libc: Libc, user: AsUser): string[] {
  const paths = DIRECTORIES.flatMap((directory) =>
    (readDirectory(libc, `/dev/${directory}`) ?? [])
      .map((name) => `${directory}${name}`)
  ).filter((name) => RAW.test(name) || isDisk(libc, `/dev/${name}`))
    .map((name) => `/dev/${name}`);
  return [...user.usable(paths)];
}

function isDisk(libc: Libc, path: string): boolean {
  const look = lookAt(libc, bytePathOf(path));
  return look !== null && typeOf(look) === S_IFBLK;
}
