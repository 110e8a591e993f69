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
