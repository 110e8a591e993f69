/**
 * Programs that give more rights to whoever starts them.
 *
 * No program is looked for: all mounts are told to give none of them anything,
 * which holds for a copy in a snap or a home as well, by whatever name, and for
 * what somebody has open. A few that builds need are let through by name.
 *
 * @module
 */
import { bindInPlace } from "./bind_mounts.ts";
import type { ChangeLog } from "./change_log.ts";
import type { LockdownChange, LockdownOrder } from "./lockdown_record.ts";
import { MountsNow } from "./mounts_now.ts";
import { bytePathOf } from "../../../ffi/byte_path.ts";
import { FILE_TYPE, lookAt, typeOf } from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { changeMountFlags, MOUNT_FLAG } from "../../../ffi/mount_flags.ts";

/** The kind of these changes. */
export const NO_SETUID = "no-setuid";

/** None of them does anything of its caller's choosing as root. */
const NEEDED = [
  "/usr/bin/ping",
  "/usr/bin/fusermount",
  "/usr/bin/fusermount3",
  // Starts what a service file of root's names, at the system bus's word.
  "/usr/lib/dbus-1.0/dbus-daemon-launch-helper",
  "/usr/lib/snapd/snap-confine",
  // Sandboxes of browsers, where user namespaces are not for everybody.
  "/opt/google/chrome/chrome-sandbox",
  "/opt/microsoft/msedge/msedge-sandbox",
  "/usr/lib/chromium/chrome-sandbox",
];

/** What containers without root are made with. */
const NEEDED_BY_CONTAINERS = ["/usr/bin/newuidmap", "/usr/bin/newgidmap"];

const WRITABLE_BY_OTHERS = 0o022;

/** The programs that keep what they have. */
export function keptPrograms(libc: Libc, order: LockdownOrder): string[] {
  const names = order.containers
    ? NEEDED
    : [...NEEDED, ...NEEDED_BY_CONTAINERS];
  return names.filter((path) => {
    const look = lookAt(libc, bytePathOf(path));
    return look !== null && typeOf(look) === FILE_TYPE.PLAIN &&
      look.uid === 0 && (look.mode & WRITABLE_BY_OTHERS) === 0;
  });
}

/** Lets no program but the kept ones give rights. */
export function withholdSetuid(
  libc: Libc,
  order: LockdownOrder,
  log: ChangeLog,
): void {
  const kept = keptPrograms(libc, order);
  // Before their surroundings change: a mount is made with the flags of what
  // it shows.
  for (const path of kept) {
    bindInPlace(libc, log, { kind: "keep-setuid", path });
  }
  for (const mount of mountsWithSetuid(libc, kept)) {
    const { id, device, root, mountPoint: path } = mount;
    log.make(
      { kind: NO_SETUID, path, before: { id, device, root } },
      () => changeMountFlags(libc, path, { set: MOUNT_FLAG.NOSUID }),
    );
  }
}

/** The mounts on which programs still give rights, but for the kept ones. */
export function mountsWithSetuid(libc: Libc, kept: readonly string[]) {
  return new MountsNow(libc).visible().filter(({ flags, mountPoint }) =>
    !flags.includes("nosuid") && !kept.includes(mountPoint)
  );
}

/** @returns Why it stays; null when programs give rights there again. */
export function undoNoSetuid(
  libc: Libc,
  { path, before }: LockdownChange,
): string | null {
  const mounts = new MountsNow(libc);
  const mount = mounts.at(path);
  // A mount that is gone has taken its flags along.
  if (mount === null) return null;
  const isSame = mount.id === before.id && mount.device === before.device &&
    mount.root === before.root;
  if (!isSame) {
    return mounts.depth(path) < 2
      ? null
      : `Something else is mounted over ${JSON.stringify(path)} by now: ` +
        "the mount below it stays without setuid programs";
  }
  changeMountFlags(libc, path, { clear: MOUNT_FLAG.NOSUID });
  return null;
}
