/**
 * The packet queues that are bound, and what they lost.
 *
 * @module
 */
import { type BoundQueue, decodeQueueTable } from "../decode/queue_table.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

const PATH = "/proc/thread-self/net/netfilter/nfnetlink_queue";

/**
 * The queues of the calling thread's network namespace.
 *
 * @returns Null when they cannot be read, or the kernel has no queues.
 */
export function readQueues(libc: Libc): readonly BoundQueue[] | null {
  const text = tryReadText(libc, PATH);
  return text === null ? null : decodeQueueTable(text);
}
