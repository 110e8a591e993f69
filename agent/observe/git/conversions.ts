/**
 * Which files of a work tree git writes otherwise than it stores them.
 *
 * @module
 */
import { type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { decodeGitAttributes } from "../../decode/git_attributes.ts";
import {
  type AttributeSource,
  GitConversion,
} from "../../decode/git_conversion.ts";
import { GIT_MODE, type IndexEntry } from "../../decode/git_index_entry.ts";
import { child, readBytesText } from "./git_files.ts";
import { readSettings } from "./settings.ts";
import type { Repository } from "./tracked.ts";
import { Turn } from "./turn.ts";

/** Attributes of the machine, gitattributes(5). */
const SYSTEM_ATTRIBUTES = bytePathOf("/etc/gitattributes");
const NAME = /(?:^|\/)\.gitattributes$/;
/** Read between two yields: about a millisecond of work. */
const FILES = 20;

/**
 * Reads all attributes and settings that count in a work tree.
 *
 * Of `.gitattributes` those that git tracks: one that a build puts there changes
 * nothing that git has written before.
 *
 * @param of The repository and the entries of its index.
 */
export function* readConversion(
  libc: Libc,
  of: {
    readonly repository: Repository;
    readonly entries: readonly IndexEntry[];
  },
): Generator<void, GitConversion> {
  const { repository: { root, commonDirectory }, entries } = of;
  const settings = readSettings(libc, of.repository);
  const sources: AttributeSource[] = [];
  const add = (path: BytePath | null, directory: string | null = null) => {
    const text = path === null ? null : readBytesText(libc, path);
    const lines = decodeGitAttributes(text ?? "");
    if (lines.length === 0) return;
    const isTracked = directory !== null;
    sources.push({ directory: directory ?? "", lines, isTracked });
  };
  add(SYSTEM_ATTRIBUTES);
  add(settings.attributesPath);
  const directories = yield* findAttributes(entries);
  for (const [index, directory] of directories.entries()) {
    add(child(root, `${directory}.gitattributes`), directory);
    if (index % FILES === FILES - 1) yield;
  }
  add(child(commonDirectory, "info/attributes"));
  return new GitConversion(sources, settings);
}

/** Directories with attributes of their own, those further up first. */
function* findAttributes(
  entries: readonly IndexEntry[],
): Generator<void, string[]> {
  const found: string[] = [];
  const turn = new Turn();
  for (const { path, mode, isSkipped } of entries) {
    // git does not follow a link there.
    const isFile = mode === GIT_MODE.file || mode === GIT_MODE.program;
    if (isFile && !isSkipped && NAME.test(path)) {
      found.push(path.slice(0, path.lastIndexOf("/") + 1));
    }
    if (!turn.isOver()) continue;
    yield;
    turn.begin();
  }
  return found.sort((one, other) => depthOf(one) - depthOf(other));
}

function depthOf(directory: string): number {
  return directory.split("/").length;
}
