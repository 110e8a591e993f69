/**
 * The agent's program: the one that this source was released with.
 *
 * @module
 */
import { join } from "node:path";
import { cacheDirectory, download } from "./download.ts";
import { EntryError } from "./failure.ts";
import { type Architecture, RELEASE, type Release } from "./release.ts";
import type { Environment } from "./request.ts";
import { copyForRoot, isFile, makeRootDirectory } from "./root_copy.ts";
import { prepareSource } from "./source_program.ts";

const ARCHITECTURES: ReadonlySet<string> = new Set(["x64", "arm64"]);

/**
 * Puts the agent where only root can change it.
 *
 * @returns The command that root runs, without arguments.
 * @throws {EntryError} When it cannot be had for this machine.
 */
export async function prepareProgram(
  env: Environment,
): Promise<readonly string[]> {
  const architecture = ownArchitecture();
  return RELEASE === null
    ? await prepareSource(architecture, env)
    : await prepareRelease(RELEASE, { architecture, env });
}

async function prepareRelease(
  { version, programs }: Release,
  of: { readonly architecture: Architecture; readonly env: Environment },
): Promise<readonly string[]> {
  const { architecture, env } = of;
  const { url, sha256 } = programs[architecture];
  const hash = { algorithm: "sha256", hex: sha256 } as const;
  const target = `${makeRootDirectory(sha256)}/sluice`;
  const places = ["sluice", version, architecture, "sluice"];
  const path = join(cacheDirectory(env), ...places);
  if (!await isFile(target, hash)) {
    await download(url, { path, hash });
    await copyForRoot(path, { target, hash });
  }
  return [target];
}

function ownArchitecture(): Architecture {
  const { platform, arch } = process;
  if (platform === "linux" && ARCHITECTURES.has(arch)) {
    return arch as Architecture;
  }
  throw new EntryError(
    `Cannot guard this job: the runner is ${platform} on ${arch}, ` +
      `Linux on x64 or arm64 is needed`,
    "Use an Ubuntu runner, or take the step out for this one with `if:`",
  );
}
