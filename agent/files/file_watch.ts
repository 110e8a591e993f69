/**
 * The part of the process thread that watches files.
 *
 * @module
 */
import { openFileSource } from "../observe/files/open_file_source.ts";
import type {
  FileSource,
  FileSourceName,
} from "../observe/files/file_source.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { bytePathOf, textOf } from "../../ffi/byte_path.ts";
import { WallClock } from "../record/line.ts";
import { LossTally } from "../processes/loss_tally.ts";
import type { FileOrder } from "../processes/process_messages.ts";
import type { ProcessPart, StepNames } from "../processes/process_part.ts";
import type { ProcessAct, TreeProcess } from "../processes/process_tree.ts";
import type { ProcessWorld } from "../processes/process_world.ts";
import { Exemptions } from "./exemptions.ts";
import { FileClock } from "./file_clock.ts";
import { FileEvents } from "./file_events.ts";
import type { FileListener, FileWorld } from "./file_listener.ts";
import { ProgramPlaces } from "./program_places.ts";
import { SecretWatch } from "./secret_watch.ts";
import { SourceWatch } from "./source_watch.ts";
import { ToolWatch } from "./tool_watch.ts";

/**
 * Whoever writes much would pay for waking us each time: what comes right
 * behind something else waits for this long.
 */
const REST_MS = 1;
/** Somebody who makes changes all the time must not keep us here. */
const MAX_TURNS = 64;
/** Of directories that are not watched, so many are named. */
const MAX_NAMED = 32;

/** Owns the source, and all that listens to it. */
export class FileWatch implements ProcessPart, Disposable {
  readonly #source: FileSource | null;
  readonly #events: FileEvents;
  readonly #losses: LossTally;
  readonly #listeners: readonly FileListener[];
  readonly #world: ProcessWorld;
  #refused = 0;
  #drainedAtMs = 0;
  #restUntilMs = 0;

  /**
   * Begins to hear; what is to be there is learned turn by turn.
   *
   * @param world Its `order.files` says what is watched.
   * @param steps Their names; lent.
   */
  constructor(world: ProcessWorld, steps: StepNames) {
    this.#world = world;
    const { libc, tell, order: { files: order } } = world;
    const exemptions = new Exemptions(world);
    this.#events = new FileEvents({
      ...{ world, steps },
      allowanceFor: (finding, by) => exemptions.find(finding, by),
    });
    const wall = new WallClock();
    this.#losses = new LossTally(tell, {
      format: (atMs) => wall.format(atMs),
      what: "sources",
      consequence: "all sources are looked at again, but who changed them, " +
        "and what they were in between, may be unknown",
    });
    const files = order === null ? null : open(world, order);
    this.#source = files;
    this.#listeners = files === null || order === null ? [] : listenersOf({
      ...{ processes: world, order, files },
      clock: new FileClock(libc),
      drain: () => this.#drainAll(),
      find: (finding) => this.#events.add(finding, performance.now()),
    });
  }

  /** By what changes are heard of; null when they are not. */
  get sourceName(): FileSourceName | null {
    return this.#source?.name ?? null;
  }

  get fds(): readonly number[] {
    const isResting = performance.now() < this.#restUntilMs;
    return [
      ...(isResting ? [] : this.#source?.fds ?? []),
      ...this.#listeners.flatMap(({ fds = [] }) => fds),
    ];
  }

  /** {@inheritDoc Watched.waitMilliseconds} */
  get waitMilliseconds(): number | undefined {
    const restMs = this.#restUntilMs - performance.now();
    return restMs > 0 ? Math.ceil(restMs) : undefined;
  }

  get isBusy(): boolean {
    return this.#listeners.some(({ isBusy }) => isBusy);
  }

  /** {@inheritDoc ProcessPart.isReady} */
  get isReady(): boolean {
    return this.#listeners.every(({ isReady }) => isReady);
  }

  hear(act: ProcessAct, process: TreeProcess): void {
    for (const each of this.#listeners) each.hear?.(act, process);
  }

  attend(nowMs: number): void {
    this.#drain(nowMs);
    for (const each of this.#listeners) each.attend(nowMs);
    this.#events.attend(nowMs);
    if (this.#losses.isDue(nowMs)) this.#losses.tell(nowMs);
  }

  end(nowMs: number): void {
    this.#drain(nowMs);
    for (const each of this.#listeners) each.end();
    this.#events.end();
    this.#losses.tell(nowMs);
  }

  /** Hears no more; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#source?.[Symbol.dispose]();
  }

  /** One turn may leave some: others fill the same file systems. */
  #drainAll(): boolean {
    const nowMs = performance.now();
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      this.#drain(nowMs);
      if (this.#source === null || this.#source.drainedMs >= nowMs) return true;
    }
    return false;
  }

  #drain(nowMs: number): void {
    const source = this.#source;
    if (source === null) return;
    const sinceMs = performance.now() - this.#drainedAtMs;
    const changes = source.drain();
    // By then it was done; the turn may have begun before.
    const heardAtMs = this.#drainedAtMs = performance.now();
    if (sinceMs < REST_MS) this.#restUntilMs = heardAtMs + REST_MS;
    for (const change of changes) {
      if (change.kind === "change") {
        for (const each of this.#listeners) each.take(change, heardAtMs);
        continue;
      }
      this.#losses.add(0, nowMs);
      for (const each of this.#listeners) each.lose(nowMs);
    }
    for (const { path, why } of source.takeRefused()) {
      if (this.#refused++ >= MAX_NAMED) continue;
      this.#world.tell({
        kind: "agent",
        event: "impaired",
        message: `Changes in ${textOf(path)} are not heard of: ${why}`,
      });
    }
  }
}

function listenersOf(world: FileWorld): readonly FileListener[] {
  const places = new ProgramPlaces(world.order.workspaces);
  return [
    new SourceWatch(world),
    new ToolWatch(world, places),
    new SecretWatch(world, places),
  ];
}

/** Null where the kernel tells of no changes; all else is watched there too. */
function open(
  { libc, tell }: ProcessWorld,
  order: FileOrder,
): FileSource | null {
  const impair = (message: string) =>
    tell({ kind: "agent", event: "impaired", message });
  try {
    const roots = order.workspaces.map(bytePathOf);
    const { source, refused } = openFileSource(libc, { roots });
    for (const { name, why } of refused) {
      impair(
        `Changes of sources are heard of by ${source.name} and not by ` +
          `${name}, so nobody is named who makes them: ${why}`,
      );
    }
    return source;
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    impair(`Changes of sources are not heard of: ${error.message}`);
    return null;
  }
}
