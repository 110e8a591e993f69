/**
 * Learns what the sources of a repository are to be.
 *
 * @module
 */
import type {
  RecordedStat,
  TrackedFile,
  Tracking,
} from "../observe/git/tracked.ts";
import { hashContent } from "../observe/files/content_hash.ts";
import { below, type BytePath } from "../../ffi/byte_path.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import {
  FILE_TYPE,
  type FileLook,
  lookAt,
  typeOf,
} from "../../ffi/file_look.ts";
import type { Libc } from "../../ffi/libc.ts";
import { gitMode } from "./sight.ts";
import type { LearningWorld, SourceLearner } from "./source_learner.ts";
import type { SourceTree } from "./source_tree.ts";
import type { Source } from "./sources.ts";
import { stampOf } from "./stamp.ts";
import { MAX_TEXT_BYTES } from "./texts.ts";

/** How long it works before it lets others. */
const TURN_MS = 3;
/** Files between two looks at the clock. */
const FILES = 64;
/** How often what changes all the time is read. */
const MAX_TRIES = 3;

const GITLINK = 0o160000;
const UINT32 = 2 ** 32;

/** Yields when it has worked for long enough. */
export class Turns {
  #untilMs = performance.now() + TURN_MS;
  #count = 0;

  /** Whether others are to have their turn. */
  get isOver(): boolean {
    if (++this.#count % FILES !== 0) return false;
    return this.isLate;
  }

  /** The same for what takes long each time. */
  get isLate(): boolean {
    const nowMs = performance.now();
    if (nowMs < this.#untilMs) return false;
    this.#untilMs = nowMs + TURN_MS;
    return true;
  }
}

/** Where a tracked file is, unless it is none that could be there. */
export function sourcePath(
  { root }: SourceTree,
  { path, mode, isSkipped }: TrackedFile,
): BytePath | null {
  return isSkipped || mode === GITLINK ? null : below(root, path);
}

/** The submodules that a repository has. */
export function submodulesOf(
  { root }: SourceTree,
  { files }: Tracking,
): readonly BytePath[] {
  return files.filter(({ mode }) => mode === GITLINK)
    .map(({ path }) => below(root, path));
}

/**
 * Whether a file holds what git says, as far as lstat(2) can tell.
 *
 * One that is as young as the index may have been changed after git had looked
 * at it, within the same tick of the clock.
 */
export function isAsRecorded(
  look: FileLook,
  of: { readonly file: TrackedFile; readonly tracking: Tracking },
): boolean {
  const { file, tracking } = of;
  const { stat } = file;
  if (file.isConverted || stat.ctimeSeconds === 0) return false;
  const isYoung = stat.mtimeSeconds > tracking.writtenSeconds ||
    (stat.mtimeSeconds === tracking.writtenSeconds &&
      stat.mtimeNanoseconds >= tracking.writtenNanoseconds);
  const isLink = (file.mode & FILE_TYPE.MASK) === FILE_TYPE.LINK;
  const type = isLink ? FILE_TYPE.LINK : FILE_TYPE.PLAIN;
  return !isYoung && typeOf(look) === type && isSameStat(look, stat);
}

function isSameStat(look: FileLook, stat: RecordedStat): boolean {
  return look.ctimeNanoseconds === stat.ctimeNanoseconds &&
    look.ctimeSeconds % UINT32 === stat.ctimeSeconds &&
    look.mtimeNanoseconds === stat.mtimeNanoseconds &&
    look.mtimeSeconds % UINT32 === stat.mtimeSeconds &&
    Number(BigInt.asUintN(32, look.inode)) === stat.inode &&
    look.bytes % UINT32 === stat.bytes;
}

/** The source that git has put there and has not seen changed since. */
export function recordedSource(
  look: FileLook,
  of: {
    readonly tree: SourceTree;
    readonly file: TrackedFile;
    readonly nowUs: number;
  },
): Source {
  const { tree, file: { oid }, nowUs } = of;
  const { bytes } = look;
  return { tree, oid, bytes, mode: gitMode(look), stamp: stampOf(look, nowUs) };
}

/**
 * The source that a file is as it is now.
 *
 * @returns Null for a file that is not there, or is none.
 */
export function* readSource(
  { libc, texts, clock }: LearningWorld,
  of: {
    readonly tree: SourceTree;
    readonly path: BytePath;
    /** The object id of what git has of it. */
    readonly recorded: string | null;
  },
): Generator<void, Source | null> {
  const { tree, path, recorded } = of;
  const { objectBytes } = tree;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const nowUs = clock.nowUs();
    const hashed = yield* hashContent(libc, {
      ...{ path, objectBytes, keepBytes: MAX_TEXT_BYTES },
    });
    if (hashed.ok) {
      const { look, oid, bytes: text } = hashed.value;
      if (text !== null && oid !== recorded) texts.keepBaseline(oid, text);
      const { bytes } = look;
      const stamp = stampOf(look, nowUs);
      return { tree, oid, bytes, mode: gitMode(look), stamp };
    }
    if (hashed.why !== "changing") return null;
    yield;
  }
  return null;
}

/** Like {@link lookAt}, but null also where nobody can say. */
export function tryLook(libc: Libc, path: BytePath): FileLook | null {
  try {
    return lookAt(libc, path);
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}

/**
 * Learns all that a repository tracks, as it is in the work tree now.
 */
export function* learnTree(
  world: SourceLearner,
  of: { readonly tree: SourceTree; readonly tracking: Tracking },
): Generator<void> {
  const { tree, tracking } = of;
  const { put } = world;
  const turns = new Turns();
  const nowUs = world.clock.nowUs();
  for (const file of tracking.files) {
    if (turns.isOver) yield;
    const path = sourcePath(tree, file);
    const look = path === null ? null : tryLook(world.libc, path);
    if (path === null || look === null) continue;
    if (isAsRecorded(look, { file, tracking })) {
      put(path, recordedSource(look, { tree, file, nowUs }), look);
      continue;
    }
    const source = yield* readSource(world, {
      ...{ tree, path, recorded: file.oid },
    });
    if (source !== null) put(path, source, look);
    if (turns.isLate) yield;
  }
}
