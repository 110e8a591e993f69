/**
 * Who could write to an open file without opening it again.
 *
 * @module
 */
import { idBehind, readDirectory } from "../../ffi/directories.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** <fcntl.h>: of an open file's flags, which in fdinfo are octal. */
const O_ACCMODE = 3;

/**
 * Whether a process has a file open for writing, or mapped so.
 *
 * @param fileId As {@link stampOf} gives it.
 * @returns False also for a process that is gone.
 */
export function canWrite(libc: Libc, pid: number, fileId: string): boolean {
  const directory = `/proc/${pid}`;
  const fds = readDirectory(libc, `${directory}/fd`) ?? [];
  return fds.some((fd) =>
    idBehind(libc, `${directory}/fd/${fd}`) === fileId &&
    isWritable(tryReadText(libc, `${directory}/fdinfo/${fd}`) ?? "")
  ) || hasMapped(libc, pid, fileId);
}

/** Looks at all processes there are, some at a time. */
export class WriterSearch {
  readonly #libc: Libc;
  readonly #fileId: string;
  /** Still to be looked at, the newest last. */
  readonly #pids: number[];

  /**
   * @param libc Must outlive this object.
   * @param fileId As {@link stampOf} gives it.
   */
  constructor(libc: Libc, fileId: string) {
    this.#libc = libc;
    this.#fileId = fileId;
    this.#pids = (readDirectory(libc, "/proc") ?? []).map(Number)
      .filter(Number.isInteger);
  }

  /** Whether it has looked at all of them. */
  get isDone(): boolean {
    return this.#pids.length === 0;
  }

  /**
   * Looks at the next ones, at one at least.
   *
   * @param milliseconds When it is to stop; one process can take longer.
   * @returns Those of them that can write to the file.
   */
  lookOn(milliseconds: number): readonly number[] {
    const untilMs = performance.now() + milliseconds;
    const found: number[] = [];
    do {
      const pid = this.#pids.pop();
      if (pid === undefined) break;
      if (canWrite(this.#libc, pid, this.#fileId)) found.push(pid);
    } while (performance.now() < untilMs);
    return found;
  }
}

/** Whether a descriptor is open for writing, by its /proc/PID/fdinfo. */
export function isWritable(fdinfo: string): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(fdinfo)?.[1];
  return flags !== undefined && (parseInt(flags, 8) & O_ACCMODE) !== 0;
}

function hasMapped(libc: Libc, pid: number, fileId: string): boolean {
  try {
    return isMapped(tryReadText(libc, `/proc/${pid}/maps`) ?? "", fileId);
  } catch (error) {
    // Too many to be read: whoever hides in there is taken for one.
    if (error instanceof RangeError) return true;
    throw error;
  }
}

/** `7f00-7f01 rw-s 00000000 fe:01 4711   /path`, proc_pid_maps(5). */
function isMapped(maps: string, fileId: string): boolean {
  const [, major, minor, inode] = /^(\d+):(\d+) (\d+)$/.exec(fileId)!;
  const device = [major!, minor!].map((part) =>
    Number(part).toString(16).padStart(2, "0")
  ).join(":");
  return maps.split("\n").some((line) => {
    const [, rights = "", , where, number] = line.split(/ +/);
    return rights[1] === "w" && rights[3] === "s" && where === device &&
      number === inode;
  });
}
