/**
 * A guard under steady traffic, and what must hold all the time.
 *
 * @module
 */
import { sluiceCommand } from "../bench/sluice.ts";
import { Guarding } from "../integration/guarding.ts";
import { LabProcess } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { findDifferences, findKernelFaults, readAccounts } from "./accounts.ts";
import { type Load, NAMES, startTraffic, type Tally } from "./traffic.ts";
import { findGrowth, readVitals, type Vitals } from "./vitals.ts";

/** How to run it. */
export interface EnduranceOptions extends Load {
  /** Called with each look at the agent. */
  readonly onLook?: (look: Vitals) => void;
}

/** What came of it. */
export interface EnduranceResult {
  readonly connections: Tally;
  readonly lookUps: Tally;
  readonly looks: readonly Vitals[];
  /** What did not hold, a sentence each. */
  readonly found: readonly string[];
}

const LOOK_MS = 5_000;
const LIMITS = {
  // The collector's rhythm on a busy machine; a leak of 100 bytes for each
  // connection would be as much in three minutes.
  bytes: 24 << 20,
  bytesPerHour: 16 << 20,
  // The process table opens three for each process that it knows.
  descriptors: 6,
} as const;
/** Events are written in batches: the last one is in the journal by then. */
const SETTLE_MS = 1_000;
const STOP_TIMEOUT_MS = 600_000;

/**
 * Guards a lab in block mode while traffic runs.
 *
 * @param options How much, and for how long.
 * @returns The figures; nothing is thrown for what does not hold.
 */
export async function endure(
  options: EnduranceOptions,
): Promise<EnduranceResult> {
  await using lab = await Lab.up();
  const state = `${lab.directory}/endurance`;
  const guard = await Guarding.arm(lab, {
    state,
    egress: "block",
    allow: [443, 8443, 80].map((port) => `${NAMES.allowed}:${port}`),
  });
  // The name is what makes the address allowed.
  await lab.in("run", ["dig", "+short", NAMES.allowed]);
  await sleep(SETTLE_MS);
  const before = await readAccounts(guard.started.journal);
  const traffic = await startTraffic(lab, options);
  const looks = await watch(lab, { ...options, pid: guard.started.pid });
  const [connections, lookUps] = await Promise.all([
    readTally(traffic.connections),
    readTally(traffic.lookUps),
  ]);
  await sleep(SETTLE_MS);
  const faults = await findKernelFaults(lab);
  const stop = await findStopFault(state);
  const journal = await readAccounts(guard.started.journal);
  const counts = { ...journal.counts };
  for (const [key, count] of Object.entries(before.counts)) {
    counts[key]! -= count;
  }
  return {
    connections: connections.tally,
    lookUps: lookUps.tally,
    looks,
    found: [
      ...findWrong("connections", connections, options),
      ...findWrong("look-ups", lookUps, options),
      ...faults,
      ...stop,
      ...journal.found,
      ...findDifferences(counts, {
        connections: connections.tally,
        lookUps: lookUps.tally,
      }),
      ...findGrowth(looks, LIMITS),
    ],
  };
}

async function watch(
  lab: Lab,
  of: EnduranceOptions & { readonly pid: number },
): Promise<Vitals[]> {
  const looks: Vitals[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + of.seconds * 1000;
  while (performance.now() < endMs) {
    await sleep(Math.min(LOOK_MS, endMs - performance.now()));
    const atSeconds = (performance.now() - startedMs) / 1000;
    const look = await readVitals(of.pid, atSeconds);
    looks.push(look);
    of.onLook?.(look);
    // A line for each look-up would fill the disk in a long run.
    await Deno.truncate(`${lab.directory}/resolver.log`);
  }
  return looks;
}

interface Told {
  readonly tally: Tally;
  readonly complaints: string;
}

async function readTally(
  program: {
    finished: (
      timeoutMs: number,
    ) => Promise<{ code: number; stdout: string; stderr: string }>;
  },
): Promise<Told> {
  const { code, stdout, stderr } = await program.finished(60_000);
  if (code !== 0) throw new Error(`Cannot send traffic: ${stderr}`);
  return { tally: JSON.parse(stdout), complaints: stderr };
}

function findWrong(
  what: string,
  { tally, complaints }: Told,
  load: Load,
): string[] {
  const found: string[] = [];
  const { sent, right, late } = tally;
  const wrong = sent - right - late;
  if (wrong > 0) {
    found.push(`${wrong} of ${sent} ${what} ended otherwise: ${complaints}`);
  }
  if (late > 0) {
    found.push(`${late} of ${sent} ${what} ran out of time: ${complaints}`);
  }
  if (sent < load.rate * load.seconds) {
    found.push(
      `${sent} ${what} were begun, ${load.rate * load.seconds} were wanted: ` +
        "the machine is too slow for this rate",
    );
  }
  return found;
}

/** The journal is long by then, and `stop` reads all of it. */
async function findStopFault(state: string): Promise<string[]> {
  await using program = new LabProcess(
    sluiceCommand(["stop", "--state", state]),
  );
  const { code, stderr } = await program.finished(STOP_TIMEOUT_MS);
  return code === 0 ? [] : [`"sluice stop" exited with ${code}: ${stderr}`];
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) =>
    setTimeout(resolve, Math.max(0, milliseconds))
  );
}
