/**
 * `deno task compile [--arch x64|arm64] [--output FILE] [--download]`: the
 * binary, its SHA-256 on stdout. DENORT_BIN names denort for that machine.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { compileProgram } from "./compile.ts";
import { readArchitecture, tellDigest } from "./main_options.ts";
import { ownArchitecture } from "./runtime.ts";

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      arch: { type: "string", default: ownArchitecture() },
      output: { type: "string" },
      download: { type: "boolean", default: false },
    },
  });
  const architecture = readArchitecture(values.arch);
  const denort = Deno.env.get("DENORT_BIN") ?? null;
  if (denort === null && !values.download) {
    console.error(
      "Cannot compile: DENORT_BIN is not set; name denort of this Deno's version there, or give --download and trust what Deno gets. `deno task pack` needs neither",
    );
    return 1;
  }
  const output = values.output ?? `sluice-compiled-linux-${architecture}`;
  await compileProgram({ architecture, output, denort });
  await tellDigest(output);
  return 0;
}
