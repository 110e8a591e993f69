/**
 * Bulk TCP throughput, guarded and not, in turns of a second.
 *
 * Over a virtual wire it is the processor that limits, so anything else on the
 * machine moves it by more than what is looked for: the two sides must stand
 * beside each other, and take turns as fast as they can.
 *
 * @module
 */
import { Lab } from "../lab/lab.ts";
import { SITES } from "../lab/topology.ts";
import { arm, IPERF_PORT } from "./guards.ts";

/** Received, in bits per second, one figure for each turn. */
export interface BulkFigures {
  readonly none: readonly number[];
  readonly sluice: readonly number[];
}

const [ALLOWED] = SITES;
const ADDRESS = ALLOWED!.addresses[0]!.ipv4;
const TURN_SECONDS = "1";
const TIMEOUT_MS = 60_000;

/**
 * Measures in two labs, one of which is guarded.
 *
 * @param turns How often each side transfers for a second.
 * @throws {Error} When a transfer fails.
 */
export async function measureBulk(turns: number): Promise<BulkFigures> {
  await using alone = await Lab.up();
  await using guarded = await Lab.up();
  await Promise.all([alone, guarded].map(serve));
  await using _guard = await arm(guarded, {
    ...{ name: "sluice", acceptAllPath: "" },
  });
  // The name is what makes the address allowed.
  await guarded.in("run", ["dig", "+short", ALLOWED!.name]);
  const figures = { none: [] as number[], sluice: [] as number[] };
  for (let turn = 0; turn < turns; turn++) {
    // Each goes first as often as the other.
    const isEven = turn % 2 === 0;
    if (isEven) figures.none.push(await transfer(alone));
    figures.sluice.push(await transfer(guarded));
    if (!isEven) figures.none.push(await transfer(alone));
  }
  return figures;
}

async function serve(lab: Lab): Promise<void> {
  const server = lab.spawn("out", [
    ...["iperf3", "-s", "--forceflush"],
    ...["-p", String(IPERF_PORT), "-B", ADDRESS],
  ]);
  await server.waitFor("Server listening");
}

async function transfer(lab: Lab): Promise<number> {
  const { code, stdout } = await lab.in("run", [
    ...["iperf3", "-J", "-c", ADDRESS, "-p", String(IPERF_PORT)],
    ...["-t", TURN_SECONDS],
  ], { timeoutMs: TIMEOUT_MS });
  const { end, error } = JSON.parse(stdout);
  if (code === 0) return end.sum_received.bits_per_second;
  throw new Error(`Cannot measure throughput: iperf3 says "${error}"`);
}
