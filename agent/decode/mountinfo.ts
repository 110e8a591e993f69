/**
 * Mounts in /proc/<pid>/mountinfo.
 *
 * @see proc_pid_mountinfo(5)
 * @module
 */

/** Fields of a line, from the first, proc_pid_mountinfo(5). */
const AT = {
  id: 0,
  device: 2,
  root: 3,
  mountPoint: 4,
  flags: 5,
  firstOptional: 6,
} as const;

/** What ends the optional fields, of which there can be any number. */
const SEPARATOR = "-";

/** The kernel writes space, tab, line feed and backslash as three digits. */
const ESCAPED = /\\([0-3][0-7]{2})/g;

/**
 * Finds where the whole cgroup v2 hierarchy is mounted.
 *
 * A mount of only a part of it is passed over, because the paths in
 * /proc/<pid>/cgroup would not exist below it.
 *
 * @param mountinfo The whole file.
 * @returns The mount point of the first such mount, or null when there is none.
 *
 * @example A machine with cgroup v1 and v2 side by side
 * ```ts
 * import assert from "node:assert/strict";
 * import { findCgroup2Mount } from "./mountinfo.ts";
 *
 * const line = "35 34 0:28 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw";
 * assert.equal(findCgroup2Mount(line), "/sys/fs/cgroup/unified");
 * ```
 */
export function findCgroup2Mount(mountinfo: string): string | null {
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const separator = fields.indexOf(SEPARATOR, AT.firstOptional);
    if (separator < 0 || fields[separator + 1] !== "cgroup2") continue;
    if (fields[AT.root] === "/") return decodeEscapes(fields[AT.mountPoint]!);
  }
  return null;
}

/**
 * Finds the device of a mount's file system.
 *
 * @param mountinfo The whole file.
 * @param id As in /proc/<pid>/fdinfo, `mnt_id`.
 * @returns `major:minor`, or null for a mount that is not there.
 */
export function deviceOfMount(mountinfo: string, id: string): string | null {
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    if (fields[AT.id] === id) return fields[AT.device] ?? null;
  }
  return null;
}

/** Something that is mounted; names are as the file has them, unescaped. */
export interface MountLine {
  readonly id: string;
  /** `major:minor` of the file system. */
  readonly device: string;
  /** Which part of the file system it shows. */
  readonly root: string;
  readonly mountPoint: string;
  /** Of this mount and not of its file system: `rw`, `nosuid` and the like. */
  readonly flags: readonly string[];
  /** Such as `ext4`. */
  readonly type: string;
}

/**
 * Reads all mounts, in the order in which they came.
 *
 * @param mountinfo The whole file, a character for each byte or as UTF-8.
 * @returns What is no such line is left out.
 */
export function decodeMounts(mountinfo: string): MountLine[] {
  const mounts: MountLine[] = [];
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const separator = fields.indexOf(SEPARATOR, AT.firstOptional);
    const type = separator < 0 ? undefined : fields[separator + 1];
    if (type === undefined) continue;
    mounts.push({
      id: fields[AT.id]!,
      device: fields[AT.device]!,
      root: decodeEscapes(fields[AT.root]!),
      mountPoint: decodeEscapes(fields[AT.mountPoint]!),
      flags: fields[AT.flags]!.split(","),
      type: decodeEscapes(type),
    });
  }
  return mounts;
}

function decodeEscapes(text: string): string {
  return text.replace(
    ESCAPED,
    (_, digits: string) => String.fromCharCode(parseInt(digits, 8)),
  );
}
