/**
 * The agent from this source tree, where nothing was released: for the tests
 * of the project and for those who build on it.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { DENO_PACKAGES, type DenoPackage } from "./deno_packages.ts";
import { cacheDirectory } from "./download.ts";
import { EntryError } from "./failure.ts";
import type { Architecture } from "./release.ts";
import type { Environment } from "./request.ts";
import { runAsRoot } from "./root.ts";
import { copyForRoot, isFile, makeRootDirectory } from "./root_copy.ts";

/** What a running agent needs of the tree. */
const PARTS = ["agent", "ffi", "deno.json", "deno.lock"];

/**
 * Puts Deno and the source where only root can change them.
 *
 * @returns The command that root runs, without arguments.
 * @throws {EntryError} When they cannot be had.
 */
export async function prepareSource(
  architecture: Architecture,
  env: Environment,
): Promise<readonly string[]> {
  const deno = await prepareDeno(architecture, env);
  const source = copySource();
  // The permissions stand in one place, which is that task.
  const config = `${source}/deno.json`;
  return [deno, "task", "--quiet", "--config", config, "sluice"];
}

async function prepareDeno(
  architecture: Architecture,
  env: Environment,
): Promise<string> {
  const found = DENO_PACKAGES[architecture];
  const hex = Buffer.from(found.sha512, "base64").toString("hex");
  const hash = { algorithm: "sha512", hex } as const;
  const directory = makeRootDirectory(`deno-${found.version}-${architecture}`);
  const target = `${directory}/deno.tgz`;
  if (!await isFile(target, hash)) {
    const cached = ["sluice-deno", found.version, architecture, "deno.tgz"];
    const path = join(cacheDirectory(env), ...cached);
    if (!await isFile(path, hash)) packDeno(found, path);
    await copyForRoot(path, { target, hash });
  }
  const unpack = ["-xzf", target, "-C", directory, "--no-same-owner"];
  const member = ["--strip-components=1", "package/deno"];
  runAsRoot(["/usr/bin/tar", ...unpack, ...member], `unpack "${target}"`);
  return `${directory}/deno`;
}

/** By npm itself: it knows this machine's registry and its proxy. */
function packDeno(wanted: DenoPackage, path: string): void {
  const name = `${wanted.name}@${wanted.version}`;
  mkdirSync(join(path, ".."), { recursive: true });
  const directory = mkdtempSync(join(path, "..", "pack-"));
  try {
    const options = ["--silent", "--ignore-scripts", "--pack-destination"];
    const { status, stderr, error } = spawnSync(
      "npm",
      ["pack", ...options, directory, name],
      { cwd: directory, encoding: "utf8" },
    );
    const [file] = readdirSync(directory);
    if (status !== 0 || file === undefined) {
      const why = stderr?.trim() || error?.message || `exit code ${status}`;
      throw new EntryError(
        `Cannot download "${name}": ${why}`,
        "Look whether this runner has npm and may reach its registry",
      );
    }
    renameSync(join(directory, file), path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Copies this tree; the copy is named after what is in it. */
function copySource(): string {
  const root = resolve(import.meta.dirname!, "../..");
  const draft = `source-${randomBytes(8).toString("hex")}`;
  const directory = makeRootDirectory(draft);
  const copy = ["-R", "--no-dereference", "--"];
  const parts = PARTS.map((part) => join(root, part));
  runAsRoot(["/usr/bin/cp", ...copy, ...parts, directory], `copy "${root}"`);
  const hash = createHash("sha256");
  for (const part of PARTS) addFiles(hash, { directory, path: part });
  const name = `source-${hash.digest("hex")}`;
  const target = join(directory, "..", name);
  if (!hasEntry(join(directory, ".."), name)) {
    runAsRoot(["/usr/bin/mv", "-T", "--", directory, target], `make "${name}"`);
  } else {
    runAsRoot(["/usr/bin/rm", "-r", "--", directory], `remove "${draft}"`);
  }
  return target;
}

function addFiles(
  hash: ReturnType<typeof createHash>,
  at: { readonly directory: string; readonly path: string },
): void {
  const { directory, path } = at;
  const full = join(directory, path);
  const parent = join(full, "..");
  const entry = readdirSync(parent, { withFileTypes: true })
    .find(({ name }) => join(parent, name) === full)!;
  if (entry.isDirectory()) {
    for (const name of readdirSync(full).sort()) {
      addFiles(hash, { directory, path: join(path, name) });
    }
    return;
  }
  if (!entry.isFile()) {
    // A link could lead to where others write.
    throw new EntryError(
      `Cannot run from source: "${path}" is neither file nor directory`,
      "Use a plain checkout",
    );
  }
  hash.update(`${path}\0`).update(readFileSync(full)).update("\0");
}

function hasEntry(directory: string, name: string): boolean {
  return readdirSync(directory).includes(name);
}
