/**
 * The two packet queues of one guard.
 *
 * @module
 */
import { type Slot, SLOT_COUNT, slotOf } from "./enforce/marks.ts";
import type { Libc } from "../ffi/libc.ts";
import {
  NetfilterQueue,
  type NetfilterQueueLibrary,
} from "../ffi/netfilter_queue.ts";

/**
 * Takes the first slot whose two queue numbers nobody has bound.
 *
 * @param libraries Both must outlive the queues.
 * @param only The number of the only slot to try; null tries all.
 * @returns The slot and its queues, that of DNS first.
 * @throws {SystemCallError} When every slot is taken.
 */
export function bindSlot(
  libraries: { libc: Libc; library: NetfilterQueueLibrary },
  only: number | null = null,
): { slot: Slot; queues: NetfilterQueue[] } {
  let last: unknown;
  for (let number = 0; number < SLOT_COUNT; number++) {
    if (only !== null && only !== number) continue;
    const slot = slotOf(number);
    const queues: NetfilterQueue[] = [];
    try {
      queues.push(new NetfilterQueue(libraries, slot.dnsQueue));
      queues.push(new NetfilterQueue(libraries, slot.flowQueue));
      return { slot, queues };
    } catch (error) {
      for (const queue of queues) queue[Symbol.dispose]();
      last = error;
    }
  }
  throw last;
}
