/**
 * `deno task bench [--quick]`: what Sluice costs, against the same run's other
 * side.
 *
 * Nothing is asserted about time: a goal that is missed is said in the table.
 *
 * @module
 */
import { Lab } from "../lab/lab.ts";
import { measureBulk } from "./bulk.ts";
import { compileProgram } from "./compile.ts";
import { arm, GUARD_NAMES } from "./guards.ts";
import { describeMachine } from "./machine.ts";
import { type Bench, type Effort, type Figures, measure } from "./measure.ts";
import { runSluice } from "./sluice.ts";
import { renderTable } from "./table.ts";

const FULL: Effort = {
  rounds: 7,
  warmUp: 1_000,
  connections: 4_000,
  lookUps: 1_000,
  refusals: 500,
  bulkTurns: 20,
  memoryConnections: 10_000,
};

/** Enough to see that each row can still be measured. */
const QUICK: Effort = {
  rounds: 1,
  warmUp: 50,
  connections: 200,
  lookUps: 50,
  refusals: 50,
  bulkTurns: 1,
  memoryConnections: 500,
};

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const isQuick = args.length === 1 && args[0] === "--quick";
  if (args.length > 0 && !isQuick) {
    console.error("Usage: deno task bench [--quick]");
    return 2;
  }
  const effort = isQuick ? QUICK : FULL;
  const machine = await describeMachine();
  const { rounds, helpMs } = await measureRounds(effort);
  console.error(`bench: throughput, ${effort.bulkTurns} turns`);
  const bulk = await measureBulk(effort.bulkTurns);
  const { connections, warmUp, memoryConnections } = effort;
  console.log(renderTable({ rounds, bulk, helpMs, memoryConnections }));
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
): Promise<{ rounds: Figures[]; helpMs: number[] }> {
  await using lab = await Lab.up();
  const bench = await prepare(lab, effort);
  const rounds: Figures[] = [];
  const helpMs: number[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    console.error(`bench: round ${round + 1} of ${effort.rounds}`);
    helpMs.push((await runSluice(["--help"])).milliseconds);
    rounds.push(...await runRound(bench, round));
  }
  return { rounds, helpMs };
}

async function prepare(lab: Lab, effort: Effort): Promise<Bench> {
  const [acceptAll, connect, dnsProbe] = await Promise.all([
    compileProgram("accept_all", lab.directory),
    compileProgram("connect", lab.directory),
    compileProgram("dns_probe", lab.directory),
  ]);
  const programs = {
    ...{ accept_all: acceptAll, connect, dns_probe: dnsProbe },
  };
  const bench = { lab, programs, effort };
  // Deno's caches and the kernel's modules: every measured start is warm.
  await using _warm = await arm(lab, {
    ...{ name: "sluice", acceptAllPath: acceptAll },
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
