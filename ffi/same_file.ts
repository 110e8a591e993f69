/**
 * A file's new content in the place of its old one, all else as it was.
 *
 * @module
 */
import { lookBehind } from "./file_look.ts";
import { O, openFile, readLink, writeAll } from "./files.ts";
import type { Libc } from "./libc.ts";
import { cString } from "./text.ts";

/** Permission bits and those of set-user-id, <linux/stat.h>. */
const PERMISSIONS = 0o7777;

/**
 * Puts new content in place as a whole: a reader sees the old or the new one,
 * with the same mode, owner and group. Links to it are followed and stay.
 *
 * @param path Absolute path of a file that is there.
 * @throws {SystemCallError} With the errno of the call that failed; then the
 * file is as it was.
 */
export function rewriteFile(libc: Libc, path: string, text: string): void {
  const { symbols } = libc;
  const old = openFile(libc, path, { flags: O.RDONLY });
  try {
    const { mode, uid, gid } = lookBehind(libc, old);
    const place = readLink(libc, `/proc/self/fd/${old}`) ?? path;
    const temporary = `${place}.${crypto.randomUUID()}`;
    const flags = O.WRONLY | O.CREAT | O.EXCL;
    const fd = openFile(libc, temporary, { flags });
    try {
      try {
        writeAll(libc, fd, new TextEncoder().encode(text));
        libc.check("fchown", symbols.fchown(fd, uid, gid));
        // After the owner, whose change takes some bits away.
        const own = cString(`/proc/self/fd/${fd}`);
        libc.check("chmod", symbols.chmod(own, mode & PERMISSIONS));
      } finally {
        symbols.close(fd);
      }
      const renamed = symbols.rename(cString(temporary), cString(place));
      libc.check("rename", renamed);
    } catch (error) {
      symbols.unlink(cString(temporary));
      throw error;
    }
  } finally {
    symbols.close(old);
  }
}
