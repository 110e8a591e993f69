/**
 * Files in memory that is shared: whoever writes there writes to the file, and
 * nobody is told.
 *
 * @module
 */
import { readDirectory } from "../../ffi/directories.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/**
 * Whether any process has a file in memory that it shares with it, in turns of
 * one process.
 *
 * Rights do not matter, as mprotect(2) gives others; nor does the device, which
 * btrfs and overlayfs name otherwise here.
 */
export function* isMappedShared(
  libc: Libc,
  inode: bigint,
): Generator<void, boolean> {
  const number = String(inode);
  for (const pid of readDirectory(libc, "/proc") ?? []) {
    if (!Number.isInteger(Number(pid))) continue;
    if (isIn(libc, `/proc/${pid}/maps`, number)) return true;
    yield;
  }
  return false;
}

/** `7f00-7f01 rw-s 00000000 fe:01 4711   /path`, proc_pid_maps(5). */
function isIn(libc: Libc, path: string, inode: string): boolean {
  let maps: string;
  try {
    maps = tryReadText(libc, path) ?? "";
  } catch (error) {
    // Too many to be read: whoever hides in there is taken for one.
    if (error instanceof RangeError) return true;
    throw error;
  }
  return maps.split("\n").some((line) => {
    const [, rights = "", , , number] = line.split(/ +/, 5);
    return rights[3] === "s" && number === inode;
  });
}
