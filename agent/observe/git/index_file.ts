/**
 * What a repository tracks, from its index.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import type { Libc } from "../../../ffi/libc.ts";
import type { Decoded } from "../../decode/bytes.ts";
import {
  type GitConversion,
  UNKNOWN_CONVERSION,
} from "../../decode/git_conversion.ts";
import { GIT_MODE, type IndexEntry } from "../../decode/git_index_entry.ts";
import { readConversion } from "./conversions.ts";
import { readIndexEntries } from "./index_entries.ts";
import type { Repository, TrackedFile, Tracking } from "./tracked.ts";
import { Turn } from "./turn.ts";

/** Nothing is tracked: git makes no index before the first `git add`. */
const NONE: Tracking = { files: [], writtenSeconds: 0, writtenNanoseconds: 0 };

/**
 * Reads what a repository tracks, as its index says.
 *
 * Yields after about two milliseconds of work. A file of which git has no one
 * content, in a merge that is not settled or by `git add -N`, is there as one
 * that is converted.
 *
 * @returns Why not, where the index is damaged or forged. Without an index
 * nothing is tracked.
 */
export function* readTracking(
  libc: Libc,
  repository: Repository,
): Generator<void, Decoded<Tracking>> {
  const index = yield* readIndexEntries(libc, repository);
  if (index === null) return { ok: true, value: NONE };
  if (!index.ok) return index;
  const { entries, ...written } = index.value;
  const conversion = yield* readConversion(libc, { repository, entries });
  const files: TrackedFile[] = [];
  let before: IndexEntry | null = null;
  const turn = new Turn();
  for (const entry of entries) {
    // Nothing below a directory that is an entry is in the work tree.
    if (entry.mode !== GIT_MODE.directory && entry.path !== before?.path) {
      files.push(trackedFile(entry, conversion));
    }
    before = entry;
    if (!turn.isOver()) continue;
    yield;
    turn.begin();
  }
  return { ok: true, value: { files, ...written } };
}

function trackedFile(entry: IndexEntry, by: GitConversion): TrackedFile {
  const { path, mode, oid, stat, stage, isSkipped, isIntended } = entry;
  const isFile = mode === GIT_MODE.file || mode === GIT_MODE.program;
  const conversion = stage !== 0 || isIntended
    ? UNKNOWN_CONVERSION
    : isFile
    ? by.conversionOf(path)
    : null;
  return {
    path: path as BytePath,
    ...{ mode, oid, stat, isSkipped, conversion },
    isConverted: conversion !== null,
  };
}
