/**
 * Where git keeps what it knows of a work tree: read by ourselves, since git
 * would run what a hostile repository tells it to.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { realDirectory } from "../../../ffi/plain_file.ts";
import type { Decoded } from "../../decode/bytes.ts";
import { decodeGitConfig } from "../../decode/git_config.ts";
import {
  decodeAlternates,
  decodeCommonDirectory,
  decodeGitLink,
} from "../../decode/git_link.ts";
import { child, readBytesText, resolve } from "./git_files.ts";
import type { Repository } from "./tracked.ts";

/** As many as git follows, one from the other. */
const MAX_ALTERNATE_DEPTH = 5;
/** In all. */
const MAX_OBJECT_DIRECTORIES = 64;

/**
 * Finds what belongs to a work tree.
 *
 * @param root The top of the work tree, absolute, no link in it.
 * @returns Null when there is no repository.
 */
export function openRepository(
  libc: Libc,
  root: BytePath,
): Repository | null {
  const gitDirectory = findGitDirectory(libc, root);
  if (gitDirectory === null || !hasHead(libc, gitDirectory)) return null;
  const common = follow(libc, {
    from: gitDirectory,
    name: "commondir",
    decode: decodeCommonDirectory,
  });
  const commonDirectory = common ?? gitDirectory;
  const objects = realDirectory(libc, child(commonDirectory, "objects"));
  if (objects === null) return null;
  return {
    root,
    gitDirectory,
    commonDirectory,
    indexPath: child(gitDirectory, "index"),
    objectDirectories: findObjectDirectories(libc, objects),
    objectBytes: objectBytesOf(libc, commonDirectory),
  };
}

function findGitDirectory(libc: Libc, root: BytePath): BytePath | null {
  const link = follow(libc, {
    from: root,
    name: ".git",
    decode: decodeGitLink,
  });
  return link ?? realDirectory(libc, child(root, ".git"));
}

/** Where a file leads; null when there is none, or it leads nowhere. */
function follow(
  libc: Libc,
  { from, name, decode }: {
    readonly from: BytePath;
    readonly name: string;
    readonly decode: (text: string) => Decoded<string>;
  },
): BytePath | null {
  const text = readBytesText(libc, child(from, name));
  const link = text === null ? null : decode(text);
  if (link === null || !link.ok) return null;
  return realDirectory(libc, resolve(from, link.value));
}

/** Without it, git itself goes on to look further up. */
function hasHead(libc: Libc, gitDirectory: BytePath): boolean {
  const head = readBytesText(libc, child(gitDirectory, "HEAD"));
  return head !== null && /^(?:ref: *refs\/|[0-9a-f]{40})/.test(head);
}

/** Settings of the machine or the user have no say in this. */
function objectBytesOf(libc: Libc, commonDirectory: BytePath): 20 | 32 {
  const text = readBytesText(libc, child(commonDirectory, "config"));
  const config = decodeGitConfig(text ?? "");
  const format = config.ok
    ? config.value.findLast(({ name }) => name === "extensions.objectformat")
    : undefined;
  return format?.value?.toLowerCase() === "sha256" ? 32 : 20;
}

function findObjectDirectories(libc: Libc, objects: BytePath): BytePath[] {
  const found = new Map([[objects, 0]]);
  // A Map is walked in the order of insertion, entries added meanwhile too.
  for (const [directory, depth] of found) {
    if (depth >= MAX_ALTERNATE_DEPTH) continue;
    const text = readBytesText(libc, child(directory, "info/alternates"));
    for (const path of decodeAlternates(text ?? "")) {
      const real = realDirectory(libc, resolve(directory, path));
      if (real === null || found.has(real)) continue;
      if (found.size >= MAX_OBJECT_DIRECTORIES) return [...found.keys()];
      found.set(real, depth + 1);
    }
  }
  return [...found.keys()];
}
