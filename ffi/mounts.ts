/**
 * Mounting one file over another, in any mount namespace.
 *
 * @module
 */
import { O, openFile, readLink } from "./files.ts";
import type { Libc } from "./libc.ts";
import { cString } from "./text.ts";

/** <linux/mount.h>; `private` is a propagation, the others are flags. */
const MS = { BIND: 4096n, REC: 16_384n, PRIVATE: 1n << 18n } as const;
/** <linux/sched.h> */
const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x2_0000;
/** <sys/mount.h>: at once, also when it is in use; and never through a link. */
const UMOUNT = { DETACH: 2, NOFOLLOW: 8 } as const;

/**
 * Shows one file or directory in the place of another.
 *
 * @param options `isDeep`: with all that is mounted below it. Default false.
 * @throws {SystemCallError} With the errno of mount(2).
 */
export function bindOver(
  libc: Libc,
  { source, target, isDeep = false }: {
    readonly source: string;
    readonly target: string;
    readonly isDeep?: boolean;
  },
): void {
  const result = libc.symbols.mount(
    cString(source),
    cString(target),
    null,
    isDeep ? MS.BIND | MS.REC : MS.BIND,
    null,
  );
  libc.check("mount", result);
}

/**
 * Does something as those see the file system who are in a mount namespace.
 *
 * The calling thread, and no other, is there meanwhile; it has a root and a
 * working directory of its own from then on.
 *
 * @param path The namespace's file.
 * @throws {SystemCallError} With the errno of open(2) or setns(2).
 */
export function inMountNamespace(
  libc: Libc,
  path: string,
  act: () => void,
): void {
  const own = "/proc/thread-self/ns/mnt";
  if (readLink(libc, path) === readLink(libc, own)) return act();
  const there = openFile(libc, path, { flags: O.RDONLY });
  let here = -1;
  try {
    here = openFile(libc, own, { flags: O.RDONLY });
    libc.check("unshare", libc.symbols.unshare(CLONE_FS));
    libc.check("setns", libc.symbols.setns(there, CLONE_NEWNS));
    try {
      act();
    } finally {
      libc.check("setns", libc.symbols.setns(here, CLONE_NEWNS));
    }
  } finally {
    libc.symbols.close(there);
    if (here >= 0) libc.symbols.close(here);
  }
}

/** Takes the uppermost mount off a path; false when there was none. */
export function unmount(libc: Libc, path: string): boolean {
  const flags = UMOUNT.DETACH | UMOUNT.NOFOLLOW;
  return libc.symbols.umount2(cString(path), flags) === 0;
}
