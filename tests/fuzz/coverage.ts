/**
 * Which parts of the agent's source have run, as V8 counts it.
 *
 * @module
 */
import { Session } from "node:inspector/promises";

/** One function, with blocks in it that ran another number of times. */
interface FunctionCoverage {
  readonly ranges: readonly {
    readonly startOffset: number;
    readonly endOffset: number;
    readonly count: number;
  }[];
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly FunctionCoverage[];
}

/** Counts the characters of source code that have run at least once. */
export class Coverage implements Disposable {
  readonly #session: Session;
  readonly #isCounted: (url: string) => boolean;
  /** A byte for each character of a script: 1 when it has run. */
  readonly #seen = new Map<string, Uint8Array>();
  #now = new Uint8Array(0);
  #characters = 0;

  private constructor(session: Session, isCounted: (url: string) => boolean) {
    this.#session = session;
    this.#isCounted = isCounted;
  }

  /**
   * Starts to count in the calling thread.
   *
   * @param isCounted Which scripts count, by their URL.
   */
  static async start(
    isCounted: (url: string) => boolean,
  ): Promise<Coverage> {
    const session = new Session();
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", {
      callCount: true,
      detailed: true,
    });
    return new Coverage(session, isCounted);
  }

  /** How many characters have run so far. */
  get characters(): number {
    return this.#characters;
  }

  /**
   * Looks at what has run since the last call.
   *
   * @param isKept Whether it counts as known from now on.
   * @returns How many characters ran that were not known.
   */
  async take(isKept: boolean): Promise<number> {
    const { result } = await this.#session.post(
      "Profiler.takePreciseCoverage",
    ) as { result: readonly ScriptCoverage[] };
    let news = 0;
    for (const script of result) {
      if (this.#isCounted(script.url)) news += this.#compare(script, isKept);
    }
    if (isKept) this.#characters += news;
    return news;
  }

  /** Stops counting; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  #compare({ url, functions }: ScriptCoverage, isKept: boolean): number {
    const now = this.#paint(functions);
    let seen = this.#seen.get(url);
    if (seen === undefined || seen.length < now.length) {
      const grown = new Uint8Array(now.length);
      grown.set(seen ?? []);
      this.#seen.set(url, seen = grown);
    }
    let news = 0;
    for (let at = 0; at < now.length; at++) {
      if (now[at] === 0 || seen[at] === 1) continue;
      news++;
      if (isKept) seen[at] = 1;
    }
    return news;
  }

  /** A byte for each character: 1 when it ran. */
  #paint(functions: readonly FunctionCoverage[]): Uint8Array {
    let end = 0;
    for (const { ranges } of functions) {
      for (const { endOffset } of ranges) end = Math.max(end, endOffset);
    }
    if (this.#now.length < end) this.#now = new Uint8Array(end);
    const now = this.#now.fill(0, 0, end);
    // Outer ranges come first: what is inside says it more exactly.
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      }
    }
    return now.subarray(0, end);
  }
}
