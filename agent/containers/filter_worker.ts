/// <reference lib="deno.worker" />
/**
 * The filter thread's entry: a module worker.
 *
 * Its first message is a {@linkcode FilterOrder}, its own are
 * {@linkcode FilterReport}s. It ends when its stop descriptor becomes readable.
 *
 * @module
 */
import { Libc } from "../../ffi/libc.ts";
import type { FilterOrder, FilterReport } from "./filter_messages.ts";
import { FilterThread } from "./filter_thread.ts";

function post(report: FilterReport): void {
  self.postMessage(report);
}

self.onmessage = ({ data: order }: MessageEvent<FilterOrder>) => {
  using libc = new Libc();
  let thread: FilterThread;
  try {
    thread = new FilterThread(libc, { order, post });
  } catch (error) {
    post({ kind: "failed", why: String(error) });
    return self.close();
  }
  post({ kind: "ready" });
  thread.run();
  post({ kind: "done" });
  self.close();
};
