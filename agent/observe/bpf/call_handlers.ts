/**
 * What the program for system calls does about each kind of call.
 *
 * @module
 */
import type { Assembler, Place } from "./assembler.ts";
import { FP } from "./instructions.ts";
import { findFile, findTaskByPid, findTaskByPidfd } from "./find_task.ts";
import {
  ACTOR,
  addStart,
  beginDeed,
  DEED_AT,
  deedField,
  denyIfProtected,
  leaveOutOurs,
  readTask,
  type Setting,
  SPARE,
  TARGET,
  tellDeed,
  TEXT,
  weighTarget,
} from "./privilege_parts.ts";
import { CALL, DEED_KIND, DEED_TEXT_BYTES } from "./privilege_shapes.ts";

/** <linux/ptrace.h>: those by which a process becomes another one's tracer. */
const PTRACE = { ATTACH: 16, SEIZE: 0x4206 } as const;
const O_CREAT = 0o100; // <asm-generic/fcntl.h>
const AT_FDCWD = -100; // <linux/fcntl.h>
/** <linux/stat.h> */
const S = {
  IFMT: 0o170000,
  IFDIR: 0o040000,
  ISUID: 0o4000,
  ISGID: 0o2000,
  IXGRP: 0o0010,
} as const;
/** `security.capability`, <linux/xattr.h>: as much of it as tells it apart. */
const ATTRIBUTE = "security.capabil";

const ARGUMENT_BYTES = 8;
const ARGUMENTS_AT = DEED_AT - 4 * ARGUMENT_BYTES;

/** An argument of the call, from 0 on. */
export function argument(index: number): Place {
  return [FP, ARGUMENTS_AT + index * ARGUMENT_BYTES];
}

/** Writes the code behind each label of a `CallKind`; all end in `done`. */
export function addHandlers(program: Assembler, setting: Setting): void {
  addPtrace(program, setting);
  addPidfd(program, setting);
  for (const kind of ["moduleLoad", "moduleUnload", "kexec"] as const) {
    begin(program.label(kind), { setting, call: CALL[kind] });
    tellDeed(program, setting);
    program.goTo("done");
  }
  addModes(program, setting);
  addAttributes(program, setting);
}

function begin(
  program: Assembler,
  what: { readonly setting: Setting; readonly call: number },
): void {
  const { setting, call } = what;
  beginDeed(program, DEED_KIND.call);
  program.store4(deedField("detail"), call);
  leaveOutOurs(program, setting);
  const { layout } = setting;
  addStart(program, { layout, task: ACTOR, field: "start" });
}

function addPtrace(program: Assembler, setting: Setting): void {
  const { layout } = setting;
  program.label("ptrace").load8(0, argument(0))
    .goToIf([0, "equal", PTRACE.ATTACH], "ptrace attaches")
    .goToIf([0, "notEqual", PTRACE.SEIZE], "done")
    .label("ptrace attaches");
  begin(program, { setting, call: CALL.ptrace });
  findTaskByPid(program, { layout, pid: argument(1) });
  leaveOutOwnMemory(program, setting);
  weighTarget(program, setting);
  denyIfProtected(program, setting);
  tellDeed(program, setting);
  program.goTo("done");
}

/** A sanitizer stops its own threads from a process that shares the memory. */
function leaveOutOwnMemory(program: Assembler, setting: Setting): void {
  const from: Place = [TARGET, setting.layout.taskMm];
  readTask(program, { from, width: 8 });
  program.move(SPARE, { register: 0 });
  readTask(program, { from: [ACTOR, setting.layout.taskMm], width: 8 });
  program.goToIf([0, "equal", { register: SPARE }], "done");
}

function addPidfd(program: Assembler, setting: Setting): void {
  begin(program.label("pidfdGetfd"), { setting, call: CALL.pidfdGetfd });
  findTaskByPidfd(program, { layout: setting.layout, fd: argument(0) });
  weighTarget(program, setting);
  denyIfProtected(program, setting);
  tellDeed(program, setting);
  program.goTo("done");
}

function addModes(program: Assembler, setting: Setting): void {
  checkCreates(program.label("openWithMode"), 1);
  addMode(program, { setting, path: 0, mode: 2 });
  checkCreates(program.label("openAtWithMode"), 2);
  addMode(program, { setting, directory: 0, path: 1, mode: 3 });
  addMode(program.label("mode"), { setting, path: 0, mode: 1 });
  addMode(program.label("modeAt"), { setting, directory: 0, path: 1, mode: 2 });
  const { layout } = setting;
  checkMode(program.label("modeOfFd"), 1);
  begin(program, { setting, call: CALL.mode });
  findFile(program, { layout, fd: argument(0), otherwise: "done" });
  readTask(program, { from: [0, layout.fileInode], width: 8 });
  readTask(program, { from: [0, layout.inodeMode], width: 2 });
  program.compute([0, "and", S.IFMT]).goToIf([0, "equal", S.IFDIR], "done")
    .load4(0, argument(0)).store4(deedField("more"), { register: 0 })
    .load4(0, argument(1)).store4(deedField("extra"), { register: 0 });
  tellDeed(program, setting);
  program.goTo("done");
}

function addMode(
  program: Assembler,
  what: {
    readonly setting: Setting;
    readonly directory?: number;
    readonly path: number;
    readonly mode: number;
  },
): void {
  const { setting, path, mode } = what;
  checkMode(program, mode);
  begin(program, { setting, call: CALL.mode });
  program.load4(0, argument(mode))
    .store4(deedField("extra"), { register: 0 });
  tellWithPath(program, { ...what, setting, path });
}

function checkCreates(program: Assembler, flags: number): void {
  program.load4(0, argument(flags)).compute([0, "and", O_CREAT])
    .goToIf([0, "equal", 0], "done");
}

/** Goes to `done` unless the mode lends rights to whoever executes the file. */
function checkMode(program: Assembler, mode: number): void {
  const lends = `lends ${program.length}`;
  program.load4(0, argument(mode))
    .move(1, { register: 0 }).compute([1, "and", S.ISUID])
    .goToIf([1, "notEqual", 0], lends)
    .move(1, { register: 0 }).compute([1, "and", S.ISGID])
    .goToIf([1, "equal", 0], "done")
    // Without this bit setgid means mandatory locking.
    .compute([0, "and", S.IXGRP]).goToIf([0, "equal", 0], "done")
    .label(lends);
}

function addAttributes(program: Assembler, setting: Setting): void {
  checkAttribute(program.label("attribute"), 1);
  begin(program, { setting, call: CALL.capability });
  tellWithPath(program, { setting, path: 0 });
  checkAttribute(program.label("attributeOfFd"), 1);
  begin(program, { setting, call: CALL.capability });
  program.load4(0, argument(0)).store4(deedField("more"), { register: 0 });
  tellDeed(program, setting);
  program.goTo("done");
}

function checkAttribute(program: Assembler, name: number): void {
  const [base, text] = TEXT;
  program.store8(TEXT, 0).store8([base, text + 8], 0)
    .address(1, TEXT).move(2, ATTRIBUTE.length).load8(3, argument(name))
    .call("probe_read_user");
  const bytes = new TextEncoder().encode(ATTRIBUTE);
  const words = new BigUint64Array(bytes.buffer);
  for (const [index, word] of words.entries()) {
    program.load8(0, [base, text + 8 * index]).loadWide(1, word)
      .goToIf([0, "notEqual", { register: 1 }], "done");
  }
}

/** A path that cannot be read makes the call fail, so nothing is told. */
function tellWithPath(
  program: Assembler,
  what: {
    readonly setting: Setting;
    readonly directory?: number;
    readonly path: number;
  },
): void {
  const { setting, directory, path } = what;
  if (directory === undefined) {
    program.store4(deedField("more"), AT_FDCWD);
  } else {
    program.load4(0, argument(directory))
      .store4(deedField("more"), { register: 0 });
  }
  const [base, text] = TEXT;
  for (let at = 0; at < DEED_TEXT_BYTES; at += 8) {
    program.store8([base, text + at], 0);
  }
  program.address(1, TEXT).move(2, DEED_TEXT_BYTES).load8(3, argument(path))
    .call("probe_read_user_str")
    .goToIf([0, "signedLess", 1], "done");
  tellDeed(program, setting, { withText: true });
  program.goTo("done");
}
