/**
 * Counts the records of deeds that there was no room for.
 *
 * @module
 */
import type { Assembler, Place } from "./assembler.ts";
import { DEEDS_STATE } from "./privilege_shapes.ts";

/**
 * Follows `ringbuf_output`, and looks at what that has returned.
 *
 * @param of The map of {@linkcode DEEDS_STATE}, and eight bytes of the stack.
 */
export function countLost(
  program: Assembler,
  of: { readonly state: number; readonly slot: Place },
): void {
  const { state, slot } = of;
  const isTold = `is told ${program.length}`;
  program.goToIf([0, "equal", 0], isTold)
    .store8(slot, 0).loadMap(1, state).address(2, slot)
    .call("map_lookup_elem").goToIf([0, "equal", 0], isTold)
    .move(1, 1).atomicAdd([0, DEEDS_STATE.lost], 1)
    .label(isTold);
}
