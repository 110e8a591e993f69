/**
 * The agent's own files: whether they are what they were when it started.
 *
 * What is loaded stays loaded, but `sluice stop` and a new packet thread read
 * the source again, as root.
 *
 * @module
 */
import { readDirectory, stampOf } from "../ffi/directories.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { readFile, readLink } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";

/** What a start reads, in the directory of the project or of a program. */
const FOLDERS = ["agent", "ffi"];
const FILES = ["deno.json", "deno.lock"];
/** Each look reads so many that were not read yet: no look takes long. */
const READ_AT_ONCE = 128;

interface OwnFile {
  /** What it was like when its content was right. */
  stamp: string;
  /** SHA-256 of its content; null before it was read. */
  digest: string | null;
}

/** Remembers them from when it is made. */
export class OwnFiles {
  readonly #libc: Libc;
  readonly #files: ReadonlyMap<string, OwnFile>;
  readonly #runtime: { readonly path: string; id: string } | null;

  /**
   * @param libc Must outlive this object.
   * @param root The project's directory; where there is none, as in a compiled
   * program, only that is watched.
   */
  constructor(libc: Libc, root: string = projectRoot()) {
    this.#libc = libc;
    const paths = [
      ...FOLDERS.flatMap((folder) => listFiles(libc, `${root}${folder}`)),
      ...FILES.map((name) => `${root}${name}`),
    ];
    this.#files = new Map(paths.flatMap((path) => {
      const stamp = this.#stamp(path);
      return stamp === "" ? [] : [[path, { stamp, digest: null }]];
    }));
    const path = readLink(libc, "/proc/self/exe");
    this.#runtime = path === null ? null : { path, id: this.#id(path) };
  }

  /**
   * Looks at each of them.
   *
   * @returns The paths of those that hold something else by now, once for each
   * change.
   */
  async findChanged(): Promise<string[]> {
    const changed: string[] = [];
    let read = 0;
    for (const [path, file] of this.#files) {
      const stamp = this.#stamp(path);
      const isSame = stamp === file.stamp;
      if (isSame && (file.digest !== null || read === READ_AT_ONCE)) continue;
      read++;
      const digest = await this.#digest(path);
      // Whoever changes an owner or a mode has changed no content.
      if (!isSame && digest !== file.digest) changed.push(path);
      // Unread for want of a descriptor: another time.
      if (isSame && digest === "") continue;
      file.stamp = stamp;
      file.digest = digest;
    }
    return [...changed, ...this.#changedRuntime()];
  }

  /** A program that runs cannot be written to, only replaced. */
  #changedRuntime(): string[] {
    if (this.#runtime === null) return [];
    const { path } = this.#runtime;
    const id = this.#id(path);
    if (id === this.#runtime.id) return [];
    this.#runtime.id = id;
    return [path];
  }

  #id(path: string): string {
    return stampOf(this.#libc, path)?.id ?? "";
  }

  #stamp(path: string): string {
    const stamp = stampOf(this.#libc, path);
    return stamp === null
      ? ""
      : `${stamp.id} ${stamp.sizeBytes} ${stamp.changed}`;
  }

  /** Empty for a file that cannot be read. */
  async #digest(path: string): Promise<string> {
    let bytes: Uint8Array;
    try {
      bytes = readFile(this.#libc, path);
    } catch (error) {
      // Too large for a source of ours is changed as well.
      const isKnown = error instanceof SystemCallError ||
        error instanceof RangeError;
      if (isKnown) return "";
      throw error;
    }
    const digest = await crypto.subtle.digest("SHA-256", bytes.slice());
    return new Uint8Array(digest).toHex();
  }
}

function projectRoot(): string {
  const directory = import.meta.dirname ?? "";
  return directory.slice(0, directory.lastIndexOf("/") + 1);
}

function listFiles(libc: Libc, directory: string): string[] {
  return (readDirectory(libc, directory) ?? []).flatMap((name) => {
    const path = `${directory}/${name}`;
    return /\.(?:ts|js|json)$/.test(name) ? [path] : listFiles(libc, path);
  });
}
