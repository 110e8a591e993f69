/**
 * What the process thread is made of: parts that hear of every process, and
 * that may watch descriptors of their own.
 *
 * @module
 */
import type { ProcessKey } from "../decode/process_record.ts";
import type { FoundProcess } from "../observe/process_list.ts";
import type { ProcessAct, TreeProcess } from "./process_tree.ts";

/**
 * Something that wants a turn when its descriptors are readable, and when time
 * has passed.
 */
export interface Watched {
  /** What is waited for; may be others from one turn to the next. */
  readonly fds: readonly number[];
  /** Whether it wants its next turn at once. */
  readonly isBusy?: boolean;
  /** The longest wait until its next turn; missing when it has no wish. */
  readonly waitMilliseconds?: number;
  /**
   * Its turn: after each wait of the thread, which is 100 ms at most. Looks for
   * itself whether there is something to do, and never waits.
   *
   * @param nowMs Milliseconds on a clock that never goes back.
   */
  attend(nowMs: number): void;
}

/** Something that hears of every process, in the order of its parts. */
export interface ProcessPart extends Watched {
  /**
   * @param act What happened.
   * @param process Whose it is, as the tree knows it after that.
   */
  hear(act: ProcessAct, process: TreeProcess): void;
  /**
   * Takes in what is there already: at the beginning, and after a loss.
   *
   * @param found All processes; the tree knows them by now.
   */
  meet?(found: readonly FoundProcess[]): void;
  /**
   * Whether it is as far as it must be before anybody is armed; missing means
   * that it is.
   */
  readonly isReady?: boolean;
  /** The thread ends: what is not yet told must be told now. */
  end(nowMs: number): void;
}

/** Names the steps by the first processes of their trees. */
export interface StepNames {
  /** Whether a name is about to be found; never for long. */
  isPending(root: ProcessKey): boolean;
  /** Null while it has no name. */
  find(root: ProcessKey): {
    readonly step: string;
    readonly substep: string | null;
  } | null;
}
