/**
 * Decides what a container may see of the machine's files.
 *
 * @module
 */

/** A file or directory, as it was found behind a path. */
export interface BindSource {
  /** Without links; empty when it has none that we see. */
  readonly path: string;
  readonly isReadOnly: boolean;
  readonly isSocket: boolean;
  /** Whether no program on its mount has more rights by its file. */
  readonly isNoSuid: boolean;
  /** Whether no file on its mount is a device. */
  readonly isNoDev: boolean;
  /** Directories whose files containers may see. */
  readonly workspaces: readonly string[];
}

/** Everybody may read these, and they say nothing of anybody. */
const PUBLIC: readonly string[] = [
  "/etc/ca-certificates",
  "/etc/group",
  "/etc/hosts",
  "/etc/localtime",
  "/etc/passwd",
  "/etc/resolv.conf",
  "/etc/ssl/certs",
  "/etc/timezone",
  "/usr/local/share/ca-certificates",
  "/usr/share/ca-certificates",
  "/usr/share/zoneinfo",
];

const ELSEWHERE = "a container may see the job's workspace only";

/**
 * What to say of a path that leads nowhere: elsewhere that is nobody's business
 * who may not look there himself.
 */
export function whyNotThere(
  path: string,
  workspaces: readonly string[],
): string {
  const isOwn = workspaces.some((each) => isIn(path, each));
  return isOwn ? "it is not there" : ELSEWHERE;
}

/**
 * What is against showing it to a container, in which somebody is root.
 *
 * @returns Half a sentence; null when all is well.
 */
export function bindAgainst(source: BindSource): string | null {
  const { path, isReadOnly, isSocket, workspaces } = source;
  if (!path.startsWith("/")) return "it is nowhere in the file system";
  if (isReadOnly && !isSocket && PUBLIC.some((each) => isIn(path, each))) {
    return null;
  }
  if (!workspaces.some((each) => isIn(path, each))) return ELSEWHERE;
  // Who is root in a container makes files that are root's, with any mode.
  if (!source.isNoSuid) {
    return "programs there can have the rights of their owner";
  }
  return source.isNoDev ? null : "files there can be devices";
}

/** More were never asked for by somebody who wants to see a directory. */
const MAX_MISSING = 32;

/**
 * Takes a path to what is not there apart.
 *
 * @returns The paths that it may be below, the nearest first, each with the
 * names that lead on from there; none when it can be read in two ways.
 */
export function pathsAbove(
  path: string,
): { readonly above: string; readonly missing: readonly string[] }[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (!path.startsWith("/") || parts.includes("..")) return [];
  const count = Math.min(MAX_MISSING, parts.length);
  return Array.from({ length: count }, (_, index) => {
    const kept = parts.length - 1 - index;
    const above = `/${parts.slice(0, kept).join("/")}`;
    return { above, missing: parts.slice(kept) };
  });
}

function isIn(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
