/**
 * The content of executables, as a policy asks for it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type FileStamp, stampOf } from "../../ffi/directories.ts";
import { O } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";

/** More is not read while a packet waits: some 20 ms. */
const MAX_WAITING_BYTES = 1 << 24;
/** More is not read at all. */
const MAX_BYTES = 1 << 30;
const CHUNK_BYTES = 1 << 20;
/** Programs of a policy, before and after they were changed. */
const MAX_KEPT = 256;
/** A file can change again within the kernel's grain of time, unnoticed. */
const SETTLED_MS = 1_000;
const AT_FDCWD = -100; // <linux/fcntl.h>

/** SHA-256 by file, as long as nobody touches it. */
export class ProgramHashes {
  readonly #libc: Libc;
  readonly #kept = new Map<string, string>();

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Reads a program before anybody waits for it, however large it is. */
  learn(path: string): void {
    this.#read({ directoryFd: AT_FDCWD, name: path, limitBytes: MAX_BYTES });
  }

  /**
   * The hash of what a process runs.
   *
   * @param directoryFd Its directory in /proc.
   * @returns In lower case hex; null when it cannot be read, or is large and
   * has changed since it was learned.
   */
  of(directoryFd: number): string | null {
    const limitBytes = MAX_WAITING_BYTES;
    return this.#read({ directoryFd, name: "exe", limitBytes });
  }

  #read(
    file: {
      readonly directoryFd: number;
      readonly name: string;
      readonly limitBytes: number;
    },
  ): string | null {
    const { directoryFd, name, limitBytes } = file;
    const { symbols } = this.#libc;
    const flags = O.RDONLY | O.CLOEXEC;
    const fd = symbols.openat(directoryFd, cString(name), flags, 0);
    if (fd < 0) return null;
    try {
      const stamp = stampOf(this.#libc, fd);
      if (stamp === null) return null;
      const key = keyOf(stamp);
      const kept = this.#kept.get(key);
      if (kept !== undefined) return kept;
      if (stamp.sizeBytes > limitBytes) return null;
      const hash = this.#hash(fd, stamp.sizeBytes);
      const after = stampOf(this.#libc, fd);
      if (hash === null || after === null || keyOf(after) !== key) return null;
      this.#keep(key, { hash, stamp });
      return hash;
    } finally {
      symbols.close(fd);
    }
  }

  #hash(fd: number, sizeBytes: number): string | null {
    const hash = createHash("sha256");
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let at = 0; at < sizeBytes;) {
      const { pread } = this.#libc.symbols;
      const count = pread(fd, chunk, BigInt(CHUNK_BYTES), BigInt(at));
      if (count <= 0) return null;
      hash.update(chunk.subarray(0, count));
      at += count;
    }
    return hash.digest("hex");
  }

  #keep(key: string, of: { hash: string; stamp: FileStamp }): void {
    const changedMs = Number(of.stamp.changed.split(".")[0]) * 1_000;
    if (Math.abs(Date.now() - changedMs) < 2 * SETTLED_MS) return;
    this.#kept.set(key, of.hash);
    if (this.#kept.size <= MAX_KEPT) return;
    this.#kept.delete(this.#kept.keys().next().value!);
  }
}

function keyOf({ id, sizeBytes, changed }: FileStamp): string {
  return `${id} ${sizeBytes} ${changed}`;
}
