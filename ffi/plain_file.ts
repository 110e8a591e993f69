/**
 * Plain files by the bytes of their paths, for what somebody else has put
 * there: a device or a pipe in the place of a file is not so much as opened.
 *
 * @module
 */
import { type BytePath, bytePathOf } from "./byte_path.ts";
import { SystemCallError } from "./errors.ts";
import {
  FILE_TYPE,
  type FileLook,
  linkTarget,
  lookBehind,
  typeOf,
} from "./file_look.ts";
import { O } from "./files.ts";
import type { Libc } from "./libc.ts";
import { callAt } from "./long_path.ts";

/** An open plain file. */
export class PlainFile implements Disposable {
  /** When it was opened. */
  readonly look: FileLook;
  readonly #libc: Libc;
  #fd: number;

  private constructor(libc: Libc, of: { fd: number; look: FileLook }) {
    this.#libc = libc;
    this.#fd = of.fd;
    this.look = of.look;
  }

  /**
   * Opens a file to read, links followed.
   *
   * @returns Null when there is none, it may not be read or is no plain file.
   */
  static open(libc: Libc, path: BytePath): PlainFile | null {
    // O_PATH opens nothing yet: a device does not hear of it.
    const place = openAt(libc, { path, flags: O.PATH });
    if (place < 0) return null;
    try {
      const look = lookBehind(libc, place);
      if (typeOf(look) !== FILE_TYPE.PLAIN) return null;
      const again = bytePathOf(`/proc/self/fd/${place}`);
      const fd = openAt(libc, {
        path: again,
        flags: O.RDONLY | O.NONBLOCK,
      });
      return fd < 0 ? null : new PlainFile(libc, { fd, look });
    } finally {
      libc.symbols.close(place);
    }
  }

  /**
   * Reads on from where the last call ended.
   *
   * @returns How many bytes were read; 0 at the end.
   * @throws {SystemCallError} With the errno of read(2).
   */
  read(into: Uint8Array<ArrayBuffer>): number {
    const count = this.#libc.symbols.read(this.#fd, into, BigInt(into.length));
    return this.#libc.check("read", count);
  }

  /** Closes it; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Reads a whole plain file.
 *
 * @param limitBytes More than this is not read at all.
 * @returns Null when there is none, or it is longer.
 */
export function tryReadPlain(
  libc: Libc,
  { path, limitBytes }: {
    readonly path: BytePath;
    readonly limitBytes: number;
  },
): Uint8Array<ArrayBuffer> | null {
  using file = PlainFile.open(libc, path);
  if (file === null || file.look.bytes > limitBytes) return null;
  const buffer = new Uint8Array(file.look.bytes);
  let filled = 0;
  try {
    while (filled < buffer.length) {
      const count = file.read(buffer.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
  return buffer.subarray(0, filled);
}

/**
 * The path of a directory as the kernel tells it: no link in it, no `..`.
 *
 * @returns Null when there is none, or it cannot be reached.
 */
export function realDirectory(libc: Libc, path: BytePath): BytePath | null {
  const fd = openAt(libc, { path, flags: O.PATH | O.DIRECTORY });
  if (fd < 0) return null;
  try {
    return linkTarget(libc, bytePathOf(`/proc/self/fd/${fd}`));
  } catch (error) {
    // Where the path is longer than the kernel tells.
    if (error instanceof SystemCallError) return null;
    throw error;
  } finally {
    libc.symbols.close(fd);
  }
}

function openAt(
  libc: Libc,
  { path, flags }: { readonly path: BytePath; readonly flags: number },
): number {
  return callAt(
    libc,
    path,
    (fd, name) => libc.symbols.openat(fd, name, flags | O.CLOEXEC, 0),
  );
}
