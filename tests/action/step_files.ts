/**
 * The files that a step writes for the runner, one set a step.
 *
 * @module
 */
import { uuid } from "../lab/runner/job.ts";
import { readPairs } from "./commands.ts";

/** Their variables, and the beginning of their names as the runner has them. */
const NAMES = {
  GITHUB_ENV: "set_env",
  GITHUB_OUTPUT: "set_output",
  GITHUB_PATH: "add_path",
  GITHUB_STATE: "save_state",
  GITHUB_STEP_SUMMARY: "step_summary",
} as const;

/** What a step has written. */
export interface StepWritten {
  readonly env: readonly (readonly [string, string])[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly path: readonly string[];
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Their variables, with the paths of empty files of that user. */
export async function makeStepFiles(
  temp: string,
  user: number,
): Promise<Record<keyof typeof NAMES, string>> {
  const directory = `${temp}/_runner_file_commands`;
  await Deno.mkdir(directory, { recursive: true });
  await Deno.chown(directory, user, user);
  const id = uuid();
  const pairs = Object.entries(NAMES).map(([variable, name]) =>
    [variable, `${directory}/${name}_${id}`] as const
  );
  for (const [, path] of pairs) {
    await Deno.writeTextFile(path, "");
    await Deno.chown(path, user, user);
  }
  return Object.fromEntries(pairs) as Record<keyof typeof NAMES, string>;
}

/**
 * Reads what is in them.
 *
 * @throws {Error} As the runner fails the step.
 */
export async function readStepFiles(
  files: Readonly<Record<keyof typeof NAMES, string>>,
): Promise<StepWritten> {
  const read = (path: string) =>
    // A step may have removed it.
    Deno.readTextFile(path).catch(() => "");
  const path = await read(files.GITHUB_PATH);
  return {
    env: readPairs(await read(files.GITHUB_ENV)),
    outputs: Object.fromEntries(readPairs(await read(files.GITHUB_OUTPUT))),
    path: path.split(/\r?\n/).filter((line) => line !== ""),
    state: Object.fromEntries(readPairs(await read(files.GITHUB_STATE))),
    summary: await read(files.GITHUB_STEP_SUMMARY),
  };
}
