/**
 * The thread that runs inputs: only from another one can a hang be noticed.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { Coverage } from "./coverage.ts";
import { minimize } from "./minimize.ts";
import { makeInput } from "./mutator.ts";
import { Random } from "./random.ts";
import type { Target } from "./target.ts";
import { findTarget } from "./targets.ts";

/** What to run. */
export interface HuntOrder {
  readonly target: string;
  /** Inputs that are run before anything else, and mutated later. */
  readonly inputs: readonly Uint8Array[];
  /** 0 runs `inputs` and no more. */
  readonly seconds: number;
  readonly seed: number;
  /** Two numbers: how many inputs were begun, and the length of the last. */
  readonly progress: Int32Array;
  /** The last input that was begun. */
  readonly current: Uint8Array;
}

/** What came of it. */
export interface HuntResult {
  readonly runs: number;
  readonly seconds: number;
  /** Inputs that ran source code that no input before them had run. */
  readonly corpus: number;
  /** Characters of source code that have run. */
  readonly characters: number;
  readonly slowestMs: number;
  readonly crash: Crash | null;
}

/** An input that something does not hold for. */
export interface Crash {
  readonly message: string;
  /** As short as it could be made. */
  readonly input: Uint8Array;
}

const MAX_CORPUS = 4_000;
/** Where the coverage of the agent's own stages is looked for. */
const COUNTED = /\/(?:agent|ffi)\//;

class Hunt {
  readonly #order: HuntOrder;
  readonly #target: Target;
  readonly #corpus: Uint8Array[] = [];
  #runs = 0;
  #slowestMs = 0;

  constructor(order: HuntOrder) {
    this.#order = order;
    this.#target = findTarget(order.target);
  }

  async run(): Promise<HuntResult> {
    const { seconds, inputs } = this.#order;
    const startedMs = performance.now();
    using coverage = await Coverage.start((url) => COUNTED.test(url));
    let crash: Crash | null = null;
    for (const input of [...inputs, ...this.#target.seeds]) {
      crash ??= this.#try(input);
      this.#corpus.push(input);
    }
    await coverage.take(true);
    const random = new Random(this.#order.seed);
    const endMs = startedMs + seconds * 1000;
    while (crash === null && performance.now() < endMs) {
      crash = await this.#runBatch(coverage, random);
    }
    if (crash !== null) crash = this.#shorten(crash);
    return {
      runs: this.#runs,
      seconds: (performance.now() - startedMs) / 1000,
      corpus: this.#corpus.length,
      characters: coverage.characters,
      slowestMs: this.#slowestMs,
      crash,
    };
  }

  async #runBatch(coverage: Coverage, random: Random): Promise<Crash | null> {
    const { tokens, maxBytes } = this.#target;
    const material = { corpus: this.#corpus, tokens, maxBytes };
    const batch: Uint8Array[] = [];
    for (let left = this.#target.batch; left > 0; left--) {
      const input = makeInput(material, random);
      const crash = this.#try(input);
      if (crash !== null) return crash;
      batch.push(input);
    }
    if (await coverage.take(false) === 0) return null;
    await this.#keepNews(batch, coverage);
    // What did not run again is known from now on, too.
    for (const input of batch) this.#target.run(input);
    await coverage.take(true);
    return null;
  }

  /** Finds the inputs of a batch that are news, by halves. */
  async #keepNews(
    batch: readonly Uint8Array[],
    coverage: Coverage,
  ): Promise<void> {
    for (const input of batch) this.#target.run(input);
    const isOne = batch.length === 1;
    if (await coverage.take(isOne) === 0) return;
    if (isOne) {
      if (this.#corpus.length < MAX_CORPUS) this.#corpus.push(batch[0]!);
      return;
    }
    const middle = batch.length >> 1;
    await this.#keepNews(batch.slice(0, middle), coverage);
    await this.#keepNews(batch.slice(middle), coverage);
  }

  #try(input: Uint8Array): Crash | null {
    const { progress, current } = this.#order;
    current.set(input);
    progress[1] = input.length;
    progress[0] = ++this.#runs;
    const startedMs = performance.now();
    try {
      this.#target.run(input);
    } catch (error) {
      const message = error instanceof Error
        ? error.stack ?? error.message
        : String(error);
      return { message, input };
    }
    const tookMs = performance.now() - startedMs;
    if (tookMs > this.#slowestMs) this.#slowestMs = tookMs;
    return null;
  }

  #shorten({ message, input }: Crash): Crash {
    const kind = kindOf(message);
    let last = message;
    const short = minimize(input, (candidate) => {
      const crash = this.#try(candidate);
      if (crash === null || kindOf(crash.message) !== kind) return false;
      last = crash.message;
      return true;
    });
    return { message: last, input: short };
  }
}

/** A message's first line without its numbers: the same defect, most likely. */
function kindOf(message: string): string {
  return message.split("\n")[0]!.replaceAll(/[0-9a-f]*\d[0-9a-f]*/g, "");
}

self.onmessage = async ({ data }: MessageEvent<HuntOrder>) => {
  self.postMessage(await new Hunt(data).run());
};
