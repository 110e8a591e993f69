/**
 * The parts that more than one program is made of.
 *
 * @module
 */
import type { Assembler, Operand, Place } from "./assembler.ts";
import { FP, type Register, type Width } from "./instructions.ts";
import type { Layout } from "./layout.ts";
import {
  type ProcessMaps,
  STATE,
  URGENT_BYTES,
  WAKE_NANOSECONDS,
} from "./shapes.ts";

/** Where a value is read to on its way into a register. */
const SLOT: Place = [FP, -8];
/** The key of the maps that have but one value, and of the scratch. */
const INDEX: Place = [FP, -16];

/** <linux/bpf.h> */
const BPF_RB = { NO_WAKEUP: 1, FORCE_WAKEUP: 2, AVAIL_DATA: 0 } as const;

/** On the stack of every program: when it began, in nanoseconds from boot. */
export const NOW: Place = [FP, -24];
/** Not 0 when the reader is to be woken at once. */
export const URGENT: Place = [FP, -32];
/** The stack from here downwards is the program's own. */
export const OWN_STACK = -32;

/**
 * `target = *(base + offset)` of kernel memory; 0 where nothing can be read.
 *
 * By a helper and not by a load: what may be loaded from, and what must be
 * compared with null before, differs from kernel to kernel.
 */
export function readKernel(
  program: Assembler,
  what: {
    readonly target: Register;
    readonly from: Place;
    readonly width: Width;
  },
): void {
  const { target, from, width } = what;
  program.address(3, from).address(1, SLOT).move(2, width)
    .call("probe_read_kernel");
  if (width === 4) program.load4(target, SLOT);
  else program.load8(target, SLOT);
}

/**
 * `inode = number of the file that a process executes`, `device = that of its
 * file system`; 0 each for a kernel thread.
 *
 * @param what `mm`: of the process; one of the two targets.
 */
export function readProgram(
  program: Assembler,
  what: {
    readonly layout: Layout;
    readonly mm: Register;
    readonly inode: Register;
    readonly device: Register;
  },
): void {
  const { layout, mm, inode, device } = what;
  const pointer = (target: Register, from: Place) =>
    readKernel(program, { target, from, width: 8 });
  pointer(3, [mm, layout.mmExeFile]);
  pointer(device, [3, layout.fileInode]);
  pointer(inode, [device, layout.inodeNumber]);
  pointer(3, [device, layout.inodeSuperBlock]);
  const from: Place = [3, layout.superBlockDevice];
  readKernel(program, { target: device, from, width: 4 });
}

/** `r0 = the one value of a map`, or 0. */
export function lookUpIndex(
  program: Assembler,
  what: { readonly map: number; readonly index: Operand },
): void {
  const { map, index } = what;
  program.store4(INDEX, index).loadMap(1, map).address(2, INDEX)
    .call("map_lookup_elem");
}

/** Fills in {@linkcode NOW}, and says that nothing is {@linkcode URGENT}. */
export function beginTelling(program: Assembler): void {
  program.call("ktime_get_boot_ns").store8(NOW, { register: 0 })
    .store8(URGENT, 0);
}

/**
 * Hands over a record, and counts it as lost where there is no room. Uses r8.
 *
 * The reader is woken when it has slept for a while, when much is waiting, or
 * when it is urgent: most records wait for the next of these.
 */
export function tell(
  program: Assembler,
  record: {
    readonly maps: ProcessMaps;
    readonly from: Place;
    readonly bytes: Operand;
  },
): void {
  const { maps, from, bytes } = record;
  lookUpIndex(program, { map: maps.state, index: 0 });
  program.goToIf([0, "equal", 0], "told").move(8, { register: 0 });
  program.loadMap(1, maps.records).move(2, BPF_RB.AVAIL_DATA)
    .call("ringbuf_query")
    .goToIf([0, "greater", URGENT_BYTES], "wake")
    .load8(1, URGENT).goToIf([1, "notEqual", 0], "wake")
    .load8(1, NOW).load8(2, [8, STATE.wokenAt])
    .compute([1, "subtract", { register: 2 }])
    .goToIf([1, "greater", WAKE_NANOSECONDS], "wake")
    .move(4, BPF_RB.NO_WAKEUP).goTo("hand over");
  program.label("wake").load8(1, NOW)
    .store8([8, STATE.wokenAt], { register: 1 })
    .move(4, BPF_RB.FORCE_WAKEUP);
  program.label("hand over").loadMap(1, maps.records).address(2, from)
    .move(3, bytes).call("ringbuf_output")
    .goToIf([0, "equal", 0], "told");
  countLost(program, 8);
  program.label("told");
}

/** Counts one record as lost, in the state map's value at a register. */
export function countLost(program: Assembler, state: Register): void {
  program.move(1, 1).atomicAdd([state, STATE.lost], 1);
}
