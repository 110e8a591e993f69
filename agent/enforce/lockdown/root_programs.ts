/**
 * The programs that root runs, or will run, by their absolute paths.
 *
 * @module
 */
import { lineOf, processesHere } from "./processes_here.ts";
import { bytePathOf } from "../../../ffi/byte_path.ts";
import { readDirectory } from "../../../ffi/directories.ts";
import { FILE_TYPE, lookAt, typeOf } from "../../../ffi/file_look.ts";
import { readLink, tryReadText } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";

const SYSTEMD = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/lib/systemd/system",
];
const CRON_TABLES = ["/etc/crontab", "/etc/anacrontab"];
const CRON_TABLE_FOLDERS = ["/etc/cron.d", "/var/spool/cron/crontabs"];
const CRON_FOLDERS = ["hourly", "daily", "weekly", "monthly", "yearly"];

/** Where root's shells look for programs when nobody says otherwise. */
const USUAL_PATH =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";
const INTERPRETERS = /^(?:(?:ba|da|z|k)?sh|python[\d.]*|perl|ruby|node)$/;

/** Of files, as root would open them; some may not be there. */
export function rootPrograms(libc: Libc): string[] {
  return [
    ...processes(libc).flatMap((pid) => programsOf(libc, pid)),
    ...CRON_FOLDERS.flatMap((name) => filesOf(libc, `/etc/cron.${name}`)),
    ...cronTables(libc).flatMap((text) => absoluteWords(text)),
    ...SYSTEMD.flatMap((folder) => programsOfUnits(libc, folder)),
  ];
}

/** Directories in which root looks for programs by name. */
export function rootSearchPath(libc: Libc): string[] {
  const environments = [
    ...cronTables(libc),
    ...processes(libc).map((pid) =>
      (tryReadText(libc, `/proc/${pid}/environ`) ?? "").replaceAll("\0", "\n")
    ),
  ];
  const lists = environments.flatMap((text) =>
    [...text.matchAll(/^PATH\s*=\s*["']?([^"'\n]*)/gm)].map(([, list]) => list!)
  );
  const directories = [USUAL_PATH, ...lists].flatMap((list) => list.split(":"));
  return [...new Set(directories)].filter((path) => path.startsWith("/"));
}

/**
 * Root's own on this very root, but for us and those we come from: sudo has
 * started these for the user, and they end with us.
 */
function processes(libc: Libc): number[] {
  const all = processesHere(libc);
  const ours = new Set(lineOf(all, libc.symbols.getpid()));
  return [...all.values()].filter((one) => one.uids[0] === 0 && !ours.has(one))
    .map(({ pid }) => pid);
}

function programsOf(libc: Libc, pid: number): string[] {
  const exe = readLink(libc, `/proc/${pid}/exe`);
  if (exe === null) return [];
  const [, script = ""] = (tryReadText(libc, `/proc/${pid}/cmdline`) ?? "")
    .split("\0");
  const isScript = INTERPRETERS.test(exe.slice(exe.lastIndexOf("/") + 1)) &&
    script.startsWith("/");
  return isScript ? [exe, script] : [exe];
}

function cronTables(libc: Libc): string[] {
  const files = [
    ...CRON_TABLES,
    // Of the users' own tables, only root's is run as root.
    ...CRON_TABLE_FOLDERS.flatMap((folder) => filesOf(libc, folder)).filter(
      (path) => path.startsWith("/etc/") || path.endsWith("/root"),
    ),
  ];
  return files.map((path) => withoutComments(tryReadText(libc, path) ?? ""));
}

/** Of those units that name no user other than root. */
function programsOfUnits(libc: Libc, folder: string): string[] {
  return filesOf(libc, folder).flatMap((path) => {
    const text = tryReadText(libc, path) ?? "";
    const user = /^User\s*=\s*(\S+)/m.exec(text)?.[1] ?? "root";
    if (user !== "root" && user !== "0") return [];
    return [...text.matchAll(/^Exec\w+\s*=\s*[-@:+!|]*(\/\S+)/gm)]
      .map(([, program]) => program!);
  });
}

/** With those of the directories in it. */
function filesOf(libc: Libc, folder: string): string[] {
  return (readDirectory(libc, folder) ?? []).flatMap((name) => {
    const path = `${folder}/${name}`;
    const look = lookAt(libc, bytePathOf(path));
    if (look === null) return [];
    return typeOf(look) === FILE_TYPE.DIRECTORY ? filesOf(libc, path) : [path];
  });
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*#.*$/gm, "");
}

function absoluteWords(text: string): string[] {
  return [...text.matchAll(/(?<=^|[\s;&|("'`=])\/[^\s;&|()"'`<>:]+/gm)]
    .map(([word]) => word);
}
