/**
 * From an outcome to the kernel's answers.
 *
 * @module
 */
import type { QueuedPacket } from "./decode/nfqueue.ts";
import { withMark } from "./enforce/marks.ts";
import type { Outcome } from "./outcome.ts";
import { type NetfilterQueue, NF } from "../ffi/netfilter_queue.ts";

/** What verdicts are given to. */
type Queue = Pick<NetfilterQueue, "setVerdict">;

/** Answers a packet, unless it is to wait. */
export function answer(
  queue: Queue,
  of: { readonly queued: QueuedPacket; readonly outcome: Outcome },
): void {
  const { queued, outcome } = of;
  const { verdict, asRead } = outcome;
  if (verdict === null) return;
  const mark = withMark(queued.mark, outcome.mark);
  const bytes = asRead ? queued.payload : null;
  queue.setVerdict(queued.id, { verdict, mark, bytes });
}

/** Answers the packets that waited for this outcome. */
export function release(queue: Queue, { released }: Outcome): void {
  for (const { id, mark, bytes, give, isDropped } of released) {
    const verdict = isDropped ? NF.DROP : NF.ACCEPT;
    const answer = { verdict, mark: withMark(mark, give), bytes };
    queue.setVerdict(id, answer);
  }
}
