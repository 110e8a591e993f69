/**
 * A cgroup of its own for one guarded command: rules and look-ups go by it.
 *
 * @module
 */
import { decodeUnifiedCgroup } from "../decode/proc.ts";
import { findCgroup2Mount } from "../decode/mountinfo.ts";
import { AgentError } from "../errors.ts";
import { readDirectory } from "../../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import {
  readFile,
  readText,
  tryReadText,
  writeControl,
} from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/sockets.ts";
import { cString } from "../../ffi/text.ts";

/**
 * Directly under the root: a user may own the subtree that the command was
 * started in, and could then move processes out of a cgroup made there.
 */
const PARENT = "sluice";

/** Runs of one pid that were killed; past that something is wrong. */
const MAX_TAKEN = 16;

const SIGKILL = 9; // <asm/signal.h>
/** A process in the middle of a system call takes its time to end. */
const KILL_TIMEOUT_MS = 2_000;

/** A cgroup v2 directory that holds one command and all it starts. */
export class Cgroup {
  readonly #libc: Libc;
  readonly #mount: string;
  /** Path from the root of the hierarchy, without a leading slash. */
  readonly path: string;

  /** @param path As {@linkcode Cgroup.path}; it need not be there. */
  constructor(libc: Libc, path: string) {
    const mount = findCgroup2Mount(readText(libc, "/proc/self/mountinfo"));
    if (mount === null) {
      throw new AgentError("cgroup_unavailable", {
        what: "Cannot guard one command",
        why: "no cgroup v2 hierarchy is mounted, one is needed",
        hint: "Run `mount -t cgroup2 none /sys/fs/cgroup`, or guard the host " +
          "with `sluice start`",
      });
    }
    this.#libc = libc;
    this.#mount = mount;
    this.path = path;
  }

  /**
   * Makes a new cgroup.
   *
   * @param name It gets a number when it is taken: a run that was killed has
   * left its own, and pids come again.
   * @throws {AgentError} `cgroup_unavailable` when it cannot be made.
   */
  static create(libc: Libc, name: string): Cgroup {
    for (let number = 1;; number++) {
      const numbered = number === 1 ? name : `${name}-${number}`;
      const cgroup = new Cgroup(libc, `${PARENT}/${numbered}`);
      const errno = cgroup.#make();
      if (errno === 0) return cgroup;
      if (errno === ERRNO.EEXIST && number < MAX_TAKEN) continue;
      throw new AgentError("cgroup_unavailable", {
        what: `Cannot make the cgroup "${cgroup.#directory}"`,
        why: new SystemCallError("mkdir", errno).message,
        hint: "Run as root, outside a container that has /sys/fs/cgroup " +
          "read-only",
      });
    }
  }

  /** The file that lists its processes. */
  get procsPath(): string {
    return `${this.#directory}/cgroup.procs`;
  }

  /** The processes in it now, cgroups below it included. */
  processes(): number[] {
    return this.#directories().flatMap((directory) =>
      (tryReadText(this.#libc, `${directory}/cgroup.procs`) ?? "")
        .split("\n").map(Number).filter((pid) => pid > 0)
    );
  }

  /**
   * Does something as a member: sockets and children made in it stay members.
   *
   * The whole process moves in and back, which takes microseconds.
   */
  runInside<T>(act: () => T): T {
    const own = decodeUnifiedCgroup(readFile(this.#libc, "/proc/self/cgroup"));
    const home = `${this.#mount}${own === "/" ? "" : own}/cgroup.procs`;
    const self = String(this.#libc.symbols.getpid());
    writeControl(this.#libc, this.procsPath, self);
    try {
      return act();
    } finally {
      writeControl(this.#libc, home, self);
    }
  }

  /**
   * Ends every process in it, <linux/cgroup> `cgroup.kill`, and waits until
   * they are gone: before that the cgroup cannot be removed.
   */
  kill(): void {
    try {
      writeControl(this.#libc, `${this.#directory}/cgroup.kill`, "1");
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      // Before Linux 5.14, the kernel of Ubuntu 22.04 being 5.15, one by one.
    }
    const poller = new Poller(this.#libc, []);
    for (let waitedMs = 0; waitedMs < KILL_TIMEOUT_MS; waitedMs++) {
      const left = this.processes();
      if (left.length === 0) return;
      for (const pid of left) this.#libc.symbols.kill(pid, SIGKILL);
      poller.wait(1);
    }
  }

  /** Moves its processes to the root, where no rule of ours sees them. */
  release(): void {
    for (const pid of this.processes()) {
      try {
        writeControl(this.#libc, `${this.#mount}/cgroup.procs`, String(pid));
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error; // it has ended
      }
    }
  }

  /**
   * Removes it with those below it, and the parent when it is the last.
   *
   * @returns False while a process is in it.
   */
  remove(): boolean {
    for (const directory of this.#directories().reverse()) {
      const result = this.#libc.symbols.rmdir(cString(directory));
      if (result < 0 && this.#libc.errno() !== ERRNO.ENOENT) return false;
    }
    this.#libc.symbols.rmdir(cString(`${this.#mount}/${PARENT}`));
    return true;
  }

  get #directory(): string {
    return `${this.#mount}/${this.path}`;
  }

  /** Makes it, and the parent where there is none; errno, 0 for success. */
  #make(): number {
    const { mkdir } = this.#libc.symbols;
    const parent = cString(`${this.#mount}/${PARENT}`);
    for (const directory of [parent, cString(this.#directory)]) {
      if (mkdir(directory, 0o755) === 0) continue;
      const errno = this.#libc.errno();
      if (errno !== ERRNO.EEXIST || directory !== parent) return errno;
    }
    return 0;
  }

  #directories(): string[] {
    const found = [this.#directory];
    for (const directory of found) {
      for (const name of readDirectory(this.#libc, directory) ?? []) {
        const below = `${directory}/${name}`;
        if (readDirectory(this.#libc, below) !== null) found.push(below);
      }
    }
    return found;
  }
}
