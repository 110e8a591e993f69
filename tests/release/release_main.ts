/**
 * `deno task release --repository OWNER/NAME [--check]`: pins the programs of
 * this source in agent/action/release.ts, or says whether it pins just those.
 *
 * The programs are made anew, in the directory `dist`. Nothing that is in them
 * depends on that file, so pinning them does not change them.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { ROOT } from "../style/tree.ts";
import { tellDigest } from "./main_options.ts";
import { packProgram } from "./pack.ts";
import { type Pin, pinRelease } from "./pin.ts";
import { projectVersion } from "./project.ts";
import { type Architecture, MACHINES } from "./runtime.ts";

const PATH = `${ROOT}agent/action/release.ts`;
const LEVEL = 9;

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      repository: { type: "string" },
      check: { type: "boolean", default: false },
    },
  });
  const { repository, check } = values;
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository ?? "")) {
    console.error("Usage: deno task release --repository OWNER/NAME [--check]");
    return 2;
  }
  await Deno.mkdir(`${ROOT}dist`, { recursive: true });
  const version = projectVersion();
  const pins: Pin[] = [];
  for (const architecture of Object.keys(MACHINES) as Architecture[]) {
    const name = `sluice-linux-${architecture}`;
    const path = `${ROOT}dist/${name}`;
    await Deno.writeFile(
      path,
      await packProgram({ architecture, level: LEVEL }),
    );
    await Deno.chmod(path, 0o755);
    const url =
      `https://github.com/${repository}/releases/download/v${version}/${name}`;
    pins.push({ architecture, url, sha256: await tellDigest(path) });
  }
  const before = await Deno.readTextFile(PATH);
  const after = pinRelease(before, { version, pins });
  if (before === after) return 0;
  if (check) {
    console.error(
      `${PATH} pins something else: run \`deno task release\`, commit, and tag that`,
    );
    return 1;
  }
  await Deno.writeTextFile(PATH, after);
  return 0;
}
