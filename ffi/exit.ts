/**
 * The end of this process.
 *
 * @module
 */
import { Libc } from "./libc.ts";

/**
 * Ends the process as it is: _exit(2).
 *
 * `Deno.exit` calls exit(3), which takes down what V8 shares between threads
 * while those of terminated workers may still be in it: now and then the
 * process has ended by SIGSEGV or SIGABRT then, and its exit code was lost.
 *
 * @param code 0 to 255.
 */
export function exitNow(code: number): never {
  try {
    new Libc().symbols._exit(code);
  } catch {
    // Where there is no such library, no thread was ever made.
  }
  Deno.exit(code);
}
