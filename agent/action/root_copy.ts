/**
 * Files that only root writes: what is checked there is what is run.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, lstatSync } from "node:fs";
import { EntryError } from "./failure.ts";
import { runAsRoot } from "./root.ts";

/** Not below /run, where Debian and Ubuntu let nothing be executed. */
const HOME = "/var/lib/sluice/action";

const INSTALL = "/usr/bin/install";
const MOVE = "/usr/bin/mv";
const ROOT_ID = 0;
const OTHERS_WRITE = 0o022;

/** What a file must be. */
export interface FileHash {
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

/**
 * Makes a directory in which only root writes.
 *
 * @param name Of letters, digits, `.` and `-`.
 * @returns Its path.
 * @throws {EntryError} When it cannot be made, or others can write above it.
 */
export function makeRootDirectory(name: string): string {
  const path = `${HOME}/${name}`;
  const mode = ["-d", "-m", "755", "-o", "root", "-g", "root"];
  const above = ["/var/lib/sluice", HOME, path];
  runAsRoot([INSTALL, ...mode, ...above], `make "${path}"`);
  for (const each of ["/var", "/var/lib", ...above]) {
    const { uid, mode, isDirectory } = statOf(each);
    if (isDirectory && uid === ROOT_ID && (mode & OTHERS_WRITE) === 0) continue;
    throw new EntryError(
      `Cannot trust "${each}": others than root can change what is in it`,
      "Give it back to root, mode 755",
    );
  }
  return path;
}

/**
 * Has root copy a file, and checks the copy.
 *
 * @param source Where anybody may have written.
 * @param options `target`: in a directory of {@link makeRootDirectory}.
 * @throws {EntryError} When the copy is not what it must be; it is not at
 * `target` then.
 */
export async function copyForRoot(
  source: string,
  options: { readonly target: string; readonly hash: FileHash },
): Promise<void> {
  const { target, hash } = options;
  const draft = `${target}.${randomBytes(8).toString("hex")}`;
  const mode = ["-m", "755", "-o", "root", "-g", "root"];
  runAsRoot([INSTALL, ...mode, "--", source, draft], `copy "${source}"`);
  const found = await hashOf(draft, hash.algorithm);
  if (found === hash.hex) {
    runAsRoot([MOVE, "-T", "--", draft, target], `name "${target}"`);
    return;
  }
  runAsRoot(["/usr/bin/rm", "--", draft], `remove "${draft}"`);
  throw new EntryError(
    `Cannot trust the program: its ${hash.algorithm} is ${found}, ` +
      `${hash.hex} is needed`,
    "Run the job again; when it stays so, somebody changes what is downloaded",
  );
}

/** Whether a file is there and is what it must be. */
export async function isFile(path: string, hash: FileHash): Promise<boolean> {
  try {
    return await hashOf(path, hash.algorithm) === hash.hex;
  } catch {
    return false;
  }
}

async function hashOf(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

function statOf(path: string) {
  const stat = lstatSync(path);
  const { uid, mode } = stat;
  return { uid, mode, isDirectory: stat.isDirectory() };
}
