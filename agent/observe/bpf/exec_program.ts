/**
 * Runs in a process that has just become another program, before that runs.
 *
 * @module
 */
import { ROLE } from "../process_source.ts";
import { Assembler, type Place } from "./assembler.ts";
import { FP, type Register } from "./instructions.ts";
import type { Layout } from "./layout.ts";
import { WALK, walkPath } from "./path_walk.ts";
import {
  ENTRY,
  EXEC,
  EXEC_FLAG,
  KIND,
  LIMIT,
  type ProcessMaps,
  RECORD,
  RECORDS_BYTES,
  SCRATCH,
} from "./shapes.ts";
import {
  beginTelling,
  lookUpIndex,
  NOW,
  OWN_STACK,
  readKernel,
  readProgram,
  tell,
  URGENT,
} from "./telling.ts";

const KEY: Place = [FP, OWN_STACK - 8];
const MM: Place = [FP, OWN_STACK - 16];
const BEGIN: Place = [FP, OWN_STACK - 24];
/** Where in the record the section began that is being written. */
const SECTION: Place = [FP, OWN_STACK - 32];
/**
 * Bytes in the ring buffer that are not read yet. Not what follows from them:
 * two numbers that the verifier knows make it follow all the rest twice.
 */
const UNREAD: Place = [FP, OWN_STACK - 40];

/** r6: the task, r7: the scratch value, r9: how much of it is written. */
const TASK: Register = 6;

/** The last names of the two paths may begin here. */
const EXE_LIMIT = EXEC.bytes + LIMIT.pathBytes;
const DIRECTORY_LIMIT = EXE_LIMIT + LIMIT.componentBytes + LIMIT.pathBytes;

const STRINGS_LIMIT = DIRECTORY_LIMIT + LIMIT.componentBytes;

/** The program for the tracepoint sched_process_exec. */
export function buildExecProgram(
  layout: Layout,
  maps: ProcessMaps,
): Uint8Array<ArrayBuffer> {
  const program = new Assembler();
  beginTelling(program);
  program.call("get_smp_processor_id");
  lookUpIndex(program, { map: maps.scratch, index: { register: 0 } });
  program.goToIf([0, "equal", 0], "told").address(7, [0, SCRATCH.record])
    .call("get_current_task").move(TASK, { register: 0 });
  program.loadMap(1, maps.records).move(2, 0).call("ringbuf_query")
    .store8(UNREAD, { register: 0 });
  writeHeader(program, layout);
  lookUpEntry(program, { layout, maps });
  program.store8([7, SCRATCH.written], EXEC.bytes);
  writeExe(program, layout);
  writeDirectory(program, layout);
  program.load8(9, [7, SCRATCH.written])
    .goToIf([9, "greater", STRINGS_LIMIT], "told");
  writeStrings(program, {
    name: "arguments",
    start: layout.mmArgStart,
    end: layout.mmArgEnd,
    bytes: EXEC.argumentBytes,
    total: EXEC.argumentTotal,
    limit: LIMIT.argumentBytes,
  });
  program.store4([7, EXEC.environmentBytes], 0)
    .store4([7, EXEC.environmentTotal], 0)
    .load4(1, [7, EXEC.flags])
    .compute([1, "and", EXEC_FLAG.environment])
    .goToIf([1, "equal", 0], "no environment");
  writeStrings(program, {
    name: "environment",
    start: layout.mmEnvStart,
    end: layout.mmEnvEnd,
    bytes: EXEC.environmentBytes,
    total: EXEC.environmentTotal,
    limit: LIMIT.environmentBytes,
  });
  program.label("no environment")
    // Whoever asks for the environment waits for it.
    .load4(1, [7, EXEC.flags]).compute([1, "and", EXEC_FLAG.environment])
    .store8(URGENT, { register: 1 });
  tell(program, { maps, from: [7, 0], bytes: { register: 9 } });
  return program.exit().assemble();
}

function writeHeader(program: Assembler, layout: Layout): void {
  const copy4 = (from: Place, to: number) => {
    readKernel(program, { target: 1, from, width: 4 });
    program.store4([7, to], { register: 1 });
  };
  const pointer = (target: Register, from: Place) =>
    readKernel(program, { target, from, width: 8 });
  program.store4([7, RECORD.kind], KIND.exec)
    .store4([7, EXEC.flags], 0)
    .load8(1, NOW).store8([7, RECORD.at], { register: 1 })
    .call("get_current_pid_tgid").compute([0, "shiftRight", 32])
    .store4([7, RECORD.pid], { register: 0 })
    .store8(KEY, { register: 0 })
    .call("get_current_uid_gid").store4([7, RECORD.uid], { register: 0 })
    .call("get_current_cgroup_id").store8([7, EXEC.cgroup], { register: 0 });
  pointer(3, [TASK, layout.taskLeader]);
  pointer(1, [3, layout.taskStart]);
  program.store8([7, RECORD.start], { register: 1 });
  pointer(3, [TASK, layout.taskParent]);
  copy4([3, layout.taskTgid], RECORD.parentOrStatus);
  pointer(3, [TASK, layout.taskNamespaces]);
  pointer(3, [3, layout.namespacesNet]);
  copy4([3, layout.netInode], EXEC.netNamespace);
  pointer(1, [TASK, layout.taskMm]);
  program.store8(MM, { register: 1 });
}

/** Takes the role away, notes the program, and sees whether a tree begins here. */
function lookUpEntry(
  program: Assembler,
  { layout, maps }: { layout: Layout; maps: ProcessMaps },
): void {
  program.load8(9, MM);
  readProgram(program, { layout, mm: 9, inode: 8, device: 9 });
  program.store8([7, EXEC.programInode], { register: 8 })
    .store4([7, EXEC.programDevice], { register: 9 });
  program.loadMap(1, maps.lineage).address(2, KEY).call("map_lookup_elem")
    .goToIf([0, "equal", 0], "no entry")
    // Another program is not what the role was given to.
    .store4([0, ENTRY.role], ROLE.PLAIN)
    .store8([0, ENTRY.programInode], { register: 8 })
    .store4([0, ENTRY.programDevice], { register: 9 })
    .load4(1, [0, ENTRY.rootPid]).load4(2, [0, ENTRY.pid])
    .goToIf([1, "notEqual", { register: 2 }], "no entry")
    .store4([7, EXEC.flags], EXEC_FLAG.environment)
    .label("no entry");
}

function writeExe(program: Assembler, layout: Layout): void {
  program.load8(1, [7, SCRATCH.written])
    .store8(SECTION, { register: 1 }).load8(3, MM);
  readKernel(program, { target: 8, from: [3, layout.mmExeFile], width: 8 });
  readKernel(program, { target: 1, from: [8, layout.filePathMount], width: 8 });
  program.store8(WALK.mount, { register: 1 });
  readKernel(program, {
    target: 1,
    from: [8, layout.filePathDentry],
    width: 8,
  });
  program.store8(WALK.dentry, { register: 1 }).move(3, { register: 1 });
  readKernel(program, { target: 1, from: [3, layout.dentryHashed], width: 8 });
  program.goToIf([1, "notEqual", 0], "exe hashed");
  addFlag(program, EXEC_FLAG.exeDeleted);
  program.label("exe hashed");
  walkPath(program, { layout, name: "exe", limit: EXE_LIMIT });
  program.label("exe whole");
  addFlag(program, EXEC_FLAG.exeWhole);
  program.label("exe cut");
  endSection(program, EXEC.exeBytes);
}

function writeDirectory(program: Assembler, layout: Layout): void {
  program.load8(1, [7, SCRATCH.written])
    .store8(SECTION, { register: 1 });
  readKernel(program, { target: 8, from: [TASK, layout.taskFs], width: 8 });
  readKernel(program, {
    target: 1,
    from: [8, layout.fsDirectoryMount],
    width: 8,
  });
  program.store8(WALK.mount, { register: 1 });
  readKernel(program, {
    target: 1,
    from: [8, layout.fsDirectoryDentry],
    width: 8,
  });
  program.store8(WALK.dentry, { register: 1 });
  walkPath(program, { layout, name: "directory", limit: DIRECTORY_LIMIT });
  program.label("directory whole");
  addFlag(program, EXEC_FLAG.directoryWhole);
  program.label("directory cut");
  endSection(program, EXEC.directoryBytes);
}

/** Copies what lies between two addresses of the process. */
function writeStrings(
  program: Assembler,
  strings: {
    readonly name: string;
    readonly start: number;
    readonly end: number;
    readonly bytes: number;
    readonly total: number;
    readonly limit: number;
  },
): void {
  const { name, start, end, bytes, total, limit } = strings;
  program.load8(3, MM);
  readKernel(program, { target: 8, from: [3, end], width: 8 });
  program.load8(3, MM);
  readKernel(program, { target: 1, from: [3, start], width: 8 });
  program.store8(BEGIN, { register: 1 })
    .compute([8, "subtract", { register: 1 }])
    .store4([7, total], { register: 8 })
    .goToIf([8, "lessOrEqual", limit], `${name} fit`)
    .move(8, limit).label(`${name} fit`)
    .load8(1, UNREAD)
    .goToIf([1, "lessOrEqual", RECORDS_BYTES / 2], `${name} sized`)
    .goToIf([8, "lessOrEqual", LIMIT.scarceBytes], `${name} sized`)
    .move(8, LIMIT.scarceBytes).label(`${name} sized`)
    .address(1, [7, 0]).compute([1, "add", { register: 9 }])
    .move(2, { register: 8 }).load8(3, BEGIN)
    .call("probe_read_user").goToIf([0, "equal", 0], `${name} read`)
    // Paged out again already: there is no waiting for it here.
    .move(8, 0).label(`${name} read`)
    .store4([7, bytes], { register: 8 })
    .compute([9, "add", { register: 8 }]);
}

function endSection(program: Assembler, bytes: number): void {
  program.load8(1, [7, SCRATCH.written]).load8(2, SECTION)
    .compute([1, "subtract", { register: 2 }])
    .store4([7, bytes], { register: 1 });
}

function addFlag(program: Assembler, flag: number): void {
  program.load4(1, [7, EXEC.flags]).compute([1, "add", flag])
    .store4([7, EXEC.flags], { register: 1 });
}
