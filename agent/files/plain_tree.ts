/**
 * Learns the sources of a directory that no repository tracks.
 *
 * @module
 */
import { walkTree } from "../observe/files/tree_walk.ts";
import {
  below,
  type BytePath,
  bytePathOf,
  textOf,
} from "../../ffi/byte_path.ts";
import { readDirectory } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { FILE_TYPE, type FileLook, lookBehind } from "../../ffi/file_look.ts";
import type { Libc } from "../../ffi/libc.ts";
import { readSource, tryLook, Turns } from "./learning.ts";
import type { SourceLearner } from "./source_learner.ts";
import type { SourceTree } from "./source_tree.ts";
import { microseconds } from "./stamp.ts";

/** Some 300 bytes of memory each. */
const MAX_FILES = 1_000_000;
/** Of all that is read: whoever wants to be guarded waits for it. */
const MAX_BYTES = 4 * 2 ** 30;
/** What git would keep there says nothing of the sources. */
const GIT = bytePathOf(".git");

/** What is learned, and how far. */
export interface PlainLearning {
  readonly root: BytePath;
  /** What is younger is none of it, microseconds since 1970. */
  readonly untilUs: number;
  /** Whether nobody is to look at a file: then it is not read either. */
  readonly isIgnored: (path: BytePath) => boolean;
  /** Called with what is left out, for a person; several times at most. */
  readonly onLeftOut: (why: string) => void;
  /** Default a million. */
  readonly maxFiles?: number;
  /** Of all files together; default 4 GiB. */
  readonly maxBytes?: number;
}

/** Learns every file and link below a directory, in turns. */
export function* learnPlainTree(
  learner: SourceLearner,
  of: PlainLearning,
): Generator<void> {
  const { root, onLeftOut } = of;
  const met: BytePath[] = [];
  let refused: string | null = null;
  const walk = walkTree(learner.libc, {
    root,
    enter: ({ name }) => name !== GIT,
    meet({ name, type }, { path }) {
      const isSource = type === FILE_TYPE.PLAIN || type === FILE_TYPE.LINK;
      if (isSource && name !== GIT) met.push(below(path, name));
    },
    refuse: (path, why) => refused ??= `${textOf(path)}: ${why}`,
  });
  const files = new PlainFiles(learner, of);
  try {
    do {
      for (const path of met.splice(0)) yield* files.learn(path);
      if (files.isFull) return onLeftOut(files.limits);
      yield;
    } while (walk.next().done !== true || met.length > 0);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    refused ??= `${textOf(root)}: ${error.message}`;
  } finally {
    walk.return(undefined);
  }
  if (refused !== null) onLeftOut(refused);
}

/** Counts what it learns. */
class PlainFiles {
  readonly #learner: SourceLearner;
  readonly #of: Required<PlainLearning>;
  readonly #tree: SourceTree;
  readonly #own: ReadonlySet<string>;
  readonly #turns = new Turns();
  #files = 0;
  #bytes = 0;

  constructor(learner: SourceLearner, of: PlainLearning) {
    this.#learner = learner;
    this.#of = { maxFiles: MAX_FILES, maxBytes: MAX_BYTES, ...of };
    const { root } = of;
    this.#tree = { root, repository: null, objectBytes: 20, blobs: null };
    this.#own = ownFiles(learner.libc);
  }

  /** Whether there is more than can be learned. */
  get isFull(): boolean {
    const { maxFiles, maxBytes } = this.#of;
    return this.#files > maxFiles || this.#bytes > maxBytes;
  }

  get limits(): string {
    const { root, maxFiles, maxBytes } = this.#of;
    return `${textOf(root)} is no repository and holds more than ${maxFiles} ` +
      `files or ${maxBytes} bytes, of which the rest is not watched`;
  }

  *learn(path: BytePath): Generator<void> {
    const learner = this.#learner;
    const { untilUs, isIgnored } = this.#of;
    if (this.#turns.isOver) yield;
    if (this.isFull || isIgnored(path)) return;
    // A repository has come to be meanwhile, and knows better.
    if (learner.sources.find(path) !== null) return;
    const look = tryLook(learner.libc, path);
    if (look === null || this.#own.has(keyOf(look))) return;
    const { ctimeSeconds, ctimeNanoseconds } = look;
    if (microseconds(ctimeSeconds, ctimeNanoseconds) > untilUs) return;
    this.#files++;
    this.#bytes += look.bytes;
    if (this.isFull) return;
    const tree = this.#tree;
    const source = yield* readSource(learner, { tree, path, recorded: null });
    if (source !== null) learner.put(path, source, look);
    if (this.#turns.isLate) yield;
  }
}

/**
 * What we have open, such as the journal: where the kernel does not say who
 * writes, a line in it would be a change that makes another line.
 */
function ownFiles(libc: Libc): ReadonlySet<string> {
  const own = new Set<string>();
  for (const fd of readDirectory(libc, "/proc/self/fd") ?? []) {
    try {
      own.add(keyOf(lookBehind(libc, Number(fd))));
    } catch (error) {
      // The one by which the names were read.
      if (!(error instanceof SystemCallError)) throw error;
    }
  }
  return own;
}

function keyOf({ device, inode }: FileLook): string {
  return `${device}:${inode}`;
}
