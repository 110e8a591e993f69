/**
 * All repositories of a work space: several that lie beside each other, and the
 * submodules, work trees and clones within them.
 *
 * @module
 */
import { type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { walkTree } from "../files/tree_walk.ts";
import { openRepository } from "./repository.ts";
import type { Repository } from "./tracked.ts";

const GIT = bytePathOf(".git");

/**
 * Finds the repositories in a directory and below it.
 *
 * Yields after a few milliseconds of work.
 *
 * @param root Absolute, no link in it.
 * @returns Each before those within it.
 * @throws {SystemCallError} When the directory cannot be opened.
 */
export function* findRepositories(
  libc: Libc,
  root: BytePath,
): Generator<void, readonly Repository[]> {
  const found: BytePath[] = [];
  yield* walkTree(libc, {
    root,
    // A work tree is never in there.
    enter: ({ name }) => name !== GIT,
    meet({ name }, { path }) {
      if (name === GIT) found.push(path);
    },
  });
  const repositories: Repository[] = [];
  for (const path of found) {
    const repository = openRepository(libc, path);
    if (repository !== null) repositories.push(repository);
    yield;
  }
  return repositories;
}
