/**
 * Everything that tells who took which rights, and the runner's protection.
 *
 * @module
 */
import type { PrivilegeRecord } from "../decode/privilege_record.ts";
import { RunnerDoors } from "../enforce/runner_doors.ts";
import { PrivilegeSource } from "../observe/bpf/privilege_source.ts";
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import type { ProcessWorld } from "./process_world.ts";
import type { Libc } from "../../ffi/libc.ts";

const SIGCONT = 18; // <asm/signal.h>, the same on arm64
/**
 * Whoever attaches itself to a process stops it, and is killed a moment later;
 * the stop may come after the first signal to go on.
 */
const RESUME_MS = [0, 20, 100, 500] as const;

interface Resumption {
  readonly pid: number;
  readonly atMs: number;
}

/** The programs in the kernel, and the doors of those who are protected. */
export class DeedSource implements Disposable {
  readonly #libc: Libc;
  readonly #source: PrivilegeSource;
  readonly #doors: RunnerDoors | null;
  #resumptions: Resumption[] = [];

  /** @param source Owned from now on; `doors` null for nobody's. */
  constructor(
    libc: Libc,
    of: {
      readonly source: PrivilegeSource;
      readonly doors: RunnerDoors | null;
    },
  ) {
    this.#libc = libc;
    this.#source = of.source;
    this.#doors = of.doors;
  }

  get fds(): readonly number[] {
    const doors = this.#doors === null ? [] : [this.#doors.fd];
    return [...this.#source.fds, ...doors];
  }

  /** A process has become the runner's, or is it no more. */
  setRunner(pid: number, isRunner: boolean): void {
    if (isRunner) this.#doors?.close(pid);
    else this.#doors?.open(pid);
  }

  /** What has come since the last call; never waits. */
  drain(nowMs: number): readonly PrivilegeRecord[] {
    const records = [...this.#source.drain()];
    for (const record of records) {
      if (record.kind !== "call" || record.call !== "ptrace") continue;
      if (!record.isDenied) continue;
      const { pid } = record.target;
      for (const ms of RESUME_MS) {
        this.#resumptions.push({ pid, atMs: nowMs + ms });
      }
    }
    this.#resume(nowMs);
    return [...records, ...this.#knocks()];
  }

  /** How many deeds could not be told since the last call. */
  takeLost(): number {
    return this.#source.takeLost();
  }

  /** Takes everything away; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#doors?.[Symbol.dispose]();
    this.#source[Symbol.dispose]();
  }

  #resume(nowMs: number): void {
    const due = this.#resumptions.filter(({ atMs }) => atMs <= nowMs);
    if (due.length === 0) return;
    this.#resumptions = this.#resumptions.filter(({ atMs }) => atMs > nowMs);
    for (const pid of new Set(due.map((each) => each.pid))) {
      this.#libc.symbols.kill(pid, SIGCONT);
    }
  }

  /** Opened, and found empty: as good as denied. */
  #knocks(): readonly PrivilegeRecord[] {
    const atUs = readClockUs(this.#libc, CLOCK.BOOTTIME);
    return (this.#doors?.drain() ?? [])
      .filter(({ pid, targetPid }) => pid !== targetPid)
      .map(({ pid, targetPid }) => ({
        kind: "memory",
        doer: { pid, startUs: 0 },
        atUs,
        target: { pid: targetPid, startUs: 0 },
        isProtected: true,
        isDenied: true,
        route: "environ",
      }));
  }
}

/**
 * Opens it where the kernel lets us, piece by piece; says so where it does not.
 *
 * @returns Null where only executions are heard of.
 * @throws {Error} When the runner was to be protected.
 */
export function* openDeedSource(
  world: ProcessWorld,
): Generator<void, DeedSource | null> {
  const { libc, order, source: { lineageFd, types }, tell } = world;
  const { agentPid, protectsRunner: protects } = order;
  try {
    if (lineageFd === undefined || types === undefined) {
      throw new Error("the kernel keeps no descents");
    }
    const watch = { lineageFd, types, agentPid, protects };
    using stack = new DisposableStack();
    const source = stack.use(yield* PrivilegeSource.open(libc, watch));
    const doors = protects ? stack.use(new RunnerDoors(libc)) : null;
    stack.move();
    return new DeedSource(libc, { source, doors });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // Whoever asked for it must not believe that it is there.
    if (protects) throw new Error(why, { cause: error });
    tell({
      kind: "agent",
      event: "impaired",
      message: `Who takes rights is heard of by executions only: ${why}`,
    });
    return null;
  }
}
