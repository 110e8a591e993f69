/**
 * Runs in whoever forks, before the child does: so the lineage map knows of
 * every process before it can do anything.
 *
 * @module
 */
import { ROLE } from "../process_source.ts";
import { Assembler, type Place } from "./assembler.ts";
import { FP } from "./instructions.ts";
import type { Layout } from "./layout.ts";
import {
  ENTRY,
  KIND,
  LOST_ROOT,
  type ProcessMaps,
  RECORD,
  STATE,
} from "./shapes.ts";
import {
  beginTelling,
  countLost,
  lookUpIndex,
  NOW,
  OWN_STACK,
  readKernel,
  tell,
  URGENT,
} from "./telling.ts";

/** struct task_struct *parent, *child; parent is who runs. */
const CHILD_ARGUMENT = 8;

const CHILD_KEY: Place = [FP, OWN_STACK - 8];
const PARENT_KEY: Place = [FP, OWN_STACK - 16];
const RECORD_AT = OWN_STACK - 16 - RECORD.bytes;
const ENTRY_AT = RECORD_AT - ENTRY.bytes;

/** The program for the tracepoint sched_process_fork. */
export function buildForkProgram(
  layout: Layout,
  maps: ProcessMaps,
): Uint8Array<ArrayBuffer> {
  const program = new Assembler();
  const record = (field: number): Place => [FP, RECORD_AT + field];
  const entry = (field: number): Place => [FP, ENTRY_AT + field];
  program.load8(7, [1, CHILD_ARGUMENT]);
  readKernel(program, { target: 9, from: [7, layout.taskTgid], width: 4 });
  readKernel(program, { target: 1, from: [7, layout.taskPid], width: 4 });
  // A thread is no process.
  program.goToIf([1, "notEqual", { register: 9 }], "done");
  beginTelling(program);
  readKernel(program, { target: 6, from: [7, layout.taskStart], width: 8 });
  program.call("get_current_pid_tgid").compute([0, "shiftRight", 32])
    .store8(CHILD_KEY, { register: 9 })
    .store8(PARENT_KEY, { register: 0 })
    .store4(record(RECORD.kind), KIND.fork)
    .store4(record(RECORD.pid), { register: 9 })
    .store8(record(RECORD.start), { register: 6 })
    .load8(1, NOW)
    .store8(record(RECORD.at), { register: 1 })
    .store4(record(RECORD.parentOrStatus), { register: 0 })
    .store4(record(RECORD.uid), 0)
    .store8(entry(ENTRY.start), { register: 6 })
    .store8(entry(ENTRY.rootStart), 0)
    .store4(entry(ENTRY.pid), { register: 9 })
    .store4(entry(ENTRY.parentPid), { register: 0 })
    .store4(entry(ENTRY.rootPid), 0)
    .store4(entry(ENTRY.role), ROLE.PLAIN)
    .store8(entry(ENTRY.programInode), 0)
    .store8(entry(ENTRY.programDevice), 0);
  program.loadMap(1, maps.lineage).address(2, PARENT_KEY)
    .call("map_lookup_elem").goToIf([0, "equal", 0], "no parent")
    // The file that was executed, not the one that the parent names by now.
    .load8(1, [0, ENTRY.programInode])
    .store8(entry(ENTRY.programInode), { register: 1 })
    .load8(1, [0, ENTRY.programDevice])
    .store8(entry(ENTRY.programDevice), { register: 1 })
    .load4(1, [0, ENTRY.role])
    .goToIf([1, "equal", ROLE.WORKER], "begin tree")
    .load4(1, [0, ENTRY.rootPid])
    .store4(entry(ENTRY.rootPid), { register: 1 })
    .load8(1, [0, ENTRY.rootStart])
    .store8(entry(ENTRY.rootStart), { register: 1 })
    .goTo("enter");
  // Without this a step whose processes find no room would leave its tree.
  program.label("no parent");
  lookUpIndex(program, { map: maps.state, index: 0 });
  program.goToIf([0, "equal", 0], "enter")
    .load8(1, [0, STATE.isFilled]).goToIf([1, "equal", 0], "enter")
    .store4(entry(ENTRY.rootPid), LOST_ROOT).goTo("enter");
  // Its step must be known before it opens its first connection.
  program.label("begin tree")
    .store4(entry(ENTRY.rootPid), { register: 9 })
    .store8(entry(ENTRY.rootStart), { register: 6 })
    .store8(URGENT, 1);
  program.label("enter").loadMap(1, maps.lineage).address(2, CHILD_KEY)
    .address(3, entry(0)).move(4, 0).call("map_update_elem")
    .goToIf([0, "equal", 0], "tell");
  // Its descendants will have no tree: that is a gap like a lost record.
  lookUpIndex(program, { map: maps.state, index: 0 });
  program.goToIf([0, "equal", 0], "tell");
  countLost(program, 0);
  program.label("tell");
  tell(program, { maps, from: record(0), bytes: RECORD.bytes });
  return program.label("done").exit().assemble();
}
