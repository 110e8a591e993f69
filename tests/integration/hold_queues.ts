/**
 * Binds the queue numbers of the first slots, all without an argument, and
 * holds them until it is killed.
 *
 * @module
 */
import { SLOT_COUNT, slotOf } from "../../agent/enforce/marks.ts";
import { Libc } from "../../ffi/libc.ts";
import {
  NetfilterQueue,
  NetfilterQueueLibrary,
} from "../../ffi/netfilter_queue.ts";

if (import.meta.main) {
  using stack = new DisposableStack();
  const libc = stack.use(new Libc());
  const library = stack.use(new NetfilterQueueLibrary());
  for (let number = 0; number < Number(Deno.args[0] ?? SLOT_COUNT); number++) {
    const { flowQueue } = slotOf(number);
    stack.use(new NetfilterQueue({ libc, library }, flowQueue));
  }
  console.log("held");
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}
