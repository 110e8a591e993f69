/**
 * The files of a runner that only the runner itself has reason to write, and
 * those by which each step tells it what later steps are to be given.
 *
 * @module
 */
import {
  CHANGE,
  type Change,
  DirectoryWatch,
} from "../../ffi/directory_watch.ts";
import { readDirectory } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { O, openFile, tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** What in the runner's directory is its own. */
const OWN =
  /^(bin(\.[\w.-]+)?|externals(\.[\w.-]+)?|\.(runner|credentials|env|path)\w*|\w*\.sh)$/;
const PROGRAM_DIRECTORY = /^(bin|externals)(\.[\w.-]+)?$/;
/** FileCommandManager.cs of the runner: a prefix, then the step's own number. */
const COMMAND_FILE = /^(set_env|add_path)_[\w-]+$/;
const COMMANDS = "_temp/_runner_file_commands";
const WORK = "_work";

/** All runners of a machine together. */
const MAX_DIRECTORIES = 256;
const MAX_COMMAND_BYTES = 1 << 20;

/** A file that was changed, and by whom. */
export interface FileChange {
  /** 0 when nobody can say. */
  readonly pid: number;
  readonly path: string;
  /**
   * `own` of the runner; `env` and `path` of a step, for those after it.
   */
  readonly of: "own" | "env" | "path";
}

/** Watches the files of all runners. */
export class RunnerFiles implements Disposable {
  readonly #libc: Libc;
  readonly #watch: DirectoryWatch;
  readonly #roots = new Set<string>();
  readonly #commands = new Set<string>();
  /** What was there before it was watched. */
  #found: FileChange[] = [];

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} Where the kernel does not tell of names.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#watch = new DirectoryWatch(libc);
  }

  /** Readable when there is something to {@linkcode drain}. */
  get fd(): number {
    return this.#watch.fd;
  }

  /** Begins with a runner, by the directory of its install. */
  add(root: string): void {
    if (this.#roots.has(root)) return;
    this.#roots.add(root);
    this.#mark(root);
    for (const name of readDirectory(this.#libc, root) ?? []) {
      if (PROGRAM_DIRECTORY.test(name)) this.#addPrograms(`${root}/${name}`);
    }
  }

  /** A step begins: each job makes the directory of its commands anew. */
  renew(): void {
    for (const root of this.#roots) {
      const directory = `${workOf(this.#libc, root)}/${COMMANDS}`;
      if (!this.#mark(directory)) continue;
      this.#commands.add(directory);
      // Whose they are cannot be told any more.
      for (const name of readDirectory(this.#libc, directory) ?? []) {
        const change = commandChange(`${directory}/${name}`, 0);
        if (change !== null) this.#found.push(change);
      }
    }
  }

  /**
   * What has changed since the last call; never waits.
   *
   * @param onLost Called when some changes were lost.
   */
  drain(onLost: () => void): readonly FileChange[] {
    const changes = this.#found;
    this.#found = [];
    for (const change of this.#watch.read()) {
      if ((change.mask & CHANGE.Q_OVERFLOW) !== 0) onLost();
      const found = this.#judge(change);
      if (found !== null) changes.push(found);
    }
    return changes;
  }

  /**
   * What a step has written; null for what is no plain file any more.
   */
  readCommands(path: string): string | null {
    const flags = O.RDONLY | O.NONBLOCK | O.NOFOLLOW;
    const bytes = new Uint8Array(MAX_COMMAND_BYTES);
    try {
      const fd = openFile(this.#libc, path, { flags });
      const { symbols } = this.#libc;
      const count = symbols.pread(fd, bytes, BigInt(MAX_COMMAND_BYTES), 0n);
      symbols.close(fd);
      return count < 0 ? null : new TextDecoder().decode(
        bytes.subarray(0, count),
      );
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    }
  }

  /** Takes all marks away; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  /** `bin`, and of `externals` where its programs are. */
  #addPrograms(directory: string): void {
    this.#mark(directory);
    for (const name of readDirectory(this.#libc, directory) ?? []) {
      const below = `${directory}/${name}`;
      if (readDirectory(this.#libc, below) === null) continue;
      this.#mark(below);
      this.#mark(`${below}/bin`);
    }
  }

  #mark(directory: string): boolean {
    if (this.#watch.size >= MAX_DIRECTORIES) return false;
    try {
      return this.#watch.mark(directory);
    } catch (error) {
      // It may not be there, or be no directory; then nothing is in it.
      if (error instanceof SystemCallError) return false;
      throw error;
    }
  }

  #judge({ directory, name, pid }: Change): FileChange | null {
    if (directory === null || name === "") return null;
    const path = `${directory}/${name}`;
    if (this.#commands.has(directory)) return commandChange(path, pid);
    if (this.#roots.has(directory) && !OWN.test(name)) return null;
    return { pid, path, of: "own" };
  }
}

function commandChange(path: string, pid: number): FileChange | null {
  const [, kind] = COMMAND_FILE.exec(path.slice(path.lastIndexOf("/") + 1)) ??
    [];
  if (kind === undefined) return null;
  return { pid, path, of: kind === "set_env" ? "env" : "path" };
}

/** Where the runner works: a directory of its own, or any other. */
export function workOf(libc: Libc, root: string): string {
  const text = tryReadText(libc, `${root}/.runner`) ?? "";
  const folder = /"workFolder"\s*:\s*"([^"\\]+)"/.exec(text)?.[1] ?? WORK;
  return folder.startsWith("/") ? folder : `${root}/${folder}`;
}
