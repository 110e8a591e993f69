/**
 * Chooses by what changes of files are heard of.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { isGone } from "../../../ffi/directory_entries.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { FanotifySource } from "./fanotify_source.ts";
import type { FileSource, FileSourceName } from "./file_source.ts";
import { InotifySource } from "./inotify_source.ts";

/** All there are, the best first. */
const OPENERS: readonly {
  readonly name: FileSourceName;
  readonly open: (libc: Libc) => FileSource;
}[] = [
  { name: "fanotify", open: (libc) => new FanotifySource(libc) },
  { name: "inotify", open: (libc) => new InotifySource(libc) },
];

/** The source, and why not a better one. */
export interface OpenedFileSource {
  readonly source: FileSource;
  /** One sentence for each better one; empty with the best. */
  readonly refused: readonly {
    readonly name: FileSourceName;
    readonly why: string;
  }[];
}

/**
 * Opens the best source that this kernel has for some trees: fanotify needs
 * root, and file systems whose files have handles.
 *
 * @param libc Must outlive the source.
 * @param options `roots` are the trees that it must be able to watch, and one
 * that is not there yet is no hindrance; `preferred` names the only ones to
 * try, default all.
 * @throws {SystemCallError} When none of them can be opened, as the last said.
 */
export function openFileSource(
  libc: Libc,
  options: {
    readonly roots?: readonly BytePath[];
    readonly preferred?: readonly FileSourceName[];
  } = {},
): OpenedFileSource {
  const { roots = [], preferred } = options;
  const refused: { name: FileSourceName; why: string }[] = [];
  let failure: SystemCallError | null = null;
  for (const { name, open } of OPENERS) {
    if (preferred !== undefined && !preferred.includes(name)) continue;
    let source: FileSource | null = null;
    try {
      source = open(libc);
      for (const root of roots) tryRoot(source, root);
      return { source, refused };
    } catch (error) {
      source?.[Symbol.dispose]();
      if (!(error instanceof SystemCallError)) throw error;
      refused.push({ name, why: error.message });
      failure = error;
    }
  }
  if (failure !== null) throw failure;
  throw new TypeError("Cannot open a source: none is named, one is needed");
}

/** Begins to watch, which can be begun again. */
function tryRoot(source: FileSource, root: BytePath): void {
  const walk = source.watchTree(root);
  try {
    walk.next();
  } catch (error) {
    const isMissing = error instanceof SystemCallError && isGone(error);
    if (!isMissing) throw error;
  } finally {
    walk.return(undefined);
  }
}
