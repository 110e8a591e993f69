/**
 * Waiting for something another process does.
 *
 * @module
 */

const INTERVAL_MS = 5;

/** What is waited for, and how long. */
export interface WaitOptions {
  /** For the message: `"ready" from "iperf3 -s"`. */
  readonly what: string;
  /** Default 5,000. */
  readonly timeoutMs?: number;
}

/**
 * Asks again and again until the answer is yes.
 *
 * @param isReady Asked at once, then every 5 milliseconds.
 * @param options What is waited for, and how long.
 * @throws {Error} When the time is over, or what `isReady` throws.
 */
export async function waitUntil(
  isReady: () => boolean | Promise<boolean>,
  options: WaitOptions,
): Promise<void> {
  const { what, timeoutMs = 5_000 } = options;
  const endMs = performance.now() + timeoutMs;
  while (!await isReady()) {
    if (performance.now() > endMs) {
      throw new Error(
        `Cannot wait for ${what}: not there after ${timeoutMs} ms`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

/**
 * Looks again and again until what is seen is good.
 *
 * @param look Gives what there is.
 * @param options When it is good, and how long that may take.
 * @returns What was seen last, good or not: for an assertion that shows it.
 */
export async function lookUntil<T>(
  look: () => Promise<T>,
  options: {
    readonly isGood: (seen: T) => boolean;
    /** Default 5,000. */
    readonly timeoutMs?: number;
  },
): Promise<T> {
  const { isGood, timeoutMs = 5_000 } = options;
  const endMs = performance.now() + timeoutMs;
  let seen = await look();
  while (!isGood(seen) && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    seen = await look();
  }
  return seen;
}
