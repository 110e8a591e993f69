/**
 * The program in one file as tests run it: packed in haste, and once.
 *
 * @module
 */
import { packProgram } from "./pack.ts";
import { ownArchitecture } from "./runtime.ts";

let packed: Promise<string> | undefined;

/**
 * Packs the program for this machine; it goes when the tests end.
 *
 * @returns Its path, below a directory that everybody can read.
 */
export function packedProgram(): Promise<string> {
  packed ??= pack();
  return packed;
}

async function pack(): Promise<string> {
  const architecture = ownArchitecture();
  const program = await packProgram({ architecture, level: 1 });
  const directory = await Deno.makeTempDir({ prefix: "sluice-packed-" });
  addEventListener(
    "unload",
    () => Deno.removeSync(directory, { recursive: true }),
  );
  const path = `${directory}/sluice`;
  await Deno.writeFile(path, program, { mode: 0o755 });
  await Deno.chmod(directory, 0o755);
  return path;
}
