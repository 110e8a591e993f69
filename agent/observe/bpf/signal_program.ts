/**
 * The programs about signals by which the runner would dump its memory: one
 * sees who sends them, the other one keeps the memory from being written.
 *
 * @module
 */
import { Assembler } from "./assembler.ts";
import {
  ACTOR,
  beginDeed,
  deedField,
  findProtector,
  leaveOutOurs,
  readTask,
  type Setting,
  SIGKILL,
  SPARE,
  TARGET,
  tellDeed,
  weighTarget,
} from "./privilege_parts.ts";
import { DEED_FLAG, DEED_KIND } from "./privilege_shapes.ts";

/** Signals whose default is to dump, signal(7): the same on all our machines. */
const DUMPING = [3, 4, 5, 6, 7, 8, 11, 24, 25, 31]
  .reduce((mask, signal) => mask | 1n << BigInt(signal), 0n);

const SIG_DFL = 0; // <asm-generic/signal-defs.h>

/** Writes the program, for the tracepoint `signal_generate`. */
export function signalProgram(setting: Setting): Uint8Array<ArrayBuffer> {
  const program = new Assembler();
  program.load4(SPARE, [1, 0]).load8(TARGET, [1, 16]);
  leaveOutHarmless(program);
  program.call("get_current_task_btf").move(ACTOR, { register: 0 });
  beginDeed(program, DEED_KIND.signal);
  program.store4(deedField("detail"), { register: SPARE });
  leaveOutOurs(program, setting);
  weighTarget(program, setting);
  program.load4(0, deedField("flags"))
    .compute([0, "and", DEED_FLAG.protected])
    .goToIf([0, "equal", 0], "done");
  // The other program sees to that.
  const { protected: isProtected, denied } = DEED_FLAG;
  const flags = setting.options.protects ? isProtected | denied : isProtected;
  program.store4(deedField("flags"), flags);
  tellDeed(program, setting);
  return program.label("done").exit().assemble();
}

/**
 * Writes the program, for the tracepoint `signal_deliver`.
 *
 * It runs in the process that is about to end by the signal, and makes it end by
 * SIGKILL instead: so it ends as surely, whatever limits and core_pattern say by
 * then, but writes nothing.
 */
export function dumpProgram(setting: Setting): Uint8Array<ArrayBuffer> {
  const { layout } = setting;
  const program = new Assembler();
  program.load4(SPARE, [1, 0]).load8(TARGET, [1, 16]);
  leaveOutHarmless(program);
  readTask(program, { from: [TARGET, layout.actionHandler], width: 8 });
  program.goToIf([0, "notEqual", SIG_DFL], "done")
    .call("get_current_task_btf").move(TARGET, { register: 0 });
  beginDeed(program, DEED_KIND.signal);
  findProtector(program, setting);
  program.goToIf([0, "equal", 0], "done")
    .move(1, SIGKILL).call("send_signal");
  return program.label("done").exit().assemble();
}

/** Signals above 31 are real-time ones, none of which dumps. */
function leaveOutHarmless(program: Assembler): void {
  program.goToIf([SPARE, "greater", 31], "done")
    .loadWide(0, DUMPING)
    .compute([0, "shiftRight", { register: SPARE }])
    .compute([0, "and", 1])
    .goToIf([0, "equal", 0], "done");
}
