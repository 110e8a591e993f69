/**
 * Names each step a moment after somebody has begun to wait for it.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { StepBoard } from "../../../agent/processes/step_board.ts";

/** What to write on. */
export interface LateOrder {
  readonly steps: SharedArrayBuffer;
  /** Word 0 is the pid to name next; a negative one tells to stop. */
  readonly next: SharedArrayBuffer;
}

/** When each of the processes has begun. */
export const BEGUN_US = 2 ** 33;

const LATE_MS = 2;

self.onmessage = ({ data }: MessageEvent<LateOrder>) => {
  const board = new StepBoard(data.steps);
  const next = new Int32Array(data.next);
  self.postMessage("ready");
  for (let last = 0; last >= 0;) {
    Atomics.wait(next, 0, last);
    last = Atomics.load(next, 0);
    if (last <= 0) continue;
    // Nobody else changes it: this only lets the other one begin to wait.
    Atomics.wait(next, 0, last, LATE_MS);
    const step = `Step ${last}`;
    board.set({ pid: last, startUs: BEGUN_US }, { step, substep: null });
  }
  self.close();
};
