/**
 * The hooks that a runner's owner has it run around each job.
 *
 * After actions/runner (JobExtension.cs, JobHookProvider.cs, ScriptHandler.cs)
 * and GitHub's "Running scripts before or after a job".
 *
 * @module
 */

/** Of the stage: as it is shown, and what names its script. */
export const RUNNER_HOOKS = {
  pre: { name: "Set up runner", variable: "ACTIONS_RUNNER_HOOK_JOB_STARTED" },
  post: {
    name: "Complete runner",
    variable: "ACTIONS_RUNNER_HOOK_JOB_COMPLETED",
  },
} as const;

/**
 * What a runner's `.env` says; as if its listener had just been started, which
 * reads it then.
 */
export async function readRunnerEnv(
  root: string,
): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(`${root}/.env`).catch(() => "");
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
    }),
  );
}

/**
 * How the runner starts a hook.
 *
 * @param path What steps have put in front of PATH: bash is looked up there.
 */
export async function hookArgs(
  script: string,
  path: readonly string[],
): Promise<string[]> {
  for (const directory of [...path.toReversed(), "/usr/bin"]) {
    const shell = `${directory}/bash`;
    const isThere = await Deno.stat(shell).then(() => true, () => false);
    if (isThere) return [shell, "-e", script];
  }
  throw new Error("Cannot start a hook: there is no bash");
}
