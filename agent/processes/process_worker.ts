/// <reference lib="deno.worker" />
/**
 * The process thread's entry: a module worker.
 *
 * Its first message is a {@linkcode ProcessOrder}, its own are
 * {@linkcode ProcessReport}s. It ends when its stop descriptor becomes
 * readable: a thread that blocks in poll(2) hears no message.
 *
 * @module
 */
import {
  describeRefused,
  openProcessSource,
} from "../observe/open_process_source.ts";
import type { ProcessSource } from "../observe/process_source.ts";
import type { ProcessOrder, ProcessReport } from "./process_messages.ts";
import { ProcessThread } from "./process_thread.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { Libc } from "../../ffi/libc.ts";
import { enterNetworkNamespace } from "../../ffi/namespaces.ts";

/** A place in our own source, as a stack names it. */
const CALL = /\b(?:agent|ffi)\/[\w/]+\.ts:\d+/g;
const MAX_CALLS = 6;

function post(report: ProcessReport): void {
  self.postMessage(report);
}

self.onmessage = ({ data: order }: MessageEvent<ProcessOrder>) => {
  using libc = new Libc();
  let source: ProcessSource;
  let refused: string;
  try {
    enterNetworkNamespace(libc, order.home);
    const opened = openProcessSource(libc);
    source = opened.source;
    refused = describeRefused(opened.refused);
  } catch (error) {
    const why = error instanceof SystemCallError
      ? error.message
      : String(error);
    post({ kind: "failed", why });
    return self.close();
  }
  const { name, lineageFd = null, filesFds = null } = source;
  let thread: ProcessThread;
  try {
    // Before it is ready: whoever is guarded from then on finds its step begun,
    // and the runner protected.
    thread = new ProcessThread(libc, {
      ...{ order, source, post },
      onReady: (files) =>
        post({
          ...{ kind: "ready", source: name, lineageFd, filesFds },
          ...{ refused, files },
        }),
    });
  } catch (error) {
    post({ kind: "failed", why: String(error) });
    return self.close();
  }
  try {
    thread.run();
  } catch (error) {
    throw placed(error);
  }
  self.close();
};

/**
 * The error with the calls it came by: of an uncaught one the other side gets
 * the message alone, and "open: ENOENT" is nothing that anybody could mend.
 */
function placed(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const calls = [...(error.stack ?? "").matchAll(CALL)].map(([call]) => call);
  const ways = calls.slice(0, MAX_CALLS).join(" < ");
  const message = ways === "" ? String(error) : `${error} (${ways})`;
  return new Error(message, { cause: error });
}
