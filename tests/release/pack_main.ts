/**
 * `deno task pack [--arch x64|arm64] [--level 1-9] [--output FILE]`: the
 * program in one file, its SHA-256 on stdout.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { readArchitecture, tellDigest } from "./main_options.ts";
import { packProgram } from "./pack.ts";
import { ownArchitecture } from "./runtime.ts";

if (import.meta.main) await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      arch: { type: "string", default: ownArchitecture() },
      level: { type: "string", default: "9" },
      output: { type: "string" },
    },
  });
  const architecture = readArchitecture(values.arch);
  const level = Number(values.level);
  const output = values.output ?? `sluice-linux-${architecture}`;
  const program = await packProgram({ architecture, level });
  await Deno.writeFile(output, program);
  await Deno.chmod(output, 0o755);
  await tellDigest(output);
}
