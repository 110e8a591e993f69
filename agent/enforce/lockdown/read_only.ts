/**
 * What root runs and reads, where the user can change it: shown read-only.
 *
 * @module
 */
import type { AsUser } from "./as_user.ts";
import { bindInPlace } from "./bind_mounts.ts";
import type { ChangeLog } from "./change_log.ts";
import { MountsNow } from "./mounts_now.ts";
import { rootPrograms, rootSearchPath } from "./root_programs.ts";
import { bytePathOf, textOf } from "../../../ffi/byte_path.ts";
import { readDirectory } from "../../../ffi/directories.ts";
import { FILE_TYPE, lookAt, typeOf } from "../../../ffi/file_look.ts";
import { canAccess, readLink } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { realDirectory } from "../../../ffi/plain_file.ts";

/** Looked through, since any file in them may be read by root. */
const SEARCHED = [
  "/etc",
  "/root",
  "/boot",
  "/usr/bin",
  "/usr/sbin",
  "/usr/local/bin",
  "/usr/local/sbin",
  "/usr/local/etc",
  "/usr/lib/systemd",
  "/usr/lib/udev",
  "/usr/lib/modprobe.d",
  "/usr/lib/polkit-1",
  "/usr/lib/dbus-1.0",
  "/usr/libexec",
  "/run/systemd/system",
  "/var/spool/cron",
  "/var/spool/at",
  "/var/spool/anacron",
];

/** What is in them as a whole matters, and is too much to be looked through. */
const WHOLE = [
  "/usr/lib",
  "/usr/lib/security",
  `/usr/lib/${Deno.build.arch}-linux-gnu`,
  `/usr/lib/${Deno.build.arch}-linux-gnu/security`,
  "/usr/local/lib",
  "/usr/share",
  "/usr/share/dbus-1/system-services",
  "/usr/share/dbus-1/system.d",
  "/usr/share/polkit-1/actions",
  "/usr/share/polkit-1/rules.d",
];

/**
 * Tools that images of runners put where everybody may write, and that builds
 * do write to; none of them is a part of the system.
 */
const TOOLS =
  /^\/usr\/share\/(?:dotnet|miniconda|swift|rust|kotlinc|sbt|ant|leiningen|gradle[^/]*|apache-maven[^/]*)$/;

/** Never shown read-only, whatever root has there. */
const EVERYBODYS: ReadonlySet<string> = new Set([
  ...["/", "/dev", "/dev/shm", "/home", "/mnt", "/opt", "/proc", "/run"],
  ...["/srv", "/sys", "/tmp", "/usr", "/usr/local", "/var", "/var/tmp"],
]);

const STICKY = 0o1000;
const MAX_LINKS = 8;

/** What the user can change of what root runs. */
export interface Changeable {
  /** Can be shown read-only. */
  readonly paths: readonly string[];
  /** Programs of root's that lie in what is the user's own. */
  readonly own: readonly string[];
}

/** Shows read-only all of it that is not the user's own. */
export function withholdWriting(
  libc: Libc,
  user: AsUser,
  log: ChangeLog,
): void {
  const { paths } = findChangeable(libc, user);
  for (const path of paths.includes("/usr/share") ? toolsIn(libc) : []) {
    bindInPlace(libc, log, { kind: "writable", path });
  }
  for (const path of paths) bindInPlace(libc, log, { kind: "read-only", path });
}

/** Finds what the user can change, each the highest of its branch. */
export function findChangeable(libc: Libc, user: AsUser): Changeable {
  const programs = new Set(
    rootPrograms(libc).flatMap((path) => hopsOf(libc, path)),
  );
  const places = [...SEARCHED, ...WHOLE, ...rootSearchPath(libc)]
    .flatMap((path) => hopsOf(libc, path));
  const ways = [...programs, ...places];
  const writable = user.writable([...new Set(ways.flatMap(chainOf))]);
  const mounts = new MountsNow(libc);
  const paths = new Set<string>();
  const own = new Set<string>();
  for (const way of ways) {
    const place = findOpening(libc, way, { user, writable, mounts });
    if (place === null) continue;
    if (!isOwn(libc, user, place)) paths.add(place);
    else if (programs.has(way)) own.add(way);
  }
  const searched = SEARCHED.filter((path) => canAccess(libc, path));
  for (const path of user.writableBelow(searched)) paths.add(path);
  const all = [...paths].filter((path) => !TOOLS.test(path));
  return {
    paths: all.filter((path) =>
      !chainOf(path).slice(0, -1).some((above) => paths.has(above))
    ).sort(),
    own: [...own],
  };
}

/** Those of some absolute paths that lie in what is the user's own. */
export function findOwn(
  libc: Libc,
  user: AsUser,
  paths: readonly string[],
): ReadonlySet<string> {
  const writable = user.writable(paths.flatMap(chainOf));
  const mounts = new MountsNow(libc);
  return new Set(paths.filter((path) => {
    const hops = path.startsWith("/") ? hopsOf(libc, path) : [];
    return hops.some((hop) => {
      const place = findOpening(libc, hop, { user, writable, mounts });
      return place !== null && isOwn(libc, user, place);
    }) || isBelowHome(user, path);
  }));
}

/**
 * The place at which a path can be bent: the path itself, or the first name on
 * the way to it that the user can put something else at.
 */
function findOpening(
  libc: Libc,
  path: string,
  of: {
    readonly user: AsUser;
    readonly writable: ReadonlySet<string>;
    readonly mounts: MountsNow;
  },
): string | null {
  const chain = chainOf(path);
  for (const [depth, above] of chain.entries()) {
    const look = lookAt(libc, bytePathOf(above));
    if (look === null) return null;
    const child = chain[depth + 1];
    // Nobody writes a link: where it leads is a path of its own.
    if (typeOf(look) === FILE_TYPE.LINK) return null;
    if (look.uid === of.user.uid) return above;
    if (!of.writable.has(above)) continue;
    if (child === undefined) return above;
    // What is mounted there can be neither renamed nor removed.
    if (of.mounts.at(child) !== null) continue;
    const isSticky = (look.mode & STICKY) !== 0;
    const below = lookAt(libc, bytePathOf(child));
    if (isSticky && below?.uid !== of.user.uid) continue;
    return below === null ? null : child;
  }
  return null;
}

/** To show what is a user's own read-only, or everybody's, would stop all work. */
function isOwn(libc: Libc, user: AsUser, path: string): boolean {
  if (EVERYBODYS.has(path)) return true;
  if (lookAt(libc, bytePathOf(path))?.uid === user.uid) return true;
  return isBelowHome(user, path);
}

function isBelowHome({ home }: AsUser, path: string): boolean {
  return home !== null && home !== "/" &&
    (path === home || path.startsWith(`${home}/`));
}

/** A path, and each that its last part leads on to; links above are resolved. */
function hopsOf(libc: Libc, path: string): string[] {
  const hops: string[] = [];
  for (let at = path; hops.length < MAX_LINKS;) {
    const slash = at.lastIndexOf("/");
    const real = realDirectory(libc, bytePathOf(at.slice(0, slash) || "/"));
    if (real === null) break;
    const folder = textOf(real);
    const name = `${folder === "/" ? "" : folder}${at.slice(slash)}`;
    hops.push(name);
    const target = readLink(libc, name);
    if (target === null) break;
    at = target.startsWith("/") ? target : `${folder}/${target}`;
  }
  return hops;
}

/** The path and all above it, from `/` on. */
function chainOf(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return [
    "/",
    ...parts.map((_, index) => "/" + parts.slice(0, index + 1).join("/")),
  ];
}

function toolsIn(libc: Libc): string[] {
  return (readDirectory(libc, "/usr/share") ?? [])
    .map((name) => `/usr/share/${name}`)
    .filter((path) => {
      const look = TOOLS.test(path) ? lookAt(libc, bytePathOf(path)) : null;
      return look !== null && typeOf(look) === FILE_TYPE.DIRECTORY;
    });
}
