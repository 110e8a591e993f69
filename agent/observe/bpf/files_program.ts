/**
 * Says who has a socket open. The kernel runs it for each open file there is.
 *
 * @module
 */
import { Assembler, type Place } from "./assembler.ts";
import { FP } from "./instructions.ts";
import type { Layout } from "./layout.ts";
import { lookUpIndex, OWN_STACK } from "./telling.ts";

/** struct bpf_iter__task_file: three pointers, and a number in the place of one. */
const ARGUMENT = { meta: 0, task: 8, descriptor: 16, file: 24 } as const;
/** struct bpf_iter_meta */
const META_SEQUENCE = 0;
/** SOCKFS_MAGIC, <linux/magic.h>: other files have the same numbers. */
const SOCKFS_MAGIC = 0x534f_434b;

/** What it says of each descriptor. */
export const HOLDING = {
  pid: 0,
  descriptor: 4,
  /** The references to the open file, as the kernel counts them. */
  references: 8,
  bytes: 16,
} as const;

/**
 * The program.
 *
 * What it loads are pointers that the verifier knows: it is run for every file
 * of a machine, and a helper for each would take twice the time.
 *
 * @param wanted An array with one value of 8 bytes: the number of the socket.
 */
export function buildFilesProgram(
  layout: Layout,
  wanted: number,
): Uint8Array<ArrayBuffer> {
  const program = new Assembler();
  const holding = (field: number): Place => [
    FP,
    OWN_STACK - HOLDING.bytes + field,
  ];
  program.move(6, { register: 1 })
    .load8(7, [6, ARGUMENT.file]).goToIf([7, "equal", 0], "done")
    .load8(8, [7, layout.fileInode])
    .load8(9, [8, layout.inodeNumber]);
  lookUpIndex(program, { map: wanted, index: 0 });
  program.goToIf([0, "equal", 0], "done")
    .load8(1, [0, 0]).goToIf([1, "notEqual", { register: 9 }], "done")
    .load8(1, [8, layout.inodeSuperBlock])
    .load8(1, [1, layout.superBlockMagic])
    .goToIf([1, "notEqual", SOCKFS_MAGIC], "done")
    .load8(2, [6, ARGUMENT.task]).goToIf([2, "equal", 0], "done")
    .load4(1, [2, layout.taskTgid])
    .store4(holding(HOLDING.pid), { register: 1 })
    .load4(1, [6, ARGUMENT.descriptor])
    .store4(holding(HOLDING.descriptor), { register: 1 })
    .load8(1, [7, layout.fileReferences])
    .store8(holding(HOLDING.references), { register: 1 })
    .load8(1, [6, ARGUMENT.meta]).load8(1, [1, META_SEQUENCE])
    .address(2, holding(0)).move(3, HOLDING.bytes).call("seq_write");
  return program.label("done").exit().assemble();
}
