/**
 * Writes one entry of a step board again and again, as fast as it can.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { StepBoard } from "../../../agent/processes/step_board.ts";

/** What to write on. */
export interface BoardOrder {
  readonly shared: SharedArrayBuffer;
  /** Word 0 tells to stop. */
  readonly stop: SharedArrayBuffer;
}

self.onmessage = ({ data }: MessageEvent<BoardOrder>) => {
  const board = new StepBoard(data.shared);
  const stop = new Int32Array(data.stop);
  self.postMessage("ready");
  for (let round = 0; Atomics.load(stop, 0) === 0; round++) {
    const letter = String.fromCharCode(97 + round % 26);
    // Both parts say the same, of a length that goes with the letter: a reader
    // that mixes two rounds sees it.
    const text = letter.repeat(1 + (round % 26) * 7);
    board.set({ pid: 7, startUs: 2 ** 33 }, { step: text, substep: text });
  }
  const last = { step: "last", substep: null };
  board.set({ pid: 8, startUs: 1 }, last);
  self.close();
};
