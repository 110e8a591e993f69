/**
 * `deno task bench [--quick] [jobs]`: what Sluice costs, against the same run's
 * other side; all of it, or what the action costs a job.
 *
 * Nothing is asserted about time: a goal that is missed is said in the table.
 *
 * @module
 */
import { Lab } from "../lab/lab.ts";
import { measureBulk } from "./bulk.ts";
import { type BenchProgram, compileProgram } from "./compile.ts";
import { type ExecutionEffort, measureExecutions } from "./executions.ts";
import { type FlowRates, measureFlowRates } from "./flow_rates.ts";
import { arm, GUARD_NAMES } from "./guards.ts";
import { serveQuic } from "./handshakes.ts";
import { type JobEffort, measureJobs } from "./jobs.ts";
import { describeMachine } from "./machine.ts";
import {
  type Bench,
  type Effort,
  type Figures,
  lookUpAllowed,
  measure,
} from "./measure.ts";
import { runSluice } from "./sluice.ts";
import { measureSources, type SourceEffort } from "./sources.ts";
import { makeJobRows, renderRows, renderTable } from "./table.ts";

const FULL: Effort = {
  rounds: 7,
  warmUp: 1_000,
  connections: 4_000,
  lookUps: 1_000,
  // Both kinds and their warm-up stay below what has an event each.
  refusals: 300,
  handshakes: 300,
  flowSeconds: 1,
  maxFlows: 40_000,
  bulkTurns: 20,
  memoryConnections: 10_000,
  crowd: { processes: 500, descriptors: 50, connections: 1_000 },
};

/** Enough to see that each row can still be measured. */
const QUICK: Effort = {
  rounds: 1,
  warmUp: 50,
  connections: 200,
  lookUps: 50,
  refusals: 50,
  handshakes: 20,
  flowSeconds: 0.1,
  maxFlows: 1_500,
  bulkTurns: 1,
  memoryConnections: 500,
  crowd: { processes: 20, descriptors: 50, connections: 20 },
};

const FULL_EXECUTIONS: ExecutionEffort = {
  ...{ turns: 5, execs: 5_000, files: 40 },
};
const QUICK_EXECUTIONS: ExecutionEffort = {
  ...{ turns: 1, execs: 200, files: 2 },
};

const FULL_SOURCES: SourceEffort = {
  ...{ turns: 3, tracked: 100_000, placed: 80_000, compiled: 40 },
};
const QUICK_SOURCES: SourceEffort = {
  ...{ turns: 1, tracked: 500, placed: 500, compiled: 2 },
};

const FULL_JOBS: JobEffort = { turns: 5, level: 9 };
const QUICK_JOBS: JobEffort = { turns: 1, level: 1 };

const PROGRAMS: readonly BenchProgram[] = [
  "accept_all",
  "connect",
  "crowd",
  "dns_probe",
  "flows",
  "tls_probe",
];

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const isQuick = args[0] === "--quick";
  const [part, ...others] = isQuick ? args.slice(1) : args;
  if (others.length > 0 || !(part === undefined || part === "jobs")) {
    console.error("Usage: deno task bench [--quick] [jobs]");
    return 2;
  }
  const jobEffort = isQuick ? QUICK_JOBS : FULL_JOBS;
  if (part === "jobs") {
    const jobs = await measureJobs(jobEffort);
    console.log(renderRows(makeJobRows(jobs)));
    console.log(await describeMachine());
    return 0;
  }
  const effort = isQuick ? QUICK : FULL;
  const machine = await describeMachine();
  const { rounds, helpMs, rates } = await measureRounds(effort);
  console.error(`bench: throughput, ${effort.bulkTurns} turns`);
  const bulk = await measureBulk(effort.bulkTurns);
  console.error("bench: executions");
  const executions = await measureExecutions(
    isQuick ? QUICK_EXECUTIONS : FULL_EXECUTIONS,
  );
  console.error("bench: sources");
  const sources = await measureSources(isQuick ? QUICK_SOURCES : FULL_SOURCES);
  console.error("bench: jobs");
  const jobs = await measureJobs(jobEffort);
  const { connections, warmUp, memoryConnections, crowd } = effort;
  console.log(renderTable({
    ...{ rounds, bulk, helpMs, rates, executions, sources, jobs },
    ...{ memoryConnections, crowd },
  }));
  console.log(
    `Medians of ${effort.rounds} ${
      effort.rounds === 1 ? "round" : "rounds"
    }, guards in turn, each armed anew; ` +
      `${connections} connections after ${warmUp + 100} to warm up; ` +
      `throughput of ${effort.bulkTurns} s each, in turns of 1 s. ${machine}`,
  );
  return 0;
}

async function measureRounds(
  effort: Effort,
): Promise<{ rounds: Figures[]; helpMs: number[]; rates: FlowRates[] }> {
  await using lab = await Lab.up();
  const bench = await prepare(lab, effort);
  const rounds: Figures[] = [];
  const helpMs: number[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    console.error(`bench: round ${round + 1} of ${effort.rounds}`);
    helpMs.push((await runSluice(["--help"])).milliseconds);
    rounds.push(...await runRound(bench, round));
  }
  console.error("bench: rates of new flows");
  return { rounds, helpMs, rates: await measureRates(bench) };
}

async function prepare(lab: Lab, effort: Effort): Promise<Bench> {
  const paths = await Promise.all(
    PROGRAMS.map((program) => compileProgram(program, lab.directory)),
  );
  const programs = Object.fromEntries(
    PROGRAMS.map((program, index) => [program, paths[index]!]),
  ) as Record<BenchProgram, string>;
  await serveQuic(lab);
  const bench = { lab, programs, effort };
  // Deno's caches and the kernel's modules: every measured start is warm.
  await using _warm = await arm(lab, {
    ...{ name: "sluice", acceptAllPath: programs.accept_all },
  });
  return bench;
}

/** Each round starts with another guard, so that drift favours nobody. */
async function runRound(bench: Bench, round: number): Promise<Figures[]> {
  const figures: Figures[] = [];
  for (let turn = 0; turn < GUARD_NAMES.length; turn++) {
    const name = GUARD_NAMES[(round + turn) % GUARD_NAMES.length]!;
    const acceptAllPath = bench.programs.accept_all;
    await using guard = await arm(bench.lab, { name, acceptAllPath });
    figures.push(await measure(bench, guard));
  }
  return figures;
}

async function measureRates(bench: Bench): Promise<FlowRates[]> {
  const { lab, programs, effort } = bench;
  const rates: FlowRates[] = [];
  for (const name of GUARD_NAMES) {
    const acceptAllPath = programs.accept_all;
    await using guard = await arm(lab, { name, acceptAllPath });
    await lookUpAllowed(bench);
    rates.push(
      await measureFlowRates({
        ...{ lab, program: programs.flows },
        ...{ seconds: effort.flowSeconds, maxPerSecond: effort.maxFlows },
      }, guard),
    );
  }
  return rates;
}
