/**
 * A runner inside a lab, and steps that wait for a test.
 *
 * @module
 */
import type { Lab } from "../lab/lab.ts";
import { enterArgs } from "../lab/namespaces.ts";
import { FakeRunner } from "../lab/runner/runner.ts";

/**
 * Installs a runner on a lab's `run` side, and starts it.
 *
 * @param name Of its directory in the lab's own.
 */
export async function withRunner(lab: Lab, name = "a"): Promise<FakeRunner> {
  const runner = await FakeRunner.install(`${lab.directory}/${name}`);
  // By who removes the lab, when the tests were killed.
  await lab.onCleanup(runner.removal);
  const [holder] = (await Deno.readTextFile(`${lab.directory}/run.pid`))
    .split("\n");
  await runner.start({ before: enterArgs(Number(holder), "/") });
  return runner;
}

/** A shell line that lets a step wait for {@linkcode letGo}. */
export function holdUntil(lab: Lab, name: string): string {
  return `while ! [ -e ${lab.directory}/go-${name} ]; do sleep 0.05; done\n`;
}

/** Lets a step go on that waits for this name. */
export async function letGo(lab: Lab, name: string): Promise<void> {
  await Deno.writeTextFile(`${lab.directory}/go-${name}`, "");
}
