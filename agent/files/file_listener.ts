/**
 * What the watching of files is made of: parts that hear of every change.
 *
 * @module
 */
import type { FileChange, FileSource } from "../observe/files/file_source.ts";
import type { FileOrder } from "../processes/process_messages.ts";
import type { ProcessAct, TreeProcess } from "../processes/process_tree.ts";
import type { ProcessWorld } from "../processes/process_world.ts";
import type { FileClock } from "./file_clock.ts";
import type { Finding } from "./finding.ts";

/** Lent to every part, for as long as the thread runs. */
export interface FileWorld {
  readonly processes: ProcessWorld;
  readonly order: FileOrder;
  readonly files: FileSource;
  readonly clock: FileClock;
  /**
   * Takes in what has come by now: each listener's `take` is called.
   *
   * @returns False when more comes than anybody can take.
   */
  readonly drain: () => boolean;
  /** Takes a finding, to be told when it is known whose it is. */
  readonly find: (finding: Finding) => void;
}

/** Something that hears of changes in files. */
export interface FileListener {
  /** Whether it wants its next turn at once. */
  readonly isBusy: boolean;
  /** Whether it knows what is to be there: before that nobody is armed. */
  readonly isReady: boolean;
  /** Readable when it has something else to do; may change. */
  readonly fds?: readonly number[];
  /** Takes in a change: also one that another part has asked for. */
  take(change: FileChange, nowMs: number): void;
  /** Changes were lost. */
  lose(nowMs: number): void;
  /** Hears what a process did, before the changes that it may have made. */
  hear?(act: ProcessAct, process: TreeProcess): void;
  /** Its turn, of some milliseconds. */
  attend(nowMs: number): void;
  /** The thread ends: what is not yet found must be found now. */
  end(): void;
}
