/**
 * The packs of one directory of objects.
 *
 * @module
 */
import { below, type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import { readDirectoryFd } from "../../../ffi/directories.ts";
import { type FileLook, isUnchanged, lookAt } from "../../../ffi/file_look.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import { O } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { callAt } from "../../../ffi/long_path.ts";
import { PackFile } from "./pack_file.ts";

const INDEX_NAME = /^[\x21-\x7e]+\.idx$/;
/** Two descriptors each. */
const MAX_OPEN = 32;
/** git puts them together when there are 50, its gc.autoPackLimit. */
const MAX_PACKS = 256;
/** Three for each pack, and some that were left behind. */
const MAX_NAMES = 4096;
/** A directory can change again within the kernel's grain of time, unnoticed. */
const SETTLED_MS = 2_000;

/** Packs, of which some are open. */
export class PackList implements Disposable {
  readonly #libc: Libc;
  readonly #directory: BytePath;
  readonly #objectBytes: number;
  /** Without `.idx`, the one that was used last first. */
  #stems: BytePath[] = [];
  /** The one that was used last is last. */
  readonly #open = new Map<BytePath, PackFile>();
  /** What the directory was when it was listed; null when it may have changed. */
  #listed: FileLook | null = null;

  /** @param libc Must outlive this object. */
  constructor(
    libc: Libc,
    of: { readonly directory: BytePath; readonly objectBytes: number },
  ) {
    this.#libc = libc;
    this.#directory = below(of.directory, "pack" as BytePath);
    this.#objectBytes = of.objectBytes;
  }

  /** Asks one pack after the other, until one has an answer. */
  ask<T>(question: (pack: PackFile) => T | null): T | null {
    for (const stem of [...this.#stems]) {
      const answer = this.#askOne(stem, question);
      if (answer === null) continue;
      // The next object asked for is probably in the same pack.
      this.#stems = [stem, ...this.#stems.filter((each) => each !== stem)];
      return answer;
    }
    return null;
  }

  /**
   * Lists the packs, unless they are known.
   *
   * @returns Whether there can be other ones now.
   * @throws {SystemCallError} When the directory may not be read.
   */
  refresh(): boolean {
    const look = lookAt(this.#libc, this.#directory);
    const { symbols } = this.#libc;
    if (look === null) return false;
    if (this.#listed !== null && isUnchanged(look, this.#listed)) return false;
    const flags = O.RDONLY | O.DIRECTORY | O.CLOEXEC;
    const fd = callAt(
      this.#libc,
      this.#directory,
      (at, path) => symbols.openat(at, path, flags, 0),
    );
    this.#libc.check("openat", fd);
    try {
      this.#learn(readDirectoryFd(this.#libc, fd, MAX_NAMES));
    } finally {
      symbols.close(fd);
    }
    const ageMs = Date.now() - look.ctimeSeconds * 1_000;
    this.#listed = ageMs > SETTLED_MS ? look : null;
    return true;
  }

  /** Closes all; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#stems = [];
    this.#listed = null;
    this.#closeOthers();
  }

  #askOne<T>(
    stem: BytePath,
    question: (pack: PackFile) => T | null,
  ): T | null {
    try {
      const pack = this.#take(stem);
      if (pack !== null) return question(pack);
      // What is no pack is not asked again.
      this.#stems = this.#stems.filter((each) => each !== stem);
    } catch (error) {
      // Somebody's lease on one of them must not hide what is in the others.
      if (!(error instanceof SystemCallError)) throw error;
    }
    return null;
  }

  #learn(names: readonly string[]): void {
    const stems = new Set<BytePath>();
    for (const name of names) {
      if (!INDEX_NAME.test(name)) continue;
      const stem = name.slice(0, -".idx".length);
      stems.add(below(this.#directory, bytePathOf(stem)));
    }
    // Where somebody has put thousands, those that were known must stay known.
    const isListed = names.length < MAX_NAMES;
    const known = this.#stems.filter((each) => stems.delete(each) || !isListed);
    this.#stems = [...known, ...stems].slice(0, MAX_PACKS);
    this.#closeOthers();
  }

  #closeOthers(): void {
    for (const [stem, pack] of this.#open) {
      if (!this.#stems.includes(stem)) this.#close(stem, pack);
    }
  }

  #take(stem: BytePath): PackFile | null {
    const objectBytes = this.#objectBytes;
    const pack = this.#open.get(stem) ??
      PackFile.open(this.#libc, { stem, objectBytes });
    if (pack === null) return null;
    this.#open.delete(stem);
    this.#open.set(stem, pack);
    if (this.#open.size > MAX_OPEN) this.#close(...this.#oldest());
    return pack;
  }

  #oldest(): [BytePath, PackFile] {
    return this.#open.entries().next().value!;
  }

  #close(stem: BytePath, pack: PackFile): void {
    pack[Symbol.dispose]();
    this.#open.delete(stem);
  }
}
