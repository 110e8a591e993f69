/**
 * A release of the action that was never made: entries of this source, pinned
 * to a program of a test.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { runOrThrow } from "../lab/command.ts";
import { DENO_PACKAGES } from "../../agent/action/deno_packages.ts";
import { ownArchitecture } from "../release/runtime.ts";
import { type Ground, SLUICE } from "./ground.ts";
import type { Services } from "./services.ts";

/** What is released, and what is told of it. */
export interface TestRelease {
  readonly program: Uint8Array;
  /** Default: what the program has. */
  readonly sha256?: string;
  /** Default: where it is. */
  readonly url?: string;
}

/** Installs the action, pinned to a program. */
export async function installRelease(
  ground: Ground,
  of: TestRelease & { readonly services: Services },
): Promise<void> {
  const { services, program } = of;
  await ground.installSluice();
  const url = of.url ?? await services.offer("sluice-program", program);
  const sha256 = of.sha256 ??
    createHash("sha256").update(program).digest("hex");
  const both = { url, sha256 };
  const release = { version: "0.0.0", programs: { x64: both, arm64: both } };
  const path = `${ground.actionDirectory(SLUICE)}/agent/action/release.ts`;
  const source = await Deno.readTextFile(path);
  const pinned = source.replace(
    "Release | null = null",
    () => `Release | null = ${JSON.stringify(release)}`,
  );
  if (pinned === source) throw new Error(`Cannot pin in "${path}"`);
  await Deno.writeTextFile(path, pinned);
}

/**
 * Installs the action as it is in a source tree that was never released.
 *
 * The Deno for it is in the runner's cache: a lab has no registry.
 */
export async function installSource(ground: Ground): Promise<void> {
  const architecture = ownArchitecture();
  const { name, version } = DENO_PACKAGES[architecture];
  const place = ["sluice-deno", version, architecture].join("/");
  const directory = `${ground.runner.root}/_work/_tool/${place}`;
  await Deno.mkdir(directory, { recursive: true });
  const options = ["--silent", "--prefer-offline", "--ignore-scripts"];
  const to = ["--pack-destination", directory];
  await runOrThrow(["npm", "pack", ...options, ...to, `${name}@${version}`]);
  const [file] = [...Deno.readDirSync(directory)];
  await Deno.rename(`${directory}/${file!.name}`, `${directory}/deno.tgz`);
  await ground.installSluice();
}
