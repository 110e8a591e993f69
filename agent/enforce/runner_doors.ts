/**
 * Closed doors to the environment of the runner's processes.
 *
 * Whoever reads it all the same is killed in the kernel. But ps(1) opens the
 * environment of every process, and a build that calls it has done no harm: so
 * an empty file lies over it, and who opens that is told of and lives.
 *
 * @module
 */
import { SystemCallError } from "../../ffi/errors.ts";
import { FAN, Fanotify } from "../../ffi/fanotify.ts";
import { O, openFile, readLink } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { bindOver, inMountNamespace, unmount } from "../../ffi/mounts.ts";

/**
 * What is shown instead is made here, and has no name any more once it is
 * mounted: of a device such as /dev/null the kernel does not tell who opens it.
 */
const MAKING = "/run";

/** Somebody has opened a door. */
export interface Knock {
  /** Who did it. */
  readonly pid: number;
  /** Whose environment it is. */
  readonly targetPid: number;
}

/** The doors; all are gone when the object is, or the process behind one. */
export class RunnerDoors implements Disposable {
  readonly #libc: Libc;
  readonly #fanotify: Fanotify;
  readonly #closed = new Set<number>();

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} Where the kernel does not tell of files.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#fanotify = new Fanotify(libc);
  }

  /** Readable when there is something to {@linkcode drain}. */
  get fd(): number {
    return this.#fanotify.fd;
  }

  /** Closes the door of a process; false when it has ended by now. */
  close(pid: number): boolean {
    if (this.#closed.has(pid)) return true;
    const target = doorOf(pid);
    try {
      // Those who look are where the process is, and see what is mounted there.
      inMountNamespace(this.#libc, `/proc/${pid}/ns/mnt`, () => {
        const source = `${MAKING}/.sluice-${crypto.randomUUID()}`;
        const flags = O.RDONLY | O.CREAT | O.EXCL | O.NOFOLLOW;
        const { symbols } = this.#libc;
        symbols.close(openFile(this.#libc, source, { flags, mode: 0o444 }));
        try {
          bindOver(this.#libc, { source, target });
        } finally {
          symbols.unlink(cString(source));
        }
        this.#fanotify.markPath(target, { mask: FAN.OPEN, isMount: true });
      });
    } catch (error) {
      if (error instanceof SystemCallError) return false;
      throw error;
    }
    this.#closed.add(pid);
    return true;
  }

  /** Opens it again; for a process that has ended there is nothing to do. */
  open(pid: number): void {
    if (!this.#closed.delete(pid)) return;
    try {
      inMountNamespace(this.#libc, `/proc/${pid}/ns/mnt`, () => {
        unmount(this.#libc, doorOf(pid));
      });
    } catch (error) {
      // It has ended, and its door with it.
      if (!(error instanceof SystemCallError)) throw error;
    }
  }

  /** Who has opened which door since the last call; never waits. */
  drain(): readonly Knock[] {
    const knocks: Knock[] = [];
    this.#fanotify.read(({ pid }, fd) => {
      const path = readLink(this.#libc, `/proc/self/fd/${fd}`) ?? "";
      const match = /\/([0-9]+)\/environ( \(deleted\))?$/.exec(path);
      if (match !== null) knocks.push({ pid, targetPid: Number(match[1]) });
    });
    return knocks;
  }

  /** Opens all doors; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const pid of [...this.#closed]) this.open(pid);
    this.#fanotify[Symbol.dispose]();
  }
}

function doorOf(pid: number): string {
  return `/proc/${pid}/environ`;
}
