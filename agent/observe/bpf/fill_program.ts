/**
 * Enters the processes into the lineage map that are older than it.
 *
 * The kernel runs it for each task there is. It reads what the other programs
 * read, so that a start is the same to the nanosecond; /proc has ticks only.
 *
 * @module
 */
import { BPF_FLAG } from "../../../ffi/bpf_objects.ts";
import { Assembler, type Place } from "./assembler.ts";
import { FP } from "./instructions.ts";
import type { Layout } from "./layout.ts";
import { ENTRY, type ProcessMaps } from "./shapes.ts";
import { OWN_STACK, readKernel, readProgram } from "./telling.ts";

/** struct bpf_iter_meta *meta; struct task_struct *task, null at the end. */
const TASK_ARGUMENT = 8;

const KEY: Place = [FP, OWN_STACK - 8];
const ENTRY_AT = OWN_STACK - 8 - ENTRY.bytes;

/** The program for the iterator over tasks. */
export function buildFillProgram(
  layout: Layout,
  maps: ProcessMaps,
): Uint8Array<ArrayBuffer> {
  const program = new Assembler();
  const entry = (field: number): Place => [FP, ENTRY_AT + field];
  program.load8(7, [1, TASK_ARGUMENT]).goToIf([7, "equal", 0], "done");
  readKernel(program, { target: 9, from: [7, layout.taskTgid], width: 4 });
  readKernel(program, { target: 1, from: [7, layout.taskPid], width: 4 });
  program.goToIf([1, "notEqual", { register: 9 }], "done")
    .store8(KEY, { register: 9 })
    .store4(entry(ENTRY.pid), { register: 9 })
    .store8(entry(ENTRY.rootStart), 0)
    .store4(entry(ENTRY.rootPid), 0)
    .store4(entry(ENTRY.role), 0)
    .store8(entry(ENTRY.programDevice), 0);
  readKernel(program, { target: 6, from: [7, layout.taskMm], width: 8 });
  readProgram(program, { layout, mm: 6, inode: 8, device: 6 });
  program.store8(entry(ENTRY.programInode), { register: 8 })
    .store4(entry(ENTRY.programDevice), { register: 6 });
  readKernel(program, { target: 1, from: [7, layout.taskStart], width: 8 });
  program.store8(entry(ENTRY.start), { register: 1 });
  readKernel(program, { target: 3, from: [7, layout.taskParent], width: 8 });
  readKernel(program, { target: 1, from: [3, layout.taskTgid], width: 4 });
  program.store4(entry(ENTRY.parentPid), { register: 1 })
    .loadMap(1, maps.lineage).address(2, KEY).address(3, entry(0))
    .move(4, BPF_FLAG.NOEXIST).call("map_update_elem");
  // It may have ended since it was found, and then nobody takes it out again.
  readKernel(program, { target: 3, from: [7, layout.taskSignal], width: 8 });
  readKernel(program, { target: 1, from: [3, layout.signalLive], width: 4 });
  program.goToIf([1, "notEqual", 0], "done")
    .loadMap(1, maps.lineage).address(2, KEY).call("map_delete_elem");
  return program.label("done").exit().assemble();
}
