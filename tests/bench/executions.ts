/**
 * What it costs to be heard of: a loop that does nothing but execute, and a
 * build, with an agent and without one.
 *
 * The kernel tells of every process on the machine, so the two sides cannot
 * stand beside each other; they take turns.
 *
 * @module
 */
import { Lab } from "../lab/lab.ts";
import { compileExecs } from "../integration/executing.ts";
import { writeProject } from "./c_project.ts";
import { arm, type GuardName } from "./guards.ts";
import { readCpuMicros } from "./process.ts";

/** How much is measured. */
export interface ExecutionEffort {
  readonly turns: number;
  /** Programs in the loop. */
  readonly execs: number;
  /** C files of the build. */
  readonly files: number;
}

/** One figure for each turn. */
export interface Turns {
  readonly none: readonly number[];
  readonly sluice: readonly number[];
}

/** All that is measured of executing. */
export interface ExecutionFigures {
  /** Microseconds for one program of the loop. */
  readonly exec: Turns;
  /** Milliseconds for the build. */
  readonly build: Turns;
  /** CPU time of the agent for one program, in microseconds. */
  readonly cpu: readonly number[];
}

const TIMEOUT_MS = 300_000;

/**
 * Measures in a lab of its own.
 *
 * @throws {Error} When a program of the loop or of the build fails.
 */
export async function measureExecutions(
  effort: ExecutionEffort,
): Promise<ExecutionFigures> {
  await using lab = await Lab.up();
  const programs = await compileExecs(lab.directory);
  const project = await writeProject(lab.directory, effort.files);
  const exec = { none: [] as number[], sluice: [] as number[] };
  const build = { none: [] as number[], sluice: [] as number[] };
  const cpu: number[] = [];
  const measure = async (name: Exclude<GuardName, "accept_all">) => {
    await using guard = await arm(lab, { name, acceptAllPath: "" });
    const before = await cpuOf(guard.pid);
    const loop = [programs.execs, String(effort.execs), programs.nothing];
    const [, tookMicros] = (await run(lab, loop)).stdout.split(" ");
    exec[name].push(Number(tookMicros) / effort.execs);
    const used = await cpuOf(guard.pid) - before;
    if (guard.pid !== null) cpu.push(used / effort.execs);
    build[name].push((await run(lab, project)).milliseconds);
  };
  for (let turn = 0; turn < effort.turns; turn++) {
    // Each goes first as often as the other.
    const isEven = turn % 2 === 0;
    await measure(isEven ? "none" : "sluice");
    await measure(isEven ? "sluice" : "none");
  }
  return { exec, build, cpu };
}

async function run(lab: Lab, command: readonly string[]) {
  const result = await lab.in("run", command, { timeoutMs: TIMEOUT_MS });
  if (result.code === 0) return result;
  throw new Error(
    `Cannot measure "${command[0]}": exit code is ${result.code} with ` +
      JSON.stringify(result.stderr),
  );
}

async function cpuOf(pid: number | null): Promise<number> {
  return pid === null ? 0 : await readCpuMicros(pid);
}
