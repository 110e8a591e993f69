/**
 * How many new flows a guard stands, and what a thousand a second cost it.
 *
 * @module
 */
import type { Lab } from "../lab/lab.ts";
import { SITES } from "../lab/topology.ts";
import type { BenchGuard, GuardName } from "./guards.ts";
import { runProbe } from "./probe.ts";
import { readCpuMicros } from "./process.ts";

/** One guard's figures. */
export interface FlowRates {
  readonly guard: GuardName;
  /** New flows a second at which none is lost, nor late; 0 when even few are. */
  readonly mostPerSecond: number;
  /** Processor time at 1,000 new flows a second, as a share of one; or null. */
  readonly cpuShare: number | null;
}

/** How it is measured. */
export interface FlowBench {
  readonly lab: Lab;
  /** The compiled `flows`. */
  readonly program: string;
  /** Of one trial. */
  readonly seconds: number;
  /** No rate above this is tried. */
  readonly maxPerSecond: number;
}

interface Trial {
  readonly sent: number;
  readonly connected: number;
}

const ADDRESS = SITES[0]!.addresses[0]!.ipv4;
const PORT = "443";
const STEADY_RATE = 1_000;
const SLOWEST_RATE = 250;
/** Each trial is by so much faster than the last, until one fails. */
const STEP = 2;
/** Then so often half-way between the last that held and the first that did not. */
const HALVINGS = 3;
/** One trial may meet another program's moment. */
const TRIES = 2;
const SETTLE_MS = 300;

/**
 * Measures one guard, which is armed and knows the name.
 */
export async function measureFlowRates(
  bench: FlowBench,
  guard: BenchGuard,
): Promise<FlowRates> {
  const { pid, name } = guard;
  const seconds = bench.seconds * 3;
  await run(bench, { rate: STEADY_RATE, seconds: bench.seconds });
  await settle();
  const before = pid === null ? 0 : await readCpuMicros(pid);
  await run(bench, { rate: STEADY_RATE, seconds });
  await settle();
  const after = pid === null ? 0 : await readCpuMicros(pid);
  return {
    guard: name,
    mostPerSecond: await findMost(bench),
    cpuShare: pid === null ? null : (after - before) / (seconds * 1e6),
  };
}

async function findMost(bench: FlowBench): Promise<number> {
  let held = 0;
  let failed = bench.maxPerSecond * STEP;
  for (let rate = SLOWEST_RATE; rate <= bench.maxPerSecond; rate *= STEP) {
    if (!await holds(bench, rate)) {
      failed = rate;
      break;
    }
    held = rate;
  }
  if (failed > bench.maxPerSecond) return held;
  for (let left = HALVINGS; left > 0; left--) {
    const middle = Math.round((held + failed) / 2);
    if (await holds(bench, middle)) held = middle;
    else failed = middle;
  }
  return held;
}

async function holds(bench: FlowBench, rate: number): Promise<boolean> {
  for (let tries = TRIES; tries > 0; tries--) {
    const { sent, connected } = await run(bench, {
      rate,
      seconds: bench.seconds,
    });
    await settle();
    const wanted = Math.floor(rate * bench.seconds);
    if (sent === wanted && connected === wanted) return true;
  }
  return false;
}

function run(
  { lab, program }: FlowBench,
  load: { rate: number; seconds: number },
): Promise<Trial> {
  const size = [String(Math.round(load.rate)), String(load.seconds)];
  return runProbe<Trial>(lab, [program, ...size, ADDRESS, PORT]);
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
