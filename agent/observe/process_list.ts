/**
 * The processes that are there, for whoever hears only of what comes after.
 *
 * @module
 */
import { decodeArguments, decodeProcStat } from "../decode/proc.ts";
import { readDirectory, stampOf } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { O, openFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { fromBytes } from "../../ffi/text.ts";
import { ProcFiles } from "./proc_files.ts";

/** One process, found by a look at /proc. */
export interface FoundProcess {
  readonly pid: number;
  readonly parentPid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly startTicks: number;
  /** Null for a kernel thread. */
  readonly exe: string | null;
  readonly args: readonly string[];
  /** The real user. */
  readonly uid: number;
  /** Inode of its network namespace; null when that was not asked. */
  readonly netNamespace: number | null;
}

const PROC = "/proc";

/**
 * Lists all processes; those that end meanwhile are left out.
 *
 * @param asksNamespaces Costs a system call more for each.
 */
export function listProcesses(
  libc: Libc,
  asksNamespaces: boolean,
): FoundProcess[] {
  const files = new ProcFiles(libc);
  return (readDirectory(libc, PROC) ?? []).flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    const directoryFd = files.openDirectory(`${PROC}/${pid}`);
    if (directoryFd < 0) return [];
    try {
      const found = readProcess({ files, directoryFd, pid });
      if (found === null) return [];
      const netNamespace = asksNamespaces
        ? netNamespaceAt(libc, `${PROC}/${pid}/ns/net`)
        : null;
      return [{ ...found, netNamespace }];
    } finally {
      files.close(directoryFd);
    }
  });
}

/**
 * Which network namespace a file stands for.
 *
 * @param path Such as /run/netns/NAME or /proc/PID/ns/net.
 * @returns Its inode; null when it is gone.
 */
export function netNamespaceAt(libc: Libc, path: string): number | null {
  let fd: number;
  try {
    fd = openFile(libc, path, { flags: O.RDONLY });
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
  try {
    const id = stampOf(libc, fd)?.id ?? "";
    return Number(id.slice(id.lastIndexOf(" ") + 1));
  } finally {
    libc.symbols.close(fd);
  }
}

function readProcess(
  of: { files: ProcFiles; directoryFd: number; pid: number },
): Omit<FoundProcess, "netNamespace"> | null {
  const { files, directoryFd, pid } = of;
  const read = (name: string) => {
    const fd = files.openFile(directoryFd, name);
    try {
      return files.read(fd);
    } finally {
      files.close(fd);
    }
  };
  const stat = decodeProcStat(read("stat"));
  if (!stat.ok) return null;
  const { parentPid, startTicks } = stat.value;
  const args = decodeArguments(read("cmdline"));
  const exe = files.exe(directoryFd);
  const path = exe.length === 0 ? null : fromBytes(exe);
  // The kernel escapes line feeds in the name that stands above.
  const uid = /^Uid:\t(\d+)/m.exec(fromBytes(read("status")))?.[1];
  if (uid === undefined) return null;
  return { pid, parentPid, startTicks, exe: path, args, uid: Number(uid) };
}
