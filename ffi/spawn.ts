/**
 * Child processes by posix_spawn: any environment, no Deno permission to run.
 *
 * Deno.Command refuses an environment that holds LD_* unless everything may
 * be run, and builds do hold LD_LIBRARY_PATH.
 *
 * @module
 */
import { SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { cString } from "./text.ts";

/** <spawn.h> flags, glibc. */
const POSIX_SPAWN = { SETSIGDEF: 0x04, SETSID: 0x80 } as const;

/** More than glibc's structures need on any architecture (336 and 80 bytes). */
const STRUCTURE_BYTES = 1024;

const POINTER_BYTES = 8;
const SIGPIPE = 13; // <asm/signal.h>

/** What to start. */
export interface SpawnOptions {
  /** Absolute path of the program. */
  readonly path: string;
  /** The argument vector, `argv[0]` first. */
  readonly args: readonly string[];
  /** `NAME=value` pairs: the whole environment, nothing is inherited. */
  readonly environment: readonly string[];
  /** Working directory; default the caller's. */
  readonly directory?: string;
  /** Descriptors for 0, 1 and 2; default the caller's own. */
  readonly stdio?: readonly [number, number, number];
  /** True makes it the leader of a session of its own. */
  readonly session?: boolean;
}

/**
 * Starts a process. Its descriptors above 2 are closed if ours are O_CLOEXEC.
 *
 * @returns The child's process id; {@linkcode waitForExit} must be called once.
 * @throws {SystemCallError} With the errno of execve(2) or chdir(2).
 */
export function spawn(libc: Libc, options: SpawnOptions): number {
  const { symbols } = libc;
  const actions = new Uint8Array(STRUCTURE_BYTES);
  const attributes = new Uint8Array(STRUCTURE_BYTES);
  const argv = new StringVector(libc, options.args);
  const envp = new StringVector(libc, options.environment);
  symbols.posix_spawn_file_actions_init(actions);
  symbols.posix_spawnattr_init(attributes);
  try {
    for (const [target, fd] of (options.stdio ?? []).entries()) {
      symbols.posix_spawn_file_actions_adddup2(actions, fd, target);
    }
    if (options.directory !== undefined) {
      symbols.posix_spawn_file_actions_addchdir_np(
        actions,
        cString(options.directory),
      );
    }
    // Deno ignores SIGPIPE, and a child would inherit that: `yes | head`
    // inside a guarded command would then never end.
    const signals = new Uint8Array(128); // sigset_t, 1024 bits
    signals[(SIGPIPE - 1) >> 3]! |= 1 << ((SIGPIPE - 1) & 7);
    symbols.posix_spawnattr_setsigdefault(attributes, signals);
    const session = options.session ? POSIX_SPAWN.SETSID : 0;
    symbols.posix_spawnattr_setflags(
      attributes,
      POSIX_SPAWN.SETSIGDEF | session,
    );
    const pid = new Int32Array(1);
    const errno = symbols.posix_spawn(
      pid,
      cString(options.path),
      actions,
      attributes,
      argv.address,
      envp.address,
    );
    if (errno !== 0) throw new SystemCallError("posix_spawn", errno);
    return pid[0]!;
  } finally {
    symbols.posix_spawnattr_destroy(attributes);
    symbols.posix_spawn_file_actions_destroy(actions);
    argv[Symbol.dispose]();
    envp[Symbol.dispose]();
  }
}

/**
 * Does something while signals are ignored: a child started by it ignores them
 * as well, until it says otherwise.
 *
 * @param signals Their numbers.
 */
export function whileIgnoring<T>(
  libc: Libc,
  signals: readonly number[],
  act: () => T,
): T {
  const SIG_IGN = 1; // <asm-generic/signal-defs.h>; sa_handler comes first
  const ignore = new Uint8Array(STRUCTURE_BYTES).with(0, SIG_IGN);
  const before = signals.map((signal) => {
    const old = new Uint8Array(STRUCTURE_BYTES);
    libc.symbols.sigaction(signal, ignore, old);
    return { signal, old };
  });
  try {
    return act();
  } finally {
    for (const { signal, old } of before) {
      libc.symbols.sigaction(signal, old, null);
    }
  }
}

/**
 * Waits until a child has ended, without blocking this thread.
 *
 * @param pid A child of this process that nobody else waits for.
 * @returns Its exit code, or 128 and the signal's number as shells report it.
 */
export async function waitForExit(libc: Libc, pid: number): Promise<number> {
  const status = new Int32Array(1);
  // errno belongs to another thread; only EINTR can make a wait for one's own
  // child fail, and waiting again is right for it.
  while (await libc.symbols.waitpid(pid, status, 0) !== pid);
  return exitCode(status[0]!);
}

/** Like {@linkcode waitForExit}, blocking this thread. */
export function waitForExitBlocking(libc: Libc, pid: number): number {
  const status = new Int32Array(1);
  while (libc.symbols.waitpidBlocking(pid, status, 0) !== pid);
  return exitCode(status[0]!);
}

/** <bits/waitstatus.h> */
function exitCode(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

/** A `char *const[]` in C memory. */
class StringVector implements Disposable {
  readonly #libc: Libc;
  #address: bigint;

  constructor(libc: Libc, strings: readonly string[]) {
    this.#libc = libc;
    const encoded = strings.map(cString);
    const tableBytes = (encoded.length + 1) * POINTER_BYTES;
    const textBytes = encoded.reduce((sum, { length }) => sum + length, 0);
    const block = new Uint8Array(tableBytes + textBytes);
    const address = libc.symbols.malloc(BigInt(block.length));
    if (address === 0n) throw new SystemCallError("malloc", 12);
    this.#address = address;
    const table = new DataView(block.buffer);
    let at = tableBytes;
    for (const [index, text] of encoded.entries()) {
      table.setBigUint64(index * POINTER_BYTES, address + BigInt(at), true);
      block.set(text, at);
      at += text.length;
    }
    libc.symbols.copyInto(address, block, BigInt(block.length));
  }

  /** Where the table starts; valid until disposed. */
  get address(): bigint {
    return this.#address;
  }

  [Symbol.dispose](): void {
    if (this.#address === 0n) return;
    this.#libc.symbols.free(this.#address);
    this.#address = 0n;
  }
}
