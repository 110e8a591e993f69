/**
 * One target's hunt: a thread that runs inputs, and one that watches it.
 *
 * @module
 */
import type { Crash, HuntOrder, HuntResult } from "./worker.ts";

/** How to hunt. */
export interface HuntOptions {
  readonly target: string;
  /** 0 runs `inputs` and the seeds, and no more. */
  readonly seconds: number;
  readonly seed: number;
  /** Run first; such as those that failed once. */
  readonly inputs?: readonly Uint8Array[];
}

/** A thread that lost its processor is not a hang; this long is. */
const HANG_MS = 20_000;
/** Longer than any input. */
const CURRENT_BYTES = 1 << 17;

/**
 * Hunts one target.
 *
 * @returns What came of it; a hang is a crash too.
 * @throws {Error} When the hunt itself fails, as by an unknown target.
 */
export async function hunt(options: HuntOptions): Promise<HuntResult> {
  const { target, seconds, seed, inputs = [] } = options;
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const current = new Uint8Array(new SharedArrayBuffer(CURRENT_BYTES));
  const url = new URL("./worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const ended = Promise.withResolvers<HuntResult>();
  const startedMs = performance.now();
  let last = 0;
  const watch = setInterval(() => {
    const runs = progress[0]!;
    if (runs === last) {
      const crash: Crash = {
        message: `Must hold: an input ends within ${HANG_MS} ms`,
        input: Uint8Array.from(current.subarray(0, progress[1]!)),
      };
      ended.resolve({
        ...{ runs, corpus: 0, characters: 0, crash },
        seconds: (performance.now() - startedMs) / 1000,
        slowestMs: HANG_MS,
      });
    }
    last = runs;
  }, HANG_MS);
  worker.onmessage = ({ data }: MessageEvent<HuntResult>) =>
    ended.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    ended.reject(new Error(event.message));
  };
  const order: HuntOrder = {
    ...{ target, inputs, seconds, seed, progress, current },
  };
  worker.postMessage(order);
  try {
    return await ended.promise;
  } finally {
    clearInterval(watch);
    worker.terminate();
  }
}

/** One line of figures. */
export function describeHunt(target: string, result: HuntResult): string {
  const { runs, seconds, corpus, characters, slowestMs } = result;
  const rate = Math.round(runs / seconds);
  return `fuzz: ${target.padEnd(10)} ${String(rate).padStart(7)} inputs/s, ` +
    `${runs} in ${seconds.toFixed(1)} s, ${corpus} kept, ` +
    `${characters} characters of source run, slowest ${
      slowestMs.toFixed(1)
    } ms`;
}

/** What to do about a crash: the input, and the command that repeats it. */
export function describeCrash(
  crash: Crash,
  of: { target: string; seed: number },
): string {
  const { target, seed } = of;
  const hex = crash.input.toHex();
  return `${crash.message}\n` +
    `fuzz: target ${target}, seed ${seed}, ${crash.input.length} bytes; repeat with\n` +
    `  deno task fuzz --target ${target} --input ${hex || "''"}\n` +
    `and keep it as tests/fixtures/fuzz/${target}/NAME.hex`;
}
