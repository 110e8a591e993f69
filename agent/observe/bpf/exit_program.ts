/**
 * Runs in every thread that ends, and tells of the last one of a process.
 *
 * @module
 */
import { Assembler, type Place } from "./assembler.ts";
import { FP } from "./instructions.ts";
import type { Layout } from "./layout.ts";
import { KIND, type ProcessMaps, RECORD } from "./shapes.ts";
import { beginTelling, NOW, OWN_STACK, readKernel, tell } from "./telling.ts";

/** <linux/sched/signal.h>: all threads end with group_exit_code. */
const SIGNAL_GROUP_EXIT = 0x4;

const KEY: Place = [FP, OWN_STACK - 8];
const RECORD_AT = OWN_STACK - 8 - RECORD.bytes;

/** The program for the tracepoint sched_process_exit. */
export function buildExitProgram(
  layout: Layout,
  maps: ProcessMaps,
): Uint8Array<ArrayBuffer> {
  const program = new Assembler();
  const record = (field: number): Place => [FP, RECORD_AT + field];
  program.call("get_current_task").move(6, { register: 0 });
  readKernel(program, { target: 7, from: [6, layout.taskSignal], width: 8 });
  readKernel(program, { target: 1, from: [7, layout.signalLive], width: 4 });
  program.goToIf([1, "notEqual", 0], "done");
  program.call("get_current_pid_tgid").compute([0, "shiftRight", 32])
    .store8(KEY, { register: 0 }).move(9, { register: 0 });
  beginTelling(program);
  // Two threads that end at once both find no thread alive: who takes the
  // entry away tells of it.
  program.loadMap(1, maps.lineage).address(2, KEY).call("map_delete_elem")
    .goToIf([0, "notEqual", 0], "done");
  program.store4(record(RECORD.kind), KIND.exit)
    .store4(record(RECORD.pid), { register: 9 })
    .load8(1, NOW)
    .store8(record(RECORD.at), { register: 1 })
    .store4(record(RECORD.uid), 0);
  readKernel(program, { target: 6, from: [6, layout.taskLeader], width: 8 });
  readKernel(program, { target: 1, from: [6, layout.taskStart], width: 8 });
  program.store8(record(RECORD.start), { register: 1 });
  readKernel(program, { target: 9, from: [6, layout.taskExitCode], width: 4 });
  readKernel(program, { target: 1, from: [7, layout.signalFlags], width: 4 });
  program.compute([1, "and", SIGNAL_GROUP_EXIT])
    .goToIf([1, "equal", 0], "one thread");
  readKernel(program, {
    target: 9,
    from: [7, layout.signalGroupExitCode],
    width: 4,
  });
  program.label("one thread")
    .store4(record(RECORD.parentOrStatus), { register: 9 });
  tell(program, { maps, from: record(0), bytes: RECORD.bytes });
  return program.label("done").exit().assemble();
}
