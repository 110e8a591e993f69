/**
 * Mounts that lie over what they show: a file or directory in its own place,
 * with other flags. Nothing about what is below them changes, not even a time,
 * and the machine's next start is without them.
 *
 * @module
 */
import type { ChangeLog } from "./change_log.ts";
import type { LockdownChange } from "./lockdown_record.ts";
import { MountsNow, rootBehind } from "./mounts_now.ts";
import { replaceFile } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { changeMountFlags, MOUNT_FLAG } from "../../../ffi/mount_flags.ts";
import { bindOver, unmount } from "../../../ffi/mounts.ts";
import { cString } from "../../../ffi/text.ts";

/** The kinds of change that are mounts over what they show. */
export const BIND_KINDS = ["keep-setuid", "read-only", "writable"] as const;
/** The kind that shows another file. */
export const COVER = "cover";

/** What a mount is for. */
export type BindKind = typeof BIND_KINDS[number];

/** Where a text waits to be mounted; the directory is only root's. */
const COVER_FOLDER = "/run";
const READABLE = 0o644;

/**
 * Mounts a path on itself.
 *
 * @param path Absolute, without a link in it.
 */
export function bindInPlace(
  libc: Libc,
  log: ChangeLog,
  { kind, path }: { readonly kind: BindKind; readonly path: string },
): void {
  const mounts = new MountsNow(libc);
  const mount = mounts.of(path);
  if (mount === null) return;
  const before = {
    depth: mounts.depth(path),
    device: mount.device,
    root: rootBehind(mount, path),
  };
  log.make({ kind, path, before }, () => {
    bindOver(libc, { source: path, target: path, isDeep: true });
    changeMountFlags(libc, path, {
      set: kind === "read-only" ? MOUNT_FLAG.RDONLY : 0,
      // What is mounted below it would else come up below what it covers.
      isPrivate: true,
    });
  });
}

/** Shows a text in a file's place. */
export function coverFile(
  libc: Libc,
  log: ChangeLog,
  { path, text }: { readonly path: string; readonly text: string },
): void {
  const source = `${COVER_FOLDER}/sluice-cover-${libc.symbols.getpid()}`;
  const mounts = new MountsNow(libc);
  const mount = mounts.of(COVER_FOLDER)!;
  const before = {
    depth: mounts.depth(path),
    device: mount.device,
    root: rootBehind(mount, source),
    source,
  };
  log.make({ kind: COVER, path, before }, () => {
    replaceFile(libc, source, text);
    libc.check("chmod", libc.symbols.chmod(cString(source), READABLE));
    bindOver(libc, { source, target: path });
    changeMountFlags(libc, path, { set: MOUNT_FLAG.RDONLY, isPrivate: true });
    // The mount keeps it, and takes it along when it goes.
    libc.symbols.unlink(cString(source));
  });
}

/** @returns Why it stays; null when it is gone, or never came. */
export function undoBind(libc: Libc, change: LockdownChange): string | null {
  const { path, before } = change;
  if (before.source !== undefined) {
    libc.symbols.unlink(cString(String(before.source)));
  }
  const mounts = new MountsNow(libc);
  if (mounts.depth(path) <= Number(before.depth)) return null;
  const mount = mounts.at(path);
  const isOurs = mount !== null && mount.device === before.device &&
    // The kernel adds to the name of what was removed meanwhile.
    mount.root.startsWith(String(before.root));
  if (!isOurs) {
    return `Something else is mounted over ${JSON.stringify(path)} by now: ` +
      "the mount below it stays";
  }
  return unmount(libc, path)
    ? null
    : `Cannot unmount ${JSON.stringify(path)}: the kernel refuses`;
}
