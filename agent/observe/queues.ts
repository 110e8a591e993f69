/**
 * The packet queues that are bound, and what they lost.
 *
 * @module
 */
import { type BoundQueue, decodeQueueTable } from "../decode/queue_table.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

const PATH = "/proc/thread-self/net/netfilter/nfnetlink_queue";

/** The queues of the calling thread's network namespace. */
export function readQueues(libc: Libc): readonly BoundQueue[] {
  return decodeQueueTable(tryReadText(libc, PATH) ?? "");
}
