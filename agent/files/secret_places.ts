/**
 * Where files that hold credentials are, and where they may come to be.
 *
 * @module
 */
import {
  SECRET_KINDS,
  type SecretBase,
  type SecretKind,
} from "../decide/secret_kinds.ts";
import { matchName, placesOf } from "../decide/secret_readers.ts";
import type { FileOrder } from "../processes/process_messages.ts";
import { type BytePath, bytePathOf } from "../../ffi/byte_path.ts";
import { splitPath } from "./sources.ts";

/** `_work/NAME/NAME` of a runner; beside it is what it hands to steps. */
const RUNNER_WORK = /^(.*\/)[^/]+\/[^/]+$/;
/** Repositories, and directories of a work space in which one may come. */
const MAX_REPOSITORIES = 256;

interface Entry {
  /** A name, or one with a `*`. */
  readonly name: string;
  readonly kind: SecretKind;
}

/** Knows them by their directories. */
export class SecretPlaces {
  readonly #entries = new Map<BytePath, Entry[]>();
  readonly #workspaces = new Set<BytePath>();
  readonly #repositories = new Set<BytePath>();

  /** @param order Whose homes, and which work spaces. */
  constructor({ homes, workspaces }: FileOrder) {
    for (const home of homes) this.#add("home", home);
    for (const workspace of workspaces) {
      this.#workspaces.add(bytePathOf(workspace));
      this.#add("work", workspace);
      this.addRepository(bytePathOf(workspace));
      const [, above] = RUNNER_WORK.exec(workspace) ?? [];
      if (above !== undefined) this.#add("temp", `${above}_temp`);
    }
  }

  /** Every directory in which something may come, those above others first. */
  get directories(): readonly BytePath[] {
    return [...this.#entries.keys()].sort((one, other) =>
      one.length - other.length
    );
  }

  /** Whether something may come in a directory. */
  has(directory: BytePath): boolean {
    return this.#entries.has(directory);
  }

  /** What a file is, by its path; null when it is no secret's. */
  kindOf(path: BytePath): SecretKind | null {
    const { directory, name } = splitPath(path);
    const found = this.#entries.get(directory)?.find((entry) =>
      matchName(entry.name, name)
    );
    return found?.kind ?? null;
  }

  /**
   * Takes in that a directory has come to be: a repository may come in it.
   *
   * @returns Directories that are to be watched since.
   */
  meet(path: BytePath): readonly BytePath[] {
    const { directory, name } = splitPath(path);
    if (!this.#workspaces.has(directory) || name.startsWith(".")) return [];
    return this.addRepository(path);
  }

  /**
   * Takes in the top of a work tree.
   *
   * @returns Directories that are to be watched since.
   */
  addRepository(top: BytePath): readonly BytePath[] {
    if (this.#repositories.has(top)) return [];
    if (this.#repositories.size >= MAX_REPOSITORIES) return [];
    this.#repositories.add(top);
    this.#addDirectory(top);
    const gitDirectory = `${top}/.git` as BytePath;
    this.#add("git", gitDirectory);
    return [top, gitDirectory];
  }

  #add(base: SecretBase, at: string): void {
    const top = base === "git" ? at : bytePathOf(at);
    for (const kind of SECRET_KINDS) {
      for (const place of placesOf(kind, base)) {
        const path = `${top}/${place}` as BytePath;
        const { directory, name } = splitPath(path);
        this.#addDirectory(directory).push({ name, kind });
        // A directory on the way may come to be as well.
        for (
          let above = directory;
          above.length > top.length;
          above = splitPath(above).directory
        ) this.#addDirectory(splitPath(above).directory);
      }
    }
  }

  #addDirectory(directory: BytePath): Entry[] {
    let entries = this.#entries.get(directory);
    if (entries === undefined) this.#entries.set(directory, entries = []);
    return entries;
  }
}
