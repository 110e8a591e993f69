/**
 * The parts that more than one program about rights is made of.
 *
 * @module
 */
import type { Assembler, Place } from "./assembler.ts";
import { FP, type Register } from "./instructions.ts";
import type { PrivilegeLayout } from "./privilege_layout.ts";
import {
  DEED,
  DEED_FLAG,
  DEED_TEXT_BYTES,
  type PrivilegeMaps,
  type PrivilegeOptions,
  TOLD_KEY_BYTES,
} from "./privilege_shapes.ts";
import { ROLE } from "../process_source.ts";
import { countLost } from "./count_lost.ts";
import { ENTRY } from "./shapes.ts";
import { OWN_STACK } from "./telling.ts";

/** The acting task. */
export const ACTOR: Register = 6;
/** The task that is acted upon. */
export const TARGET: Register = 7;
/** Free between the parts; some take it for themselves. */
export const SPARE: Register = 8;

/** <linux/sched.h> */
const PF = { FORKNOEXEC: 0x40, KTHREAD: 0x20_0000 } as const;
/** <asm/signal.h> */
export const SIGKILL = 9;
const BPF_NOEXIST = 1; // <linux/bpf.h>

/** Deeper below its debugger than this, a process counts as somebody else's. */
const MAX_GENERATIONS = 12;

/** Where a value is read to on its way into a register. */
const SLOT: Place = [FP, -8];
/** In a row: what both belong to, and then the key of the told map. */
const DOER_ROOT: Place = [FP, OWN_STACK - TOLD_KEY_BYTES];
const TARGET_ROOT: Place = [FP, OWN_STACK - TOLD_KEY_BYTES + 8];
const DETAIL: Place = [FP, OWN_STACK - TOLD_KEY_BYTES + 16];
/** Where the record lies; what a program needs beside it is below. */
export const DEED_AT = OWN_STACK - TOLD_KEY_BYTES - DEED.bytes -
  DEED_TEXT_BYTES;
/** Where the record's text lies. */
export const TEXT: Place = [FP, DEED_AT + DEED.bytes];

/** All that the parts are written for. */
export interface Setting {
  readonly layout: PrivilegeLayout;
  readonly maps: PrivilegeMaps;
  readonly options: PrivilegeOptions;
}

/** A field of the record. */
export function deedField(name: keyof typeof DEED): Place {
  return [FP, DEED_AT + DEED[name]];
}

/** Empties the record and says of which kind it is. */
export function beginDeed(program: Assembler, kind: number): void {
  for (let at = 0; at < DEED.bytes; at += 8) {
    program.store8([FP, DEED_AT + at], 0);
  }
  program.store4(deedField("kind"), kind);
}

/** Goes to `done` for kernel threads and for the agent; needs ACTOR. */
export function leaveOutOurs(program: Assembler, setting: Setting): void {
  const { layout, options } = setting;
  readTask(program, { from: [ACTOR, layout.taskFlags], width: 4 });
  program.compute([0, "and", PF.KTHREAD]).goToIf([0, "notEqual", 0], "done");
  readTask(program, { from: [ACTOR, layout.taskTgid], width: 4 });
  program.store4(deedField("pid"), { register: 0 })
    .goToIf([0, "equal", options.agentPid], "done");
}

/** Writes when the process of a task started. */
export function addStart(
  program: Assembler,
  what: {
    readonly layout: PrivilegeLayout;
    readonly task: Register;
    readonly field: "start" | "targetStart";
  },
): void {
  const { layout, task, field } = what;
  readTask(program, { from: [task, layout.taskLeader], width: 8 });
  readTask(program, { from: [0, layout.taskStart], width: 8 });
  program.store8(deedField(field), { register: 0 });
}

/**
 * Decides whether what is done to TARGET is worth a record, and goes to `done`
 * where it is not: done to itself, by the runner, within one step, or by whoever
 * started it.
 *
 * Falls through with `protected` among the flags when the target is the runner's,
 * or a copy of it that has not executed a program of its own yet.
 */
export function weighTarget(program: Assembler, setting: Setting): void {
  const { layout, maps } = setting;
  const at = program.length;
  const label = (name: string) => `${name} ${at}`;
  program.goToIf([TARGET, "equal", 0], "done")
    .store8(DOER_ROOT, 0).store8(TARGET_ROOT, 0);
  readTask(program, { from: [TARGET, layout.taskTgid], width: 4 });
  program.load4(1, deedField("pid"))
    .goToIf([0, "equal", { register: 1 }], "done");
  findEntry(program, { maps, pid: deedField("pid") });
  program.goToIf([0, "equal", 0], label("unknown"))
    .load8(1, [0, ENTRY.rootStart]).store8(DOER_ROOT, { register: 1 })
    // The runner's own processes see to each other.
    .load4(1, [0, ENTRY.role]).goToIf([1, "notEqual", 0], "done")
    .label(label("unknown"));
  findProtector(program, setting);
  program.goToIf([0, "equal", 0], label("plain"))
    .store4(deedField("flags"), DEED_FLAG.protected)
    .goTo(label("weighed"))
    .label(label("plain"));
  leaveOutOwn(program, layout);
  program.label(label("weighed"));
  addStart(program, { layout, task: ACTOR, field: "start" });
  addStart(program, { layout, task: TARGET, field: "targetStart" });
}

/**
 * `r0 = the role that TARGET has`, or that its parent has when that makes it
 * the runner's: a copy of a worker that has not executed anything yet has all
 * that the worker has in memory, and what a listener has started is a worker,
 * also before anybody has said so.
 *
 * Fills in the target's pid and the start of its tree's root.
 */
export function findProtector(program: Assembler, setting: Setting): void {
  const { layout, maps } = setting;
  const at = program.length;
  readTask(program, { from: [TARGET, layout.taskTgid], width: 4 });
  program.store4(deedField("targetPid"), { register: 0 });
  findEntry(program, { maps, pid: deedField("targetPid") });
  program.goToIf([0, "equal", 0], `not found ${at}`)
    .load8(1, [0, ENTRY.rootStart]).store8(TARGET_ROOT, { register: 1 })
    .load4(0, [0, ENTRY.role])
    .goToIf([0, "notEqual", 0], `found ${at}`)
    .label(`not found ${at}`);
  readTask(program, { from: [TARGET, layout.taskParent], width: 8 });
  readTask(program, { from: [0, layout.taskTgid], width: 4 });
  program.store4(deedField("more"), { register: 0 });
  findEntry(program, { maps, pid: deedField("more") });
  program.store4(deedField("more"), 0)
    .goToIf([0, "equal", 0], `found ${at}`)
    .load4(0, [0, ENTRY.role])
    .goToIf([0, "notEqual", ROLE.WORKER], `found ${at}`);
  readTask(program, { from: [TARGET, layout.taskFlags], width: 4 });
  program.compute([0, "and", PF.FORKNOEXEC]).label(`found ${at}`);
}

function findEntry(
  program: Assembler,
  what: { readonly maps: PrivilegeMaps; readonly pid: Place },
): void {
  program.loadMap(1, what.maps.lineage).address(2, what.pid)
    .call("map_lookup_elem");
}

/**
 * What is within one step is that step's business, and a debugger of its own
 * child takes nothing that it could not have had.
 */
function leaveOutOwn(program: Assembler, layout: PrivilegeLayout): void {
  const at = program.length;
  program.load8(0, TARGET_ROOT).goToIf([0, "equal", 0], `rootless ${at}`)
    .load8(1, DOER_ROOT).goToIf([0, "equal", { register: 1 }], "done")
    .label(`rootless ${at}`).move(SPARE, { register: TARGET });
  for (let generation = 0; generation < MAX_GENERATIONS; generation++) {
    readTask(program, { from: [SPARE, layout.taskParent], width: 8 });
    program.move(SPARE, { register: 0 });
    readTask(program, { from: [SPARE, layout.taskTgid], width: 4 });
    program.load4(1, deedField("pid"))
      .goToIf([0, "equal", { register: 1 }], "done")
      .goToIf([0, "lessOrEqual", 1], `nobody's ${at}`);
  }
  program.label(`nobody's ${at}`);
}

/** Kills whoever acts when the target is protected and that is wanted. */
export function denyIfProtected(program: Assembler, setting: Setting): void {
  if (!setting.options.protects) return;
  const isLet = `is let ${program.length}`;
  program.load4(0, deedField("flags"))
    .compute([0, "and", DEED_FLAG.protected])
    .goToIf([0, "equal", 0], isLet)
    .move(1, SIGKILL).call("send_signal")
    .goToIf([0, "notEqual", 0], isLet)
    .load4(0, deedField("flags"))
    .compute([0, "or", DEED_FLAG.denied])
    .store4(deedField("flags"), { register: 0 })
    .label(isLet);
}

/**
 * Goes to `done` when the same was told before: of the runner's processes once
 * each, of all others once for each step, since ps(1) looks at all there are.
 */
export function leaveOutTold(program: Assembler, setting: Setting): void {
  const at = program.length;
  program.load8(0, deedField("start")).store8(DOER_ROOT, { register: 0 })
    .load8(0, deedField("detail")).store8(DETAIL, { register: 0 })
    .load4(0, deedField("flags")).compute([0, "and", DEED_FLAG.protected])
    .goToIf([0, "equal", 0], `by root ${at}`)
    .load8(0, deedField("targetStart"))
    .store8(TARGET_ROOT, { register: 0 })
    .label(`by root ${at}`)
    .loadMap(1, setting.maps.told).address(2, DOER_ROOT).address(3, DOER_ROOT)
    .move(4, BPF_NOEXIST).call("map_update_elem")
    .goToIf([0, "notEqual", 0], "done");
}

/**
 * Hands the record over, and wakes the reader: such acts are rare.
 *
 * @param options With the text behind it, or without.
 */
export function tellDeed(
  program: Assembler,
  setting: Setting,
  options: { readonly withText: boolean } = { withText: false },
): void {
  const bytes = DEED.bytes + (options.withText ? DEED_TEXT_BYTES : 0);
  program.call("ktime_get_boot_ns").store8(deedField("at"), { register: 0 })
    .loadMap(1, setting.maps.records).address(2, deedField("kind"))
    .move(3, bytes).move(4, 0).call("ringbuf_output");
  countLost(program, { state: setting.maps.state, slot: SLOT });
}

/**
 * `r0 = *from` of kernel memory, zero-extended; 0 where nothing can be read.
 *
 * @param what Any width up to eight bytes.
 */
export function readTask(
  program: Assembler,
  what: { readonly from: Place; readonly width: 1 | 2 | 4 | 8 },
): void {
  const { from, width } = what;
  program.address(3, from).store8(SLOT, 0).address(1, SLOT).move(2, width)
    .call("probe_read_kernel").load8(0, SLOT);
}
