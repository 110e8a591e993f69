/**
 * Signals that reach a guarded command through us.
 *
 * @module
 */
import { tryReadText } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { whileIgnoring } from "../ffi/spawn.ts";

/** <asm/signal.h>; those that a caller sends to end or to tell something. */
const RELAYED = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
} as const;

/** The terminal sends these to the whole process group, the command with it. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT"]);

/** Takes signals from when it is made, so that none ends us half armed. */
export class SignalRelay implements Disposable {
  readonly #libc: Libc;
  readonly #listeners: (() => void)[] = [];
  readonly #ignored: number[] = [];
  #pid: number | null = null;
  #early: number | null = null;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
    const ignored = ignoredSignals(libc);
    for (const name of Object.keys(RELAYED) as (keyof typeof RELAYED)[]) {
      const isIgnored = isBitSet(ignored, RELAYED[name] - 1);
      if (isIgnored) this.#ignored.push(RELAYED[name]);
      // Ignored or not, we listen: with its first listener Deno takes back
      // what nohup(1) has ignored, and would end with it.
      const listener = isIgnored ? () => {} : () => this.#relay(name);
      Deno.addSignalListener(name, listener);
      this.#listeners.push(() => Deno.removeSignalListener(name, listener));
    }
  }

  /** Starts a process that ignores what we were started to ignore. */
  inherit<T>(start: () => T): T {
    return whileIgnoring(this.#libc, this.#ignored, start);
  }

  /** The first signal that came before there was a command, or null. */
  async early(): Promise<number | null> {
    // Arming blocks this thread: what came meanwhile is delivered only now.
    await new Promise((resolve) => setTimeout(resolve));
    return this.#early;
  }

  /** Hands signals to a process from now on. */
  relayTo(pid: number): void {
    this.#pid = pid;
  }

  /** Leaves signals to their defaults; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const remove of this.#listeners.splice(0)) remove();
  }

  #relay(name: keyof typeof RELAYED): void {
    if (this.#pid === null) {
      this.#early ??= RELAYED[name];
    } else if (!FROM_TERMINAL.has(name) || !Deno.stdin.isTerminal()) {
      this.#libc.symbols.kill(this.#pid, RELAYED[name]);
    }
  }
}

/** The mask of proc_pid_status(5): bit n - 1 stands for signal n. */
function ignoredSignals(libc: Libc): bigint {
  const status = tryReadText(libc, "/proc/self/status") ?? "";
  return BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? 0}`);
}

function isBitSet(mask: bigint, bit: number): boolean {
  return (mask >> BigInt(bit) & 1n) === 1n;
}
