/**
 * The program that looks at system calls by which rights are taken or kept.
 *
 * It runs at every call of every process, so all but a few end after some
 * comparisons. What a call has in registers is certain; what it only points to
 * may change until the kernel reads it, and is a hint.
 *
 * @module
 */
import { Assembler } from "./assembler.ts";
import { addHandlers, argument } from "./call_handlers.ts";
import {
  ARGUMENTS,
  ARM64_CALLS,
  type CallNumbers,
  I386_CALLS,
  X86_64_CALLS,
} from "./call_numbers.ts";
import { ACTOR, readTask, type Setting, SPARE } from "./privilege_parts.ts";

/** Takes off the bit that marks calls of x32 code, <asm/unistd.h>. */
const NUMBER_MASK = 0x3fff_ffff;
/** <asm/thread_info.h>: the call is one of 32-bit code, whoever makes it. */
const TS_COMPAT = 2;

/** One way to call: numbers, and where the arguments lie. */
interface Convention {
  readonly calls: CallNumbers;
  readonly offsets: readonly number[];
  readonly width: 4 | 8;
}

const CONVENTIONS = {
  x86_64: { calls: X86_64_CALLS, offsets: ARGUMENTS.x86_64, width: 8 },
  i386: { calls: I386_CALLS, offsets: ARGUMENTS.i386, width: 4 },
  arm64: { calls: ARM64_CALLS, offsets: ARGUMENTS.arm64, width: 8 },
} as const satisfies Record<string, Convention>;

/**
 * Writes the program, for the tracepoint `sys_enter`.
 *
 * @param setting Layout, maps, and what is to be done.
 * @param arch The machine's.
 */
export function callProgram(
  setting: Setting,
  arch: "x86_64" | "aarch64",
): Uint8Array<ArrayBuffer> {
  const program = new Assembler();
  const isX86 = arch === "x86_64";
  const native = isX86 ? CONVENTIONS.x86_64 : CONVENTIONS.arm64;
  const numbers = new Set(native.calls.keys());
  if (isX86) { for (const each of I386_CALLS.keys()) numbers.add(each); }
  program.load8(SPARE, [1, 8]).compute([SPARE, "and", NUMBER_MASK]);
  search(program, [...numbers].sort((a, b) => a - b));
  program.label("is listed").load8(9, [1, 0])
    .call("get_current_task_btf").move(ACTOR, { register: 0 });
  const { threadStatus } = setting.layout;
  if (isX86 && threadStatus !== null) {
    readTask(program, { from: [ACTOR, threadStatus], width: 4 });
    program.compute([0, "and", TS_COMPAT]).goToIf([0, "notEqual", 0], "compat");
  }
  dispatch(program, native);
  if (isX86) dispatch(program.label("compat"), CONVENTIONS.i386);
  addHandlers(program, setting);
  return program.label("done").exit().assemble();
}

/** Halves the list until one number is left: on with it, or out. */
function search(program: Assembler, numbers: readonly number[]): void {
  if (numbers.length <= 2) {
    for (const each of numbers) {
      program.goToIf([SPARE, "equal", each], "is listed");
    }
    program.goTo("done");
    return;
  }
  const middle = numbers.length >> 1;
  const upper = `from ${numbers[middle]} on, at ${program.length}`;
  program.goToIf([SPARE, "greaterOrEqual", numbers[middle]!], upper);
  search(program, numbers.slice(0, middle));
  program.label(upper);
  search(program, numbers.slice(middle));
}

/** Fetches the arguments, and goes to the handler of the call. */
function dispatch(program: Assembler, convention: Convention): void {
  const { calls, offsets, width } = convention;
  program.move(7, { register: SPARE });
  for (const [index, offset] of offsets.entries()) {
    readTask(program, { from: [9, offset], width });
    program.store8(argument(index), { register: 0 });
  }
  for (const [number, kind] of calls) {
    program.goToIf([7, "equal", number], kind);
  }
  program.goTo("done");
}
