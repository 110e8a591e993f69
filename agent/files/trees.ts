/**
 * The repositories in the work spaces.
 *
 * @module
 */
import { findRepositories } from "../observe/git/find_repositories.ts";
import { readTracking } from "../observe/git/index_file.ts";
import { ObjectStore } from "../observe/git/object_store.ts";
import { openRepository } from "../observe/git/repository.ts";
import type { Repository, Tracking } from "../observe/git/tracked.ts";
import { type BytePath, textOf } from "../../ffi/byte_path.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { submodulesOf } from "./learning.ts";
import type { SourceTree } from "./source_tree.ts";

/** Submodules of submodules included. */
const MAX_TREES = 1_024;
/** Directories in which a repository may come to be. */
const MAX_EXPECTED = 4_096;
const DOT_GIT = ".git";

interface KnownTree extends SourceTree {
  readonly repository: Repository;
  readonly blobs: ObjectStore;
}

/** What the trees work with. */
export interface TreesOptions {
  /** Called with why a repository cannot be read, for a person. */
  readonly onUnreadable: (why: string) => void;
}

/** Knows them by the top of their work tree. */
export class Trees implements Disposable {
  readonly #libc: Libc;
  readonly #options: TreesOptions;
  readonly #byRoot = new Map<BytePath, KnownTree>();
  readonly #byGitDirectory = new Map<BytePath, KnownTree>();
  readonly #expected = new Set<BytePath>();

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, options: TreesOptions) {
    this.#libc = libc;
    this.#options = options;
  }

  /** Finds all repositories in a work space. */
  *find(root: BytePath): Generator<void, readonly SourceTree[]> {
    try {
      const found = yield* findRepositories(this.#libc, root);
      return found.slice(0, MAX_TREES).map((each) => this.#know(each));
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      this.#options.onUnreadable(`${textOf(root)}: ${error.message}`);
      return [];
    }
  }

  /** Whether git keeps an index directly in a directory. */
  isGitDirectory(directory: BytePath): boolean {
    return this.#byGitDirectory.has(directory);
  }

  /** Says that a directory may be the top of a work tree soon. */
  expect(root: BytePath): void {
    this.#expected.add(root);
    if (this.#expected.size > MAX_EXPECTED) {
      this.#expected.delete(this.#expected.values().next().value!);
    }
  }

  /**
   * The work tree that belongs to where git keeps an index.
   *
   * @returns Null when there is none.
   */
  openAt(
    gitDirectory: BytePath,
  ): { readonly tree: SourceTree; readonly isNew: boolean } | null {
    const known = this.#byGitDirectory.get(gitDirectory);
    if (known !== undefined) return { tree: known, isNew: false };
    if (gitDirectory.endsWith(`/${DOT_GIT}`)) {
      const end = -DOT_GIT.length - 1;
      this.expect((gitDirectory.slice(0, end) || "/") as BytePath);
    }
    for (const root of this.#expected) {
      const tree = this.#open(root);
      if (tree?.repository.gitDirectory !== gitDirectory) continue;
      this.#expected.delete(root);
      return { tree, isNew: true };
    }
    return null;
  }

  /** What a repository tracks; null when that cannot be read. */
  *read(tree: SourceTree): Generator<void, Tracking | null> {
    // Settings and alternates may be others by now.
    const repository = openRepository(this.#libc, tree.root) ??
      tree.repository;
    if (repository === null) return null;
    const tracking = yield* readTracking(this.#libc, repository);
    if (!tracking.ok) {
      this.#options.onUnreadable(`${textOf(tree.root)}: ${tracking.why}`);
      return null;
    }
    for (const root of submodulesOf(tree, tracking.value)) this.expect(root);
    return tracking.value;
  }

  /** Closes what is open; they can be used all the same. */
  [Symbol.dispose](): void {
    for (const { blobs } of this.#byRoot.values()) blobs[Symbol.dispose]();
  }

  #open(root: BytePath): KnownTree | null {
    const repository = openRepository(this.#libc, root);
    return repository === null ? null : this.#know(repository);
  }

  #know(repository: Repository): KnownTree {
    const { root, gitDirectory, objectBytes } = repository;
    const known = this.#byRoot.get(root);
    if (known?.repository.gitDirectory === gitDirectory) return known;
    known?.blobs[Symbol.dispose]();
    const blobs = new ObjectStore(this.#libc, repository);
    const tree = { root, repository, objectBytes, blobs };
    this.#byRoot.set(root, tree);
    this.#byGitDirectory.set(gitDirectory, tree);
    return tree;
  }
}
