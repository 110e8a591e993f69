/**
 * Where processes are heard of: one contract for all interfaces of the kernel.
 *
 * @module
 */
import type { ProcessKey, ProcessRecord } from "../decode/process_record.ts";
import type { KernelTypes } from "./bpf/kernel_types.ts";

/** The interfaces, the best first. */
export type ProcessSourceName = "bpf" | "audit" | "connector";

/** Descriptors of what lists the holders of sockets, for other threads. */
export interface FilesFds {
  readonly program: number;
  /** The map that says which socket is meant. */
  readonly wanted: number;
}

/** Hears of every fork, exec and exit on the host. */
export interface ProcessSource extends Disposable {
  /** Which interface it is. */
  readonly name: ProcessSourceName;
  /** Readable when there is something to {@linkcode drain}. */
  readonly fds: readonly number[];
  /**
   * The longest wait for {@link fds} before the next {@linkcode drain}; -1
   * when they become readable for everything. A source that has just told
   * something may save its reader a wake-up for what comes right after it.
   */
  readonly waitMilliseconds: number;
  /** Which process descends from which. Owned by the source. */
  readonly lineage: Lineage;
  /** The kernel's map behind it, for other threads; missing where it has none. */
  readonly lineageFd?: number;
  /** What lists the holders of sockets; missing where it has nothing. */
  readonly filesFds?: FilesFds | null;
  /** The kernel's types, for other programs; missing where they are not read. */
  readonly types?: KernelTypes;
  /** What has come since the last call; never waits. */
  drain(): readonly ProcessRecord[];
  /**
   * Like {@linkcode drain}, for the last time: a source that hears of things
   * piece by piece waits a moment for those that are still to come.
   */
  finish?(): readonly ProcessRecord[];
}

/** What a process is to us. */
export const ROLE = {
  /** Like any other. */
  PLAIN: 0,
  /** Each of its children begins a tree of its own: Runner.Worker, and us. */
  WORKER: 1,
  /** Of the runner itself, but no worker: Runner.Listener, the host's agents. */
  RUNNER: 2,
} as const;

/** Where a process comes from. */
export interface Descent extends ProcessKey {
  /** Who made it, dead or alive. */
  readonly parentPid: number;
  /**
   * The process at the top of its tree: that child of a worker from which it
   * descends, also when all in between have ended. Null outside such a tree.
   */
  readonly root: ProcessKey | null;
  /** One of {@linkcode ROLE}. A child has none, whatever its parent has. */
  readonly role: number;
  /**
   * The file that it has executed, whatever it calls itself since: device as in
   * mountinfo, and inode. Null for none, missing where the source cannot say.
   */
  readonly program?: string | null;
}

/** Which process descends from which, kept by the kernel where it can be. */
export interface Lineage {
  /** @returns Null for a process that is gone or was never heard of. */
  find(pid: number): Descent | null;
  /** Gives a process a role, from its next child on. */
  setRole(process: ProcessKey, role: number): void;
  /**
   * Puts a process into a tree; its next children are in it too.
   *
   * @param root The tree's first process; missing begins one with the process.
   */
  beginTree(process: ProcessKey, root?: ProcessKey): void;
}
