/**
 * The C library: one disposable handle.
 *
 * Files of /proc, /sys and /dev, child processes and sockets all go through
 * here, so that the program needs no Deno permission but this library.
 *
 * @module
 */
import { SystemCallError } from "./errors.ts";
import { LIBC_SYMBOLS } from "./libc_symbols.ts";

// A bare soname under `--allow-ffi=<path>` resolves against the working
// directory, so only an absolute path can be granted on its own.
const LIBC_PATH = `/usr/lib/${Deno.build.arch}-linux-gnu/libc.so.6`;

/** An open libc. Dispose it last: every descriptor wrapper borrows it. */
export class Libc implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof LIBC_SYMBOLS>;
  readonly #errno = new Int32Array(1);
  #open = true;

  /**
   * Loads the library.
   *
   * @param path Absolute path of the shared object.
   * @throws {Deno.errors.NotCapable} Without `--allow-ffi` for that path.
   */
  constructor(path: string = LIBC_PATH) {
    this.#library = Deno.dlopen(path, LIBC_SYMBOLS);
  }

  /** The raw calls; give each result that can be negative to {@linkcode check}. */
  get symbols(): Deno.DynamicLibrary<typeof LIBC_SYMBOLS>["symbols"] {
    return this.#library.symbols;
  }

  /**
   * The calling thread's errno, to be read right after the call that failed.
   *
   * Meaningless after a `nonblocking` symbol, which ran on another thread.
   */
  errno(): number {
    // memcpy and not UnsafePointerView, which would need unscoped --allow-ffi.
    const location = this.symbols.__errno_location();
    this.symbols.memcpy(this.#errno, location, 4n);
    return this.#errno[0]!;
  }

  /**
   * Passes a call's result through, or throws with the call's errno.
   *
   * @param call The C function's name, for the message.
   * @param result What it returned; negative means failure.
   * @returns `result` as a number, zero or more.
   * @throws {SystemCallError} When `result` is negative.
   */
  check(call: string, result: number): number {
    if (result >= 0) return result;
    throw new SystemCallError(call, this.errno());
  }

  /** Unloads the library; the symbols must not be called again. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#library.close();
  }
}
