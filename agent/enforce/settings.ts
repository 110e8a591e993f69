/**
 * Kernel settings that decide whether packets come by our rules at all.
 *
 * @module
 */
import { SystemCallError } from "../../ffi/errors.ts";
import { canAccess, tryReadText, writeControl } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/**
 * With these off, what a container sends to a bridge that has a network card
 * as one of its ports leaves without being asked about. They are there when
 * the module br_netfilter is loaded.
 */
const PATHS = [
  "/proc/sys/net/bridge/bridge-nf-call-iptables",
  "/proc/sys/net/bridge/bridge-nf-call-ip6tables",
];

/** A setting that was on and is off. */
export interface LostSetting {
  readonly path: string;
  readonly isPutBack: boolean;
}

/** Remembers what is on, of the calling thread's network namespace. */
export class Settings {
  readonly #libc: Libc;
  readonly #on: readonly string[];

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#on = PATHS.filter((path) => this.#isOn(path));
  }

  /** Puts on again what somebody has put off. */
  restore(): LostSetting[] {
    return this.#on.filter((path) => this.#isOff(path)).map((path) => ({
      path,
      isPutBack: this.#putOn(path),
    }));
  }

  /** Also when it is gone, but not when there is no descriptor to read it. */
  #isOff(path: string): boolean {
    if (!canAccess(this.#libc, path)) return true;
    return tryReadText(this.#libc, path)?.trim() === "0";
  }

  #isOn(path: string): boolean {
    return tryReadText(this.#libc, path)?.trim() === "1";
  }

  #putOn(path: string): boolean {
    try {
      writeControl(this.#libc, path, "1");
      return this.#isOn(path);
    } catch (error) {
      if (error instanceof SystemCallError) return false;
      throw error;
    }
  }
}
