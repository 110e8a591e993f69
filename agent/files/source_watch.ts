/**
 * Watches the sources in all work spaces.
 *
 * @module
 */
import { ACT, type FileChange } from "../observe/files/file_source.ts";
import { type BytePath, bytePathOf } from "../../ffi/byte_path.ts";
import type { ProcessAct, TreeProcess } from "../processes/process_tree.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { Baselines } from "./baselines.ts";
import { Checkouts } from "./checkouts.ts";
import { Exemptions } from "./exemptions.ts";
import type { FileListener, FileWorld } from "./file_listener.ts";
import { Mounts } from "./mounts.ts";
import { NewPrograms } from "./new_programs.ts";
import { PendingLooks } from "./pending_looks.ts";
import { type Outcome, SourceLooks } from "./source_looks.ts";
import type { SourceLearner } from "./source_learner.ts";
import { Sources } from "./sources.ts";
import { Sweeps } from "./sweeps.ts";
import { Texts } from "./texts.ts";
import { Trees } from "./trees.ts";

/** A turn may take so long: the thread has processes to hear of. */
const TURN_MS = 5;
/** At its end, all sources are looked at for so long at most. */
const END_MS = 6_000;

/** What happens to a directory, and so to all that is below it. */
const PLACE_ACTS = ACT.CREATED | ACT.REMOVED | ACT.MOVED_HERE | ACT.MOVED_AWAY;

/** One look that is under way. */
interface Looking {
  readonly turns: Generator<void, Outcome>;
  readonly pending: Parameters<PendingLooks["park"]>[0];
}

/** The listener for sources. */
export class SourceWatch implements FileListener {
  readonly #world: FileWorld;
  readonly #roots: readonly BytePath[];
  readonly #sources = new Sources();
  readonly #texts = new Texts();
  readonly #pending = new PendingLooks();
  readonly #exemptions: Exemptions;
  readonly #looks: SourceLooks;
  readonly #baselines: Baselines;
  readonly #checkouts: Checkouts;
  readonly #mounts: Mounts;
  readonly #programs: NewPrograms;
  readonly #sweeps: Sweeps;
  /** Long work, one after the other. */
  readonly #tasks: Generator<void>[] = [];
  #looking: Looking | null = null;
  #isReady = false;
  #isEnding = false;

  constructor(world: FileWorld) {
    this.#world = world;
    const { processes, order, clock } = world;
    const { libc } = processes;
    this.#roots = order.workspaces.map(bytePathOf);
    this.#exemptions = new Exemptions(processes);
    this.#looks = new SourceLooks(libc, {
      ...{ sources: this.#sources, texts: this.#texts, clock },
      onSurprise: (pending) => {
        world.drain();
        this.#pending.catchUp(pending);
      },
      isHeldBack: (path) => !this.#isEnding && this.#checkouts.isHolding(path),
      onLinked: (path) => void world.files.follow(path),
    });
    const trees = new Trees(libc, {
      onUnreadable: (why) =>
        processes.tell({
          kind: "agent",
          event: "impaired",
          message: `What is tracked is not known: ${why}`,
        }),
    });
    const learner: SourceLearner = {
      ...{ libc, clock, texts: this.#texts, sources: this.#sources },
      put: (path, source, look) => {
        if (this.#exemptions.isIgnored(path)) return;
        this.#sources.set(path, source);
        this.#looks.forget(path);
        if (look !== null && look.links > 1) world.files.follow(path);
      },
      remove: (path) => {
        this.#sources.delete(path);
        this.#looks.forget(path);
      },
    };
    const isIgnored = (path: BytePath) => this.#exemptions.isIgnored(path);
    this.#baselines = new Baselines({
      ...{ world, trees, learner, isIgnored },
      later: (work) => this.#tasks.push(work),
    });
    this.#checkouts = new Checkouts({
      ...{ world, trees, learner },
      look: (path, acts) => {
        if (this.#sources.find(path) === null) return;
        for (const act of acts) this.#pending.add(path, act);
      },
    });
    const sources = this.#sources;
    this.#mounts = new Mounts({
      ...{ world, sources, roots: this.#roots },
      onOther: (directory) => {
        this.#tasks.push(this.#watchAnew(directory));
        this.#tasks.push(this.#lookBelow(directory));
      },
    });
    this.#programs = new NewPrograms({ world, sources, isIgnored });
    this.#sweeps = new Sweeps({ world, sources, pending: this.#pending });
    this.#tasks.push(this.#arm());
  }

  get fds(): readonly number[] {
    return this.#mounts.fds;
  }

  get isBusy(): boolean {
    return this.#tasks.length > 0 || this.#looking !== null ||
      this.#checkouts.isBusy || this.#programs.isBusy ||
      this.#pending.isDue(performance.now());
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  hear(act: ProcessAct, process: TreeProcess): void {
    this.#checkouts.hear(act, process);
    this.#baselines.hear(act, process);
  }

  take(change: FileChange, nowMs: number): void {
    this.#baselines.take(change);
    if (this.#checkouts.take(change, nowMs)) return;
    const { path, acts } = change;
    const act = { ...change, heardAtMs: nowMs };
    const isPlace = (acts & PLACE_ACTS) !== 0;
    if (isPlace && this.#sources.isBelow(path)) {
      for (const [source] of this.#sources.below(path)) {
        this.#pending.add(source, act);
      }
    }
    if (this.#sources.find(path) !== null) this.#pending.add(path, act);
    else this.#programs.take(change, nowMs);
  }

  lose(): void {
    this.#baselines.lose();
    for (const root of this.#roots) this.#tasks.push(this.#lookBelow(root));
  }

  attend(nowMs: number): void {
    const untilMs = performance.now() + TURN_MS;
    this.#mounts.attend();
    const sweep = this.#sweeps.begin(nowMs);
    if (sweep !== null) this.#tasks.push(sweep);
    do {
      if (!this.#work(nowMs)) return;
    } while (performance.now() < untilMs);
  }

  end(): void {
    const untilMs = performance.now() + END_MS;
    while (this.#checkouts.work(Infinity));
    this.#isEnding = true;
    this.lose();
    do {
      this.#pending.hurry();
      this.#programs.hurry();
      if (!this.#work(Infinity)) return;
    } while (performance.now() < untilMs);
    this.#world.processes.tell({
      kind: "agent",
      event: "impaired",
      message: "Not all sources could be looked at before the end",
    });
  }

  /** One piece of work; false when there is none. */
  #work(nowMs: number): boolean {
    // Before all is learned nobody can say what has changed.
    if (this.#isReady) {
      if (this.#look(nowMs) || this.#checkouts.work(nowMs)) return true;
      if (this.#programs.work(nowMs)) return true;
    }
    const [task] = this.#tasks;
    if (task === undefined) return false;
    if (task.next().done === true) this.#tasks.shift();
    return true;
  }

  #look(nowMs: number): boolean {
    this.#looking ??= this.#begin(nowMs);
    if (this.#looking === null) return false;
    const { turns, pending } = this.#looking;
    const turn = turns.next();
    if (turn.done !== true) return true;
    this.#looking = null;
    const outcome = turn.value;
    if (outcome.kind === "found") this.#world.find(outcome.finding);
    else if (outcome.kind === "open") this.#pending.park(pending);
    else if (outcome.kind === "held") {
      this.#pending.hold(pending, outcome.dueMs);
    } else if (outcome.kind === "later") {
      this.#pending.putBack(pending, outcome.dueMs);
    }
    return true;
  }

  #begin(nowMs: number): Looking | null {
    const pending = this.#pending.take(nowMs);
    if (pending === null) return null;
    return { pending, turns: this.#looks.look(pending, nowMs) };
  }

  *#arm(): Generator<void> {
    for (const root of this.#roots) yield* this.#baselines.arm(root);
    this.#isReady = true;
  }

  /** Something else is there now, which may be no directory. */
  *#watchAnew(path: BytePath): Generator<void> {
    try {
      yield* this.#world.files.watchTree(path);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      this.#world.files.follow(path);
      this.#sweeps.add(path);
    }
  }

  *#lookBelow(root: BytePath): Generator<void> {
    yield* this.#sweeps.lookBelow(root);
  }
}
