/**
 * Tells of new programs among sources, which nobody has reviewed.
 *
 * @module
 */
import { hashContent } from "../observe/files/content_hash.ts";
import { ACT, type FileChange } from "../observe/files/file_source.ts";
import type { BytePath } from "../../ffi/byte_path.ts";
import { FILE_TYPE, typeOf } from "../../ffi/file_look.ts";
import { deedOf } from "./deeds.ts";
import type { FileWorld } from "./file_listener.ts";
import { tryLook } from "./learning.ts";
import { type PendingLook, PendingLooks } from "./pending_looks.ts";
import { sightOf } from "./sight.ts";
import { type Sources, splitPath } from "./sources.ts";

/** What is still written to is looked at when nobody has for so long. */
const STILL_MS = 50;
/** A program is known by its beginning; its hash is of all of it. */
const MAX_BYTES = 1 << 28;
const MAX_TOLD = 4_096;
/** By so much more than these are expected in a build, each is one more line. */
const MAX_EVENTS = 256;
const EXECUTABLE = 0o111;
/** `#!` */
const SHEBANG = [0x23, 0x21] as const;
const ARRIVALS = ACT.CREATED | ACT.CLOSED | ACT.MOVED_HERE | ACT.ATTRIBUTES;

/** What it works with; all of it is lent. */
export interface NewProgramsOptions {
  readonly world: FileWorld;
  readonly sources: Sources;
  readonly isIgnored: (path: BytePath) => boolean;
}

/** Hears of files that are no sources, in directories of sources. */
export class NewPrograms {
  readonly #options: NewProgramsOptions;
  readonly #pending = new PendingLooks();
  readonly #told = new Set<BytePath>();
  #events = 0;
  #looking: Generator<void> | null = null;

  constructor(options: NewProgramsOptions) {
    this.#options = options;
  }

  /** Whether there is something to do at once. */
  get isBusy(): boolean {
    return this.#looking !== null || this.#pending.isDue(performance.now());
  }

  /** Takes in a change of what is no source. */
  take(change: FileChange, heardAtMs: number): void {
    const { path, acts, isDirectory } = change;
    const { sources, isIgnored } = this.#options;
    if (isDirectory || (acts & ARRIVALS) === 0) return;
    if (this.#told.has(path) || this.#events >= MAX_EVENTS) return;
    if (!sources.isIn(splitPath(path).directory) || isIgnored(path)) return;
    this.#pending.add(path, { ...change, heardAtMs });
  }

  /** One piece of work; false when there is none. */
  work(nowMs: number): boolean {
    if (this.#looking === null) {
      const pending = this.#pending.take(nowMs);
      if (pending === null) return false;
      this.#looking = this.#look(pending, nowMs);
    }
    if (this.#looking.next().done === true) this.#looking = null;
    return true;
  }

  /** Does not wait for what is still being written. */
  hurry(): void {
    this.#pending.hurry();
  }

  *#look(pending: PendingLook, nowMs: number): Generator<void> {
    const { path } = pending;
    const { sources, world } = this.#options;
    const { clock, processes: { libc } } = world;
    const look = tryLook(libc, path);
    // Somebody may have made it a source meanwhile.
    if (look === null || sources.find(path) !== null) return;
    if (typeOf(look) !== FILE_TYPE.PLAIN || look.bytes > MAX_BYTES) return;
    const dueMs = pending.heardAtMs + STILL_MS;
    if (pending.isOpen && nowMs < dueMs) {
      return this.#pending.putBack(pending, dueMs);
    }
    const nowUs = clock.nowUs();
    const hashed = yield* hashContent(libc, {
      ...{ path, objectBytes: 20, withSha256: true, keepBytes: MAX_SCRIPT },
    });
    if (!hashed.ok) return;
    const { bytes } = hashed.value;
    const isScript = SHEBANG.every((byte, at) => bytes?.[at] === byte);
    if (!isScript && (look.mode & EXECUTABLE) === 0) return;
    this.#told.add(path);
    if (this.#told.size > MAX_TOLD) {
      this.#told.delete(this.#told.values().next().value!);
    }
    this.#events++;
    const { state, stamp } = sightOf(hashed, nowUs);
    world.find({
      ...{ change: "created", subject: "source", path, overwritten: false },
      reason: isScript
        ? "a new script is among tracked files"
        : "a new program is among tracked files",
      ...{ before: null, after: state, diff: null },
      deed: deedOf(pending, { stamp, clock }),
    });
  }
}

/** Of a script so much is kept while it is looked at. */
const MAX_SCRIPT = 1 << 20;
