/// <reference lib="deno.worker" />
/**
 * The packet thread's entry: a module worker.
 *
 * Its first message is a {@linkcode ThreadOrder}, its own are
 * {@linkcode ThreadReport}s. It ends when its stop descriptor becomes readable:
 * a thread that blocks in poll(2) hears no message.
 *
 * @module
 */
import { saidUdpPorts } from "./decide/policy.ts";
import { loadCrypto } from "./decode/quic_crypto.ts";
import { PacketThread } from "./packet_thread.ts";
import type { ThreadOrder, ThreadReport } from "./thread_messages.ts";
import { SystemCallError } from "../ffi/errors.ts";

function post(report: ThreadReport): void {
  self.postMessage(report);
}

self.onmessage = (message: MessageEvent<ThreadOrder>) => {
  let thread: PacketThread;
  try {
    // Not while the first QUIC packet waits.
    if (saidUdpPorts(message.data.policy)?.length !== 0) loadCrypto();
    thread = new PacketThread(message.data, post);
  } catch (error) {
    const code = error instanceof SystemCallError
      ? "queue_unavailable"
      : "internal";
    post({ kind: "failed", code, why: String(error) });
    return self.close();
  }
  thread.run();
  self.close();
};
