/**
 * What the agent holds, over time.
 *
 * @module
 */
import { readCpuMicros, readMemory } from "../bench/process.ts";

/** One look at the agent. */
export interface Vitals {
  /** Since the traffic began. */
  readonly atSeconds: number;
  readonly residentBytes: number;
  readonly descriptors: number;
  /** Of all its threads, since it started. */
  readonly cpuSeconds: number;
}

/** Bounds of a run's growth. */
export interface GrowthLimits {
  /** From the warm end to the last look. */
  readonly bytes: number;
  /** Of the straight line through the looks, where a run is long enough. */
  readonly bytesPerHour: number;
  readonly descriptors: number;
}

/** Before this part of a run tables fill and code is compiled. */
const WARM_SHARE = 1 / 3;
/** A slope over less is mostly the collector's rhythm. */
const SLOPE_SECONDS = 300;

/** Looks at a process. */
export async function readVitals(
  pid: number,
  atSeconds: number,
): Promise<Vitals> {
  const [{ resident }, cpuMicros] = await Promise.all([
    readMemory(pid),
    readCpuMicros(pid),
  ]);
  return {
    atSeconds,
    residentBytes: resident,
    descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
    cpuSeconds: cpuMicros / 1e6,
  };
}

/**
 * What grew that must not.
 *
 * @param looks In the order of time.
 * @returns One sentence for each; none when all is well.
 */
export function findGrowth(
  looks: readonly Vitals[],
  limits: GrowthLimits,
): string[] {
  const end = looks.at(-1)!;
  const warm = looks.filter(({ atSeconds }) =>
    atSeconds >= end.atSeconds * WARM_SHARE
  );
  const first = warm[0]!;
  const found: string[] = [];
  const bytes = end.residentBytes - first.residentBytes;
  if (bytes > limits.bytes) {
    found.push(`memory grew by ${mebibytes(bytes)} since it was warm`);
  }
  const perHour = slopeOf(warm) * 3600;
  const isLong = end.atSeconds - first.atSeconds >= SLOPE_SECONDS;
  if (isLong && perHour > limits.bytesPerHour) {
    found.push(`memory grows by ${mebibytes(perHour)} an hour`);
  }
  const descriptors = end.descriptors - first.descriptors;
  if (descriptors > limits.descriptors) {
    found.push(`${descriptors} more descriptors since it was warm`);
  }
  return found;
}

/** Bytes a second, by least squares. */
function slopeOf(looks: readonly Vitals[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = mean(looks.map(({ atSeconds }) => atSeconds));
  const level = mean(looks.map(({ residentBytes }) => residentBytes));
  let product = 0;
  let square = 0;
  for (const { atSeconds, residentBytes } of looks) {
    product += (atSeconds - middle) * (residentBytes - level);
    square += (atSeconds - middle) ** 2;
  }
  return square === 0 ? 0 : product / square;
}

/** As people read it. */
export function mebibytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
