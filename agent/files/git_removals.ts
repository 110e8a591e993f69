/**
 * Tells a work tree that git has taken away from sources that were deleted.
 *
 * @module
 */
import { ACT, type FileChange } from "../observe/files/file_source.ts";
import { below, type BytePath, bytePathOf } from "../../ffi/byte_path.ts";
import type { Libc } from "../../ffi/libc.ts";
import { tryLook } from "./learning.ts";
import type { HeardAct } from "./pending_looks.ts";
import type { SourceLearner } from "./source_learner.ts";
import type { SourceTree } from "./source_tree.ts";

/** By then git has removed what makes it a work tree. */
const GONE_MS = 200;
/** Of one removal all is heard of within this time. */
const TOGETHER_MS = 2_000;
const MAX_UNMADE = 1_024;
const MAX_HELD = 1 << 18;
const DOT_GIT = bytePathOf(".git");

/** Holds back what git removes without its lock. */
export class GitRemovals {
  readonly #libc: Libc;
  readonly #learner: SourceLearner;
  readonly #look: (path: BytePath, act: HeardAct) => void;
  /** The oldest first. */
  readonly #held = new Map<BytePath, HeardAct>();
  /** Tops of work trees, and when git took away what makes them such. */
  readonly #unmade = new Map<BytePath, number>();

  /** @param look Called for a file that is to be looked at after all. */
  constructor(
    learner: SourceLearner,
    look: (path: BytePath, act: HeardAct) => void,
  ) {
    this.#libc = learner.libc;
    this.#learner = learner;
    this.#look = look;
  }

  /** Git has taken away the `.git` of a work tree. */
  unmake(root: BytePath, nowMs: number): void {
    this.#unmade.delete(root);
    this.#unmade.set(root, nowMs);
    if (this.#unmade.size > MAX_UNMADE) {
      this.#unmade.delete(this.#unmade.keys().next().value!);
    }
  }

  /** Takes in a change that git has made; false when it is no removal. */
  hold(change: FileChange, heardAtMs: number): boolean {
    const { path, acts, pid, isDirectory } = change;
    if ((acts & ACT.REMOVED) === 0 || this.#held.size >= MAX_HELD) return false;
    // Of each file that was in it there is a word.
    if (isDirectory) return true;
    // What is no source yet may be one when its index is learned.
    this.#held.set(path, { acts, pid, heardAtMs });
    return true;
  }

  /** Whether a file is to be decided about. */
  has(path: BytePath): boolean {
    return this.#held.has(path);
  }

  /** Decides about those that have waited for long enough. */
  attend(nowMs: number): void {
    for (const [path, act] of this.#held) {
      if (act.heardAtMs > nowMs - GONE_MS) return;
      this.#held.delete(path);
      const tree = this.#learner.sources.find(path)?.tree;
      const isGone = tree !== undefined && this.#isUnmade(tree, act) &&
        tryLook(this.#libc, path) === null;
      if (isGone) this.#learner.remove(path);
      else this.#look(path, act);
    }
  }

  /** It may be a work tree again by now. */
  #isUnmade(
    { root, repository }: SourceTree,
    { heardAtMs, pid }: HeardAct,
  ): boolean {
    const dotGit = below(root, DOT_GIT);
    // Whoever it was, git removes no work tree on its own that has all of its
    // repository in it.
    if (pid === null && repository?.gitDirectory === dotGit) return false;
    const unmadeMs = this.#unmade.get(root) ?? -Infinity;
    return Math.abs(unmadeMs - heardAtMs) < TOGETHER_MS ||
      tryLook(this.#libc, dotGit) === null;
  }
}
