/**
 * Making directories for somebody else, with no more rights than his.
 *
 * @module
 */
import { SystemCallError } from "./errors.ts";
import { ownerOf } from "./file_owner.ts";
import { O } from "./files.ts";
import type { Libc } from "./libc.ts";
import { cString } from "./text.ts";

/**
 * Makes a directory as the owner of the one above it would, and opens it.
 *
 * It is his from the first moment on: whoever changes its owner afterwards
 * could be given another directory to change.
 *
 * @param at `above`: an open directory; `name`: without a slash.
 * @returns A descriptor that is good for nothing but its place.
 * @throws {SystemCallError} With the errno of mkdirat(2) or openat(2).
 */
export function makeAsOwner(
  libc: Libc,
  at: { readonly above: number; readonly name: string },
): number {
  const { symbols } = libc;
  const { uid, gid } = ownerOf(libc, at.above);
  const name = cString(at.name);
  // Of this thread alone, and it takes the rights of root's files with it.
  const ownGid = symbols.setfsgid(gid);
  const ownUid = symbols.setfsuid(uid);
  let errno = 0;
  try {
    if (symbols.mkdirat(at.above, name, 0o755) < 0) errno = libc.errno();
  } finally {
    symbols.setfsuid(ownUid);
    symbols.setfsgid(ownGid);
  }
  if (errno !== 0) throw new SystemCallError("mkdirat", errno);
  const flags = O.PATH | O.DIRECTORY | O.NOFOLLOW | O.CLOEXEC;
  return libc.check("openat", symbols.openat(at.above, name, flags, 0));
}
