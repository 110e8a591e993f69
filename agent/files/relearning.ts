/**
 * Learns what a repository tracks after git has written its index.
 *
 * The index is believed for what git wrote to the work tree with it. For all
 * else it is nothing but a file that somebody may have written.
 *
 * @module
 */
import type { TrackedFile, Tracking } from "../observe/git/tracked.ts";
import type { BytePath } from "../../ffi/byte_path.ts";
import { conformityOf } from "./converted.ts";
import type { HeldWrite, HeldWrites } from "./held_writes.ts";
import {
  isAsRecorded,
  readSource,
  recordedSource,
  sourcePath,
  tryLook,
  Turns,
} from "./learning.ts";
import type { HeardAct } from "./pending_looks.ts";
import type { SourceLearner } from "./source_learner.ts";
import type { SourceTree } from "./source_tree.ts";
import type { Source } from "./sources.ts";
import { MAX_TEXT_BYTES } from "./texts.ts";

/** What is relearned. */
export interface RelearningOptions {
  readonly tree: SourceTree;
  readonly tracking: Tracking;
  /** Whether nobody but git can have written this index. */
  readonly isOfGit: boolean;
  /** What git has written before this index; what is dealt with is taken. */
  readonly held: HeldWrites;
  /**
   * Whether each file that git wrote counts: of several checkouts one after the
   * other nobody knows what the first ones have put in place.
   */
  readonly countsWritten: boolean;
  /** Called for a file that is not what git says. */
  readonly look: (path: BytePath, acts: readonly HeardAct[]) => void;
  /** Whether git has written a file again, and will write another index. */
  readonly defer: (path: BytePath, write: HeldWrite) => boolean;
}

/** What has come of it. */
export interface Relearned {
  /** How many sources are other than before. */
  files: number;
  /** Those that a filter has made of what git tracks: nobody else can tell. */
  readonly filtered: BytePath[];
}

/** Learns it, in turns of some milliseconds. */
export function* relearnTree(
  learner: SourceLearner,
  options: RelearningOptions,
): Generator<void, Relearned> {
  const { tree, tracking, held } = options;
  const { sources } = learner;
  const turns = new Turns();
  const relearned: Relearned = { files: 0, filtered: [] };
  for (const file of tracking.files) {
    if (turns.isOver) yield;
    const path = sourcePath(tree, file);
    if (path === null) continue;
    const before = sources.find(path);
    const write = held.take(path);
    // Nobody has touched it: what the index says of it changes nothing.
    if (write === null && before !== null) continue;
    const { filtered } = relearned;
    const more = { file, path, write, filtered };
    const outcome = yield* relearn(learner, { ...options, ...more });
    const source = sources.find(path);
    const isOther = source !== null && !isSame(source, before);
    const isCounted = outcome === "deferred" ||
      (outcome === "placed" && (options.countsWritten || isOther));
    if (isCounted) relearned.files++;
    if (turns.isLate) yield;
  }
  relearned.files += yield* removeUntracked(learner, options);
  return relearned;
}

/**
 * Learns one file, unless it is not what the index says.
 *
 * @returns Whether git has put it there; null when it has not.
 */
function* relearn(
  learner: SourceLearner,
  options: RelearningOptions & {
    readonly file: TrackedFile;
    readonly path: BytePath;
    readonly write: HeldWrite | null;
    readonly filtered: BytePath[];
  },
): Generator<void, "placed" | "deferred" | null> {
  const { tree, tracking, isOfGit, file, path, write, look, defer } = options;
  const { clock, libc, put, sources } = learner;
  const nowUs = clock.nowUs();
  const found = tryLook(libc, path);
  const isClean = write !== null && write.others.length === 0;
  // Where nothing should be other than before, no word is taken for it: a
  // library that was put into git can have written the file and the index.
  const isNews = sources.find(path)?.oid !== file.oid;
  const isTrusted = isClean && isNews && isOfGit;
  if (found !== null && isTrusted && isAsRecorded(found, { file, tracking })) {
    put(path, recordedSource(found, { tree, file, nowUs }), found);
    return "placed";
  }
  const source = found === null
    ? null
    : yield* readSource(learner, { tree, path, recorded: file.oid });
  if (write === null) {
    if (source !== null) put(path, source, found);
    return null;
  }
  const { oid } = source ?? {};
  const conformity = oid === undefined
    ? "other"
    : yield* conformityOf(libc, { tree, path, file, oid });
  // Whoever has written the file and the index only says himself that it is so.
  const isMeant = isClean || isOfGit;
  // It was the object itself before: then whatever filters it now is new.
  const isFiltered = conformity === "unknown" && isNews && isClean;
  if (source !== null && (conformity === "same" || isFiltered)) {
    if (isFiltered) options.filtered.push(path);
    if (isMeant) put(path, source, found);
    if (!isClean) look(path, write.others);
    return isMeant ? "placed" : null;
  }
  // A filter could put there what somebody has made an object before.
  const isPlaced = isClean && isOfGit && !file.isConverted &&
    write.act.pid !== null;
  if (source !== null && isPlaced && isObject(source)) {
    put(path, source, found);
    return "placed";
  }
  // It was put in place, and is another by now.
  if (defer(path, write)) return "deferred";
  if (sources.find(path) === null || !isClean && isOfGit) {
    // What it is to be is known now, and what it is will be seen. Whoever has
    // written after git has overwritten what git put there.
    const { oid, mode } = file;
    put(path, { tree, oid, mode, bytes: null, stamp: null }, found);
  }
  look(path, [write.act, ...write.others]);
  return null;
}

/** What git has removed, or has written and does not track. */
function* removeUntracked(
  learner: SourceLearner,
  { tree, held }: RelearningOptions,
): Generator<void, number> {
  const { sources, libc, remove } = learner;
  const turns = new Turns();
  let removed = 0;
  for (const [path] of held) {
    if (turns.isOver) yield;
    // It may be of another repository, whose index is still to come.
    if (sources.find(path)?.tree !== tree) continue;
    if (tryLook(libc, path) !== null) continue;
    held.take(path);
    remove(path);
    removed++;
  }
  return removed;
}

/** Whether git has what it wrote: a file of another commit, say. */
function isObject({ oid, tree }: Source): boolean {
  return (tree.blobs?.readBlob(oid, MAX_TEXT_BYTES) ?? null) !== null;
}

function isSame(source: Source, before: Source | null): boolean {
  return source.oid === before?.oid && source.mode === before.mode;
}
