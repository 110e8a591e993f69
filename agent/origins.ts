/**
 * From a process to its step, asked while its packet is held.
 *
 * @module
 */
import { LineageMap } from "./observe/bpf/lineage_map.ts";
import { SocketFiles } from "./observe/bpf/socket_files.ts";
import { ProcDescent } from "./observe/proc_descent.ts";
import type { Process } from "./observe/processes.ts";
import { type Descent, type Lineage, ROLE } from "./observe/process_source.ts";
import { ticksOf } from "./decode/clock_ticks.ts";
import type { ProcessKey } from "./decode/process_record.ts";
import { StepBoard, type StepName } from "./processes/step_board.ts";
import type { SharedProcesses } from "./thread_messages.ts";
import { Bpf } from "../ffi/bpf.ts";
import { SystemCallError } from "../ffi/errors.ts";
import type { Libc } from "../ffi/libc.ts";

/**
 * A step that has just begun is named within this, if it is at all: at the
 * latest when its worker's log has not named it for 250 ms. On a quiet machine
 * it takes a few.
 */
const NAMED_MS = 400;
/** Trees without a name that are remembered, so that none is waited for twice. */
const MAX_AWAITED = 1024;

/** Where a process belongs. */
export type Origin = { readonly [part in keyof StepName]: string | null };

const NOWHERE: Origin = { step: null, substep: null };

/** Finds steps. It owns nothing. */
export class Origins {
  readonly #lineage: Pick<Lineage, "find">;
  readonly #board: Pick<StepBoard, "find" | "waitFor">;
  readonly #awaited = new Set<string>();

  /** @param of Who descends from whom, and what steps are called. */
  constructor(
    of: {
      readonly lineage: Pick<Lineage, "find">;
      readonly board: Pick<StepBoard, "find" | "waitFor">;
    },
  ) {
    this.#lineage = of.lineage;
    this.#board = of.board;
  }

  /** Where a process comes from; null for one that nothing is known of. */
  descentOf(
    { pid, startTicks }: Pick<Process, "pid" | "startTicks">,
  ): Descent | null {
    const descent = this.#find(pid);
    if (descent === null) return null;
    // Else it is of a process that had the same pid.
    const isSame = ticksOf(descent.startUs) === startTicks;
    return isSame ? descent : null;
  }

  /** Where a process belongs; waits a moment for a name that is to come. */
  of(descent: Descent | null): Origin {
    const root = descent?.root ?? null;
    return root === null ? NOWHERE : this.#nameOf(root) ?? NOWHERE;
  }

  #find(pid: number): Descent | null {
    try {
      return this.#lineage.find(pid);
    } catch (error) {
      // Whoever kept the map is gone: nothing is known any more.
      if (error instanceof SystemCallError) return null;
      throw error;
    }
  }

  #nameOf(root: ProcessKey): StepName | null {
    const name = this.#board.find(root);
    if (name !== null) return name;
    const key = `${root.pid} ${root.startUs}`;
    if (this.#awaited.has(key)) return null;
    if (this.#awaited.size >= MAX_AWAITED) this.#awaited.clear();
    this.#awaited.add(key);
    return this.#board.waitFor(root, NAMED_MS);
  }
}

/** Whether a process is the runner itself, and not what the runner started. */
export function isRunner({ role }: Descent): boolean {
  return role === ROLE.WORKER || role === ROLE.RUNNER;
}

/**
 * Opens what another thread shares.
 *
 * @param of The stack takes what is to be closed.
 */
export function openProcesses(
  libc: Libc,
  of: {
    readonly shared: SharedProcesses | null;
    readonly stack: DisposableStack;
  },
): { readonly origins: Origins | null; readonly files: SocketFiles | null } {
  const { shared, stack } = of;
  if (shared === null) return { origins: null, files: null };
  const { lineageFd, filesFds, steps } = shared;
  const board = new StepBoard(steps);
  const lineage = lineageFd === null
    ? new ProcDescent(libc, (root) => board.find(root) !== null)
    : new LineageMap(stack.use(new Bpf(libc)), lineageFd);
  const files = filesFds === null ? null : SocketFiles.open(libc, filesFds);
  if (files !== null) stack.use(files);
  return { origins: new Origins({ lineage, board }), files };
}
