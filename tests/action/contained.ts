/**
 * A runner in a container, as ubuntu-slim is: its worker is there, and numbers
 * of processes are not the machine's.
 *
 * @module
 */
import { line } from "../lab/runner/job.ts";
import { type Ground, SLUICE } from "./ground.ts";

/** Runs the action's first entry there. */
export async function runContained(
  ground: Ground,
  inputs: Readonly<Record<string, string>>,
): Promise<{ readonly log: string; readonly exitCode: number | null }> {
  const { root } = ground.runner;
  const [job, output] = [
    `${root}/jobs/contained`,
    `${root}/jobs/contained.log`,
  ];
  await Deno.remove(output).catch(() => {});
  const env = [
    ...Object.entries(inputs).map(([name, value]) =>
      `INPUT_${name.toUpperCase()}=${value}`
    ),
    "RUNNER_ENVIRONMENT=github-hosted",
    `RUNNER_TOOL_CACHE=${root}/_work/_tool`,
    "PATH=/usr/bin:/bin",
  ];
  const entry = `${ground.actionDirectory(SLUICE)}/agent/action/pre.ts`;
  const args = [`${root}/externals/node24/bin/node`, entry];
  await Deno.writeTextFile(
    job,
    [
      line("output", output),
      line("cwd", root),
      line("start", "pre", String(env.length), ...env, ...args),
      line("wait", "pre"),
      "",
    ].join("\n"),
  );
  const id = String(ground.user);
  const { stdout } = await ground.in([
    ...["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"],
    ...["setpriv", "--reuid", id, "--regid", id, "--init-groups", "--"],
    ...["sh", "-c", `echo ${job} | ${root}/bin/Runner.Listener run`],
  ], { timeoutMs: 60_000 });
  const log = await Deno.readTextFile(output);
  const code = /^ended pre (\d+)$/m.exec(stdout)?.[1];
  return { log, exitCode: code === undefined ? null : Number(code) };
}
