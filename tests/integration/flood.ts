/**
 * A flood, and an honest client beside it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type LabProcess, runOrThrow } from "../lab/command.ts";
import type { Lab } from "../lab/lab.ts";
import { ADDRESSES, type Side } from "../lab/topology.ts";
import { NOBODY, PYTHON } from "./escape/attack.ts";

/** What a hostile user does. */
export interface FloodOptions {
  readonly kind: "tcp" | "udp" | "dns";
  /** New flows a second; 0 is as many as it can. */
  readonly rate: number;
  readonly user: number;
  /** Default `run`. */
  readonly side?: Side;
  /** Default: those of {@linkcode FLOODED}, and for `dns` the resolver. */
  readonly to?: string;
}

/** One request of the honest client. */
export interface Fetch {
  /** Null when it was answered. */
  readonly error: string | null;
  readonly ms: number;
}

/** Where floods go: nobody has these, and nothing may be on the wire to them. */
export const FLOODED = {
  addresses: ["203.0.113.130", "203.0.113.131", "203.0.113.132"],
  filter: "net 203.0.113.128/25",
} as const;

/** Longer than any test looks on; a flood ends with its test. */
const FLOOD_SECONDS = 60;
/** Until a flood is in full flow. */
const SWELL_MS = 1_000;
const FETCH_TIMEOUT_MS = 60_000;

const SOURCE = fileURLToPath(new URL("./flood.c", import.meta.url));
const CLIENT = new URL("./flood_honest.py", import.meta.url);

/**
 * Starts a flood.
 *
 * @throws {Error} When gcc refuses, also for a warning.
 */
export async function startFlood(
  lab: Lab,
  options: FloodOptions,
): Promise<LabProcess> {
  const { kind, rate, user, side = "run", to } = options;
  const path = `${lab.directory}/flood`;
  const strict = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"];
  await runOrThrow(["gcc", ...strict, "-o", path, SOURCE]);
  const targets = kind === "dns"
    ? [ADDRESSES.resolver.ipv4]
    : FLOODED.addresses;
  const args = [kind, `${rate}`, `${FLOOD_SECONDS}`, ...to ? [to] : targets];
  const flood = lab.spawn(side, [path, ...args], { user });
  await flood.waitFor("flooding");
  await new Promise((resolve) => setTimeout(resolve, SWELL_MS));
  return flood;
}

/** Fetches the allowed page so many times, as nobody's user, and says how long. */
export async function fetchHonestly(lab: Lab, times: number): Promise<Fetch[]> {
  const stdin = await Deno.readTextFile(CLIENT);
  const command = [PYTHON, "-I", "-", `${times}`];
  const { code, stdout, stderr } = await lab.in("run", command, {
    user: NOBODY,
    stdin,
    timeoutMs: FETCH_TIMEOUT_MS,
  });
  assert.equal(code, 0, stderr);
  const fetches: Fetch[] = stdout.trim().split("\n")
    .map((line) => JSON.parse(line));
  const ms = fetches.map((fetch) => fetch.ms).sort((a, b) => a - b);
  const middle = ms[Math.floor(ms.length / 2)]!;
  console.log(
    `${times} fetches: p50 ${middle.toFixed(1)} ms, ` +
      `worst ${ms.at(-1)!.toFixed(1)} ms`,
  );
  return fetches;
}

/** The most memory that a process ever had resident, in bytes. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}
