/**
 * `deno task endurance`: an hour of traffic, by a guard that must not tire.
 *
 *     deno task endurance                  3600 seconds, 500 connections and 500
 *                                          look-ups a second
 *     deno task endurance --seconds 60 --rate 100
 *
 * Needs root. Prints a line every 5 seconds; the exit code is 1 when anything
 * did not hold.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { endure } from "./endurance.ts";
import type { Load, Tally } from "./traffic.ts";
import { mebibytes, type Vitals } from "./vitals.ts";

const DEFAULTS: Load = { seconds: 3600, rate: 500 };

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: string[]): Promise<number> {
  const load = readLoad(args);
  if (load === null) {
    console.error("Usage: deno task endurance [--seconds N] [--rate N]");
    return 2;
  }
  const { connections, lookUps, found } = await endure({
    ...load,
    onLook: (look) => console.log(describeLook(look)),
  });
  console.log(describeTally("connections", connections));
  console.log(describeTally("look-ups", lookUps));
  for (const sentence of found) console.log(`endurance: NOT HELD: ${sentence}`);
  if (found.length === 0) console.log("endurance: all held");
  return found.length === 0 ? 0 : 1;
}

function readLoad(args: string[]): Load | null {
  try {
    const { values } = parseArgs({
      args,
      options: { seconds: { type: "string" }, rate: { type: "string" } },
    });
    const seconds = Number(values.seconds ?? DEFAULTS.seconds);
    const rate = Number(values.rate ?? DEFAULTS.rate);
    return seconds > 0 && rate > 0 ? { seconds, rate } : null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function describeLook(look: Vitals): string {
  const { atSeconds, residentBytes, descriptors, cpuSeconds } = look;
  return `endurance: ${atSeconds.toFixed(0)} s: ${mebibytes(residentBytes)}, ` +
    `${descriptors} descriptors, ${cpuSeconds.toFixed(1)} s of CPU`;
}

function describeTally(what: string, tally: Tally): string {
  const { sent, right, late, worst, seconds } = tally;
  return `endurance: ${sent} ${what} in ${seconds} s, ${right} right, ` +
    `${late} late, the slowest took ${(worst / 1000).toFixed(1)} ms`;
}
