/**
 * Learns what the sources are to be: what git tracks when the guard is armed,
 * and without git what is there.
 *
 * @module
 */
import { ACT, type FileChange } from "../observe/files/file_source.ts";
import { type BytePath, isWithin } from "../../ffi/byte_path.ts";
import type { ProcessAct, TreeProcess } from "../processes/process_tree.ts";
import type { FileWorld } from "./file_listener.ts";
import { learnTree } from "./learning.ts";
import { learnPlainTree } from "./plain_tree.ts";
import type { SourceLearner } from "./source_learner.ts";
import type { Trees } from "./trees.ts";

const ARRIVALS = ACT.CREATED | ACT.CLOSED | ACT.MOVED_HERE;

/** What the baselines work with; all of it is lent. */
export interface BaselinesOptions {
  readonly world: FileWorld;
  readonly trees: Trees;
  readonly learner: SourceLearner;
  readonly isIgnored: (path: BytePath) => boolean;
  /** Called with work to be done when there is time. */
  readonly later: (work: Generator<void>) => void;
}

/** Knows where a first step is still to put the sources. */
export class Baselines {
  readonly #options: BaselinesOptions;
  /** Work spaces without a repository, and whether a file has come there. */
  readonly #awaited = new Map<BytePath, boolean>();

  constructor(options: BaselinesOptions) {
    this.#options = options;
  }

  /** Learns a work space, when the guard is armed. */
  *arm(root: BytePath): Generator<void> {
    const { world, trees, learner } = this.#options;
    yield* world.files.watchTree(root);
    const found = yield* trees.find(root);
    for (const tree of found) {
      const tracking = yield* trees.read(tree);
      if (tracking === null) continue;
      yield* learnTree(learner, { tree, tracking });
    }
    if (found.length > 0) return;
    // A command finds its sources there; a job has yet to put them there.
    if (world.processes.order.scope === "host") this.#awaited.set(root, false);
    else yield* this.#learn(root, world.clock.nowUs());
  }

  /** Hears of a step's end. */
  hear(act: ProcessAct, { root }: TreeProcess): void {
    if (this.#awaited.size === 0 || act.kind !== "exit") return;
    if (root?.pid !== act.pid || root.startUs !== act.startUs) return;
    this.#options.later(this.#endStep(this.#options.world.clock.nowUs()));
  }

  /** Takes in a change: by it is known whether a step has put files there. */
  take({ path, acts, isDirectory }: FileChange): void {
    if (isDirectory || (acts & ARRIVALS) === 0) return;
    for (const [root, hasFiles] of this.#awaited) {
      if (!hasFiles && isWithin(path, root)) this.#awaited.set(root, true);
    }
  }

  /** Changes were lost: files may have come. */
  lose(): void {
    for (const root of this.#awaited.keys()) this.#awaited.set(root, true);
  }

  *#endStep(endedUs: number): Generator<void> {
    const { world, trees } = this.#options;
    // What the step has done is heard of after its end.
    world.drain();
    for (const [root, hasFiles] of [...this.#awaited]) {
      // Another step may have ended while this one was being learned.
      if (!hasFiles || !this.#awaited.delete(root)) continue;
      const found = yield* trees.find(root);
      if (found.length === 0) yield* this.#learn(root, endedUs);
    }
  }

  *#learn(root: BytePath, untilUs: number): Generator<void> {
    const { world, learner, isIgnored } = this.#options;
    const { processes } = world;
    yield* learnPlainTree(learner, {
      ...{ root, untilUs, isIgnored },
      onLeftOut: (why) =>
        processes.tell({
          kind: "agent",
          event: "impaired",
          message: `Not all that is there is known: ${why}`,
        }),
    });
  }
}
