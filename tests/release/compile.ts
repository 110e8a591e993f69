/**
 * The agent as one binary, by `deno compile`.
 *
 * It needs denort, Deno without its tools, which Deno's makers publish outside
 * of npm: whoever has it names it. What Deno would download is checked by
 * nobody, so that has to be asked for.
 *
 * @module
 */
import { bundleAgent, type BundledFile } from "./bundle.ts";
import { Buffer } from "node:buffer";
import { agentOptions } from "./project.ts";
import { type Architecture, MACHINES } from "./runtime.ts";

/** What to make. */
export interface CompileOptions {
  readonly architecture: Architecture;
  readonly output: string;
  /** Path of denort for that machine; null has Deno download its own. */
  readonly denort: string | null;
}

/** Files of a bundle have no date of their own. */
const EPOCH = new Date(0);

/**
 * In the help of `deno compile`. A full Deno in denort's place gives a program
 * that is Deno's command line and not ours, without an error.
 */
const OF_FULL_DENO = "Compile the script into a self contained executable";

/**
 * Compiles the agent.
 *
 * @throws {Error} When denort is none, or Deno cannot compile.
 */
export async function compileProgram(options: CompileOptions): Promise<void> {
  const { architecture, output, denort } = options;
  if (denort !== null) assertDenort(await Deno.readFile(denort), denort);
  const directory = await Deno.makeTempDir();
  try {
    const files = await bundleAgent();
    for (const file of files) await place(file, directory);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: compileArgs({ files, architecture, output: absolute(output) }),
      cwd: directory,
      env: {
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
        ...(denort === null ? {} : { DENORT_BIN: absolute(denort) }),
      },
      stdout: "null",
    }).output();
    if (code !== 0) {
      throw new Error(`Cannot compile: ${new TextDecoder().decode(stderr)}`);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  assertDenort(await Deno.readFile(output), output);
}

/**
 * Refuses a full Deno.
 *
 * @throws {Error} When the bytes hold what only a full Deno says.
 */
export function assertDenort(bytes: Uint8Array, path: string): void {
  const { buffer, byteOffset, length } = bytes;
  if (!Buffer.from(buffer, byteOffset, length).includes(OF_FULL_DENO)) return;
  throw new Error(
    `Cannot compile with ${path}: it is the full Deno, denort is needed; the program would be Deno's command line`,
  );
}

function compileArgs(
  of: {
    files: readonly BundledFile[];
    architecture: Architecture;
    output: string;
  },
): string[] {
  const { files, architecture, output } = of;
  const [main, ...workers] = files.map(({ name }) => name);
  return [
    ...["compile", "--quiet", "--no-check", "--no-config", "--no-lock"],
    ...["--no-npm", "--no-remote", "--no-code-cache", "--app-name=sluice"],
    `--target=${MACHINES[architecture]}-unknown-linux-gnu`,
    // What is compiled in is read without a permission.
    ...agentOptions().filter((each) => !each.startsWith("--allow-read=")),
    ...workers.map((name) => `--include=${name}`),
    ...["--output", output, main!],
  ];
}

async function place(
  { name, text }: BundledFile,
  directory: string,
): Promise<void> {
  const path = `${directory}/${name}`;
  await Deno.writeTextFile(path, text);
  await Deno.utime(path, EPOCH, EPOCH);
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}
