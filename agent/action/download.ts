/**
 * Gets a file over HTTPS.
 *
 * @module
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { EntryError } from "./failure.ts";
import type { Environment } from "./request.ts";
import { type FileHash, isFile } from "./root_copy.ts";

const TRIES = 3;
/** All of it; a runner's network brings that in two seconds. */
const DOWNLOAD_MS = 120_000;
const PAUSE_MS = 2_000;

/**
 * Downloads a file, unless it is there.
 *
 * What comes is checked again where it cannot be changed any more: here it only
 * saves a second download from being kept.
 *
 * @param options `path`: where it is kept; `hash`: what it must be.
 * @throws {EntryError} When it cannot be had, or is not what it must be.
 */
export async function download(
  url: string,
  { path, hash }: { readonly path: string; readonly hash: FileHash },
): Promise<void> {
  if (await isFile(path, hash)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, await fetchBytes(url));
    if (!await isFile(draft, hash)) {
      throw new EntryError(
        `Cannot use what "${url}" gives: its ${hash.algorithm} is not ${hash.hex}`,
        "Run the job again; when it stays so, somebody changes what is downloaded",
      );
    }
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Where downloads are kept.
 *
 * @throws {EntryError} When the runner names none.
 */
export function cacheDirectory(env: Environment): string {
  const path = env.RUNNER_TOOL_CACHE || env.RUNNER_TEMP;
  if (path !== undefined && path.startsWith("/")) return path;
  throw new EntryError(
    "Cannot keep the program: neither RUNNER_TOOL_CACHE nor RUNNER_TEMP is set",
    "Use the action in a job of GitHub Actions",
  );
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  let why = "";
  for (let tried = 0; tried < TRIES; tried++) {
    if (tried > 0) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    try {
      const signal = AbortSignal.timeout(DOWNLOAD_MS);
      const response = await fetch(url, { signal });
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      why = `it answers with ${response.status}`;
      await response.body?.cancel();
      // What is not there, or not for us, will not be in two seconds.
      if (response.status < 500 && response.status !== 429) break;
    } catch (error) {
      why = causeOf(error);
    }
  }
  throw new EntryError(
    `Cannot download "${url}": ${why}`,
    "Look whether this runner may reach that host",
  );
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  const { cause } = error;
  return cause instanceof Error ? cause.message : error.message;
}
