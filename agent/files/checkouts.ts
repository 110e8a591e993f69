/**
 * Tells what git puts in place from what is overwritten.
 *
 * A checkout is known by who has written a file, and by what came of it: git
 * wrote it while it held its lock, and then an index that says so.
 *
 * @module
 */
import { ACT, type FileChange } from "../observe/files/file_source.ts";
import { isDotGit, isOfGit } from "../observe/git/git_path.ts";
import { type BytePath, textOf } from "../../ffi/byte_path.ts";
import type { ProcessAct, TreeProcess } from "../processes/process_tree.ts";
import { type Arrival, Arrivals } from "./arrivals.ts";
import type { FileWorld } from "./file_listener.ts";
import { unknownDeed } from "./finding.ts";
import { GitProcesses } from "./git_processes.ts";
import { GitRemovals } from "./git_removals.ts";
import type { HeldWrites } from "./held_writes.ts";
import { IndexLocks, type LockEnd } from "./index_locks.ts";
import type { HeardAct } from "./pending_looks.ts";
import { type Relearned, relearnTree } from "./relearning.ts";
import type { SourceLearner } from "./source_learner.ts";
import { splitPath } from "./sources.ts";
import type { Trees } from "./trees.ts";

/** What the checkouts work with; all of it is lent. */
export interface CheckoutsOptions {
  readonly world: FileWorld;
  readonly trees: Trees;
  readonly learner: SourceLearner;
  /** Called for a file that is to be looked at after all. */
  readonly look: (path: BytePath, acts: readonly HeardAct[]) => void;
}

/** Holds back what git writes until it is known what it was for. */
export class Checkouts {
  readonly #options: CheckoutsOptions;
  readonly #gits: GitProcesses;
  readonly #locks: IndexLocks;
  readonly #removals: GitRemovals;
  readonly #arrivals = new Arrivals();
  #learning: { turns: Generator<void>; arrival: Arrival } | null = null;

  constructor(options: CheckoutsOptions) {
    this.#options = options;
    this.#gits = new GitProcesses(options.world.processes);
    this.#removals = new GitRemovals(options.learner, (path, act) => {
      const held = this.#holding(path);
      if (held === null) options.look(path, [act]);
      // Git puts it there again: whatever it reads like now is half of it.
      else held.add(path, { act, others: [] });
    });
    this.#locks = new IndexLocks(this.#gits);
  }

  /** Whether there is something to do at once. */
  get isBusy(): boolean {
    return this.#learning !== null || this.#nextArrival() !== null;
  }

  /** Whether git has written or removed a file, and nobody knows yet what it was for. */
  isHolding(path: BytePath): boolean {
    return this.#learning?.arrival.held.isOpen(path) === true ||
      this.#holdingNext(path) !== null || this.#removals.has(path);
  }

  /** Hears what a process did, before the changes that it may have made. */
  hear(act: ProcessAct, process: TreeProcess): void {
    this.#gits.hear(act, process);
  }

  /**
   * Takes in a change.
   *
   * @returns True when nobody else need look at it, or not yet.
   */
  take(change: FileChange, nowMs: number): boolean {
    const { path, pid } = change;
    const { trees } = this.#options;
    if (isOfGit(path) || trees.isGitDirectory(splitPath(path).directory)) {
      if (isDotGit(path)) this.#hearDotGit(change, nowMs);
      const end = this.#locks.take(change, nowMs);
      if (end !== null) this.#end(end, nowMs);
      return true;
    }
    const act = { ...change, heardAtMs: nowMs };
    const lock = this.#locks.find(pid, nowMs);
    if (lock !== null) return lock.held.hold(path, act);
    if (this.#isRemovedByGit(change, nowMs)) {
      if (this.#removals.hold(change, nowMs)) return true;
    }
    return this.#holding(path)?.join(path, act) ?? false;
  }

  #hearDotGit(change: FileChange, nowMs: number): void {
    const root = splitPath(change.path).directory;
    this.#options.trees.expect(root);
    if (this.#isRemovedByGit(change, nowMs)) this.#removals.unmake(root, nowMs);
  }

  #isRemovedByGit({ acts, pid }: FileChange, nowMs: number): boolean {
    return (acts & ACT.REMOVED) !== 0 &&
      this.#gits.findLate(pid, nowMs) !== null;
  }

  /** One piece of work; false when there is none. */
  work(nowMs: number): boolean {
    if (this.#learning !== null) {
      if (this.#learning.turns.next().done === true) this.#learning = null;
      return true;
    }
    this.#removals.attend(nowMs);
    // Its end may be heard of before the last that it did.
    if (this.#locks.isAnyEnded(nowMs)) this.#options.world.drain();
    for (const end of this.#locks.takeEnded(nowMs)) this.#end(end, nowMs);
    const arrival = this.#nextArrival();
    if (arrival === null) return false;
    this.#arrivals.delete(arrival);
    this.#learning = { arrival, turns: this.#learn(arrival) };
    return true;
  }

  /** Git is at work again: its next index will say more. */
  #nextArrival(): Arrival | null {
    return this.#arrivals.next((directory) => this.#locks.isHeld(directory));
  }

  #holding(path: BytePath): HeldWrites | null {
    const next = this.#holdingNext(path);
    if (next !== null) return next;
    const learning = this.#learning?.arrival.held;
    return learning?.has(path) ? learning : null;
  }

  /** What is held for an index that nobody has begun to learn. */
  #holdingNext(path: BytePath): HeldWrites | null {
    return this.#locks.holding(path)?.held ?? this.#arrivals.holding(path);
  }

  #end(end: LockEnd, nowMs: number): void {
    if (end.kind === "given up") return this.#arrivals.giveUp(end.lock, nowMs);
    const { gitDirectory } = end;
    if (end.kind === "touched" || end.lock === null) this.#doubt(gitDirectory);
    if (end.kind === "index") this.#arrivals.put(end, nowMs);
  }

  /** What git has put there is no longer what is read. */
  #doubt(gitDirectory: BytePath): void {
    this.#arrivals.doubt(gitDirectory);
    const learning = this.#learning?.arrival;
    if (learning?.gitDirectory === gitDirectory) learning.isForged = true;
  }

  *#learn(arrival: Arrival): Generator<void> {
    const { trees, learner } = this.#options;
    const look = (path: BytePath, acts: readonly HeardAct[]) => {
      if (!this.#removals.has(path)) this.#options.look(path, acts);
    };
    const { gitDirectory, isGit, held } = arrival;
    const opened = trees.openAt(gitDirectory);
    const isLearned = opened !== null && (isGit || opened.isNew);
    const tracking = isLearned ? yield* trees.read(opened.tree) : null;
    if (opened !== null && tracking !== null) {
      const { tree } = opened;
      // Who else has written what was read now has been heard of then.
      const isHeard = this.#options.world.drain();
      const isOfGit = isGit && isHeard && !arrival.isForged;
      const { files, filtered } = yield* relearnTree(learner, {
        ...{ tree, tracking, isOfGit, held, look },
        countsWritten: arrival.count > 1,
        defer: (path, write) => this.#defer(path, write),
      });
      const { root } = tree;
      if (files > 0) this.#tell(arrival, { root, files, filtered });
    }
    this.#release(held);
  }

  /** Leaves it to the next index, when git has written it again meanwhile. */
  #defer(path: BytePath, write: Parameters<HeldWrites["add"]>[1]): boolean {
    this.#options.world.drain();
    const held = this.#holdingNext(path);
    held?.add(path, write);
    return held !== null;
  }

  #tell(
    { pid, heardAtMs }: Arrival,
    of: Relearned & { readonly root: BytePath },
  ): void {
    const { world } = this.#options;
    const { root, files, filtered: [first, ...more] } = of;
    const others = more.length === 0 ? "" : ` and ${more.length} more`;
    const filter = first === undefined
      ? ""
      : `; what a filter has made of ${textOf(first)}${others} only that ` +
        "filter could verify";
    const agoUs = (performance.now() - heardAtMs) * 1000;
    const deed = unknownDeed(world.clock.bootUs() - agoUs);
    world.find({
      ...{ change: "checkout", subject: "source", path: root, files },
      ...{ overwritten: false, before: null, after: null, diff: null },
      reason: `git has put ${files} files below ${
        textOf(root)
      } in place${filter}`,
      deed: { ...deed, pid },
    });
  }

  #release(held: HeldWrites): void {
    for (const [path, { act, others }] of held) {
      this.#options.look(path, [act, ...others]);
    }
  }
}
