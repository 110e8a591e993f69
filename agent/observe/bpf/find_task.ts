/**
 * From a number that a call names to the task or file it stands for.
 *
 * The programs look it up where the kernel itself is about to, so that no pid
 * namespace, thread or reused number can mislead them.
 *
 * @module
 */
import type { Assembler, Place } from "./assembler.ts";
import type { PrivilegeLayout } from "./privilege_layout.ts";
import { ACTOR, readTask, SPARE, TARGET } from "./privilege_parts.ts";

/** An xarray node holds 64 slots, so a pid of 22 bits is at most four deep. */
const MAX_TREE_DEPTH = 4;
const SLOT_BITS = 63;
const POINTER_SHIFT = 3;
/** <linux/xarray.h>: the two low bits of a pointer to a node are 2. */
const XA_NODE = { MASK: 3, TAG: 2 } as const;
/** enum pid_type */
const PIDTYPE = { PID: 0, TGID: 1 } as const;
const POINTER_BYTES = 8;

/**
 * `TARGET = the task that a pid stands for in ACTOR's own pid namespace`, or 0.
 *
 * @param pid Where the number lies, four bytes.
 */
export function findTaskByPid(
  program: Assembler,
  what: { readonly layout: PrivilegeLayout; readonly pid: Place },
): void {
  const { layout, pid } = what;
  const inTree = `is in tree ${program.length}`;
  const noTask = `has no task ${program.length}`;
  program.move(TARGET, 0);
  readTask(program, { from: [ACTOR, layout.taskPidStruct], width: 8 });
  program.move(SPARE, { register: 0 });
  // The namespace is the one in which the task has its last number.
  readTask(program, { from: [SPARE, layout.pidLevel], width: 4 });
  program.compute([0, "and", 31])
    .compute([0, "multiply", layout.pidNumberBytes])
    .compute([0, "add", { register: SPARE }]);
  const namespace = layout.pidNumbers + layout.upidNamespace;
  readTask(program, { from: [0, namespace], width: 8 });
  readTask(program, { from: [0, layout.pidNamespaceTree], width: 8 });
  program.move(SPARE, { register: 0 });
  for (let depth = 0; depth < MAX_TREE_DEPTH; depth++) {
    stepDown(program, { layout, pid, otherwise: inTree });
  }
  program.label(inTree).goToIf([SPARE, "equal", 0], noTask);
  readTaskOfPid(program, { layout, type: PIDTYPE.PID, otherwise: noTask });
  program.label(noTask);
}

/** `SPARE = the slot of the node in SPARE`; on with `otherwise` for a leaf. */
function stepDown(
  program: Assembler,
  what: {
    readonly layout: PrivilegeLayout;
    readonly pid: Place;
    readonly otherwise: string;
  },
): void {
  const { layout, pid, otherwise } = what;
  program.move(1, { register: SPARE }).compute([1, "and", XA_NODE.MASK])
    .goToIf([1, "notEqual", XA_NODE.TAG], otherwise)
    .compute([SPARE, "subtract", XA_NODE.TAG]);
  readTask(program, { from: [SPARE, layout.nodeShift], width: 1 });
  program.load4(1, pid)
    .compute([0, "and", SLOT_BITS])
    .compute([1, "shiftRight", { register: 0 }])
    .compute([1, "and", SLOT_BITS])
    .compute([1, "shiftLeft", POINTER_SHIFT])
    .compute([SPARE, "add", { register: 1 }]);
  readTask(program, { from: [SPARE, layout.nodeSlots], width: 8 });
  program.move(SPARE, { register: 0 });
}

/** `TARGET = the first task of the struct pid in SPARE`, or 0. */
function readTaskOfPid(
  program: Assembler,
  what: {
    readonly layout: PrivilegeLayout;
    readonly type: number;
    readonly otherwise: string;
  },
): void {
  const { layout, type, otherwise } = what;
  const offset = type * POINTER_BYTES;
  readTask(program, { from: [SPARE, layout.pidTasks + offset], width: 8 });
  program.goToIf([0, "equal", 0], otherwise)
    .compute([0, "subtract", layout.taskPidLinks + 2 * offset])
    .move(TARGET, { register: 0 });
}

/**
 * `TARGET = the process that a pidfd of ACTOR stands for`, or 0.
 *
 * @param fd Where its number lies, four bytes.
 */
export function findTaskByPidfd(
  program: Assembler,
  what: { readonly layout: PrivilegeLayout; readonly fd: Place },
): void {
  const { layout } = what;
  const noTask = `has no task ${program.length}`;
  program.move(TARGET, 0);
  findFile(program, { ...what, otherwise: noTask });
  // From Linux 6.9 on the inode knows the pid, before that the file did.
  if (layout.hasPidfs) {
    readTask(program, { from: [0, layout.fileInode], width: 8 });
    readTask(program, { from: [0, layout.inodePrivate], width: 8 });
  } else {
    readTask(program, { from: [0, layout.filePrivate], width: 8 });
  }
  program.move(SPARE, { register: 0 })
    .goToIf([SPARE, "equal", 0], noTask);
  readTaskOfPid(program, { layout, type: PIDTYPE.TGID, otherwise: noTask });
  program.label(noTask);
}

/**
 * `r0 = ACTOR's file of that number`.
 *
 * @param what Where to go on when there is none.
 */
export function findFile(
  program: Assembler,
  what: {
    readonly layout: PrivilegeLayout;
    readonly fd: Place;
    readonly otherwise: string;
  },
): void {
  const { layout, fd, otherwise } = what;
  readTask(program, { from: [ACTOR, layout.taskFiles], width: 8 });
  readTask(program, { from: [0, layout.filesTable], width: 8 });
  program.move(SPARE, { register: 0 });
  readTask(program, { from: [SPARE, layout.tableMax], width: 4 });
  program.load4(1, fd)
    .goToIf([1, "greaterOrEqual", { register: 0 }], otherwise);
  readTask(program, { from: [SPARE, layout.tableFiles], width: 8 });
  program.load4(1, fd).compute([1, "shiftLeft", POINTER_SHIFT])
    .compute([0, "add", { register: 1 }]);
  readTask(program, { from: [0, 0], width: 8 });
  program.goToIf([0, "equal", 0], otherwise);
}
