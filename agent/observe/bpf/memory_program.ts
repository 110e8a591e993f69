/**
 * The program that sees whoever takes another process's memory.
 *
 * Every way to it, /proc/PID/mem and environ under any mount, ptrace,
 * process_vm_readv, from 32-bit code or an io_uring, must lock the memory's map
 * first. There the kernel tells whose memory it is, by its address and not by a
 * number that could mean another process by now, and its stack tells the way. A
 * signal that kills stops all these ways before a byte is read: what fetches the
 * pages gives up when one is pending.
 *
 * @module
 */
import type { SymbolRange, SymbolRanges } from "../../decode/kernel_symbols.ts";
import { Assembler } from "./assembler.ts";
import { FP } from "./instructions.ts";
import {
  ACTOR,
  beginDeed,
  DEED_AT,
  deedField,
  denyIfProtected,
  leaveOutOurs,
  leaveOutTold,
  readTask,
  type Setting,
  SPARE,
  TARGET,
  tellDeed,
  weighTarget,
} from "./privilege_parts.ts";
import { DEED_KIND, ROUTE } from "./privilege_shapes.ts";

/** As deep as the way is from the lock to the call. */
const FRAMES = 16;
const FRAME_BYTES = 8;
const STACK_AT = DEED_AT - FRAMES * FRAME_BYTES;

/** The functions that make a way what it is, and those that are harmless. */
export const ROUTE_FUNCTIONS = {
  /** The command line is nobody's secret: ps(1) reads it of everybody. */
  harmless: ["proc_pid_cmdline_read", "get_mm_cmdline", "get_cmdline"],
  mem: ["mem_rw", "mem_read", "mem_write"],
  environ: ["environ_read"],
  vm: ["process_vm_rw*"],
  ptrace: ["ptrace_access_vm", "generic_ptrace_peekdata", "ptrace_request"],
  mapFiles: ["proc_map_files*", "map_files*"],
  other: ["__access_remote_vm", "access_remote_vm", "access_process_vm"],
} as const satisfies Record<string, readonly string[]>;

/** All of these functions' names. */
export const ROUTE_NAMES: readonly string[] = Object.values(ROUTE_FUNCTIONS)
  .flat();

/** Where each of them lies. */
export type RouteRanges = SymbolRanges;

/** Everything but the last is certain; `other` may still become one of them. */
const CERTAIN = ["mem", "environ", "vm", "ptrace", "mapFiles"] as const;

/**
 * Writes the program, for the tracepoint `mmap_lock_start_locking`.
 *
 * @param setting Layout, maps, and what is to be done.
 * @param ranges Of {@linkcode ROUTE_NAMES}.
 */
export function memoryProgram(
  setting: Setting,
  ranges: RouteRanges,
): Uint8Array<ArrayBuffer> {
  const { layout } = setting;
  const program = new Assembler();
  // Nearly always it is the task's own memory: four instructions, then over.
  program.load8(SPARE, [1, 0]).move(9, { register: 1 })
    .call("get_current_task_btf").load8(1, [0, layout.taskMm])
    .goToIf([1, "equal", { register: SPARE }], "done")
    .move(ACTOR, { register: 0 });
  beginDeed(program, DEED_KIND.memory);
  leaveOutOurs(program, setting);
  readTask(program, { from: [SPARE, layout.mmOwner], width: 8 });
  program.move(TARGET, { register: 0 });
  weighTarget(program, setting);
  findRoute(program, ranges);
  denyIfProtected(program, setting);
  leaveOutTold(program, setting);
  tellDeed(program, setting);
  return program.label("done").exit().assemble();
}

/**
 * Finds the way in the kernel's stack, and goes to `done` for a harmless one.
 *
 * Who only looks which addresses there are, or is the last to let go of the
 * memory of a process that ends, takes nothing. A stack that cannot be read
 * counts as a way.
 */
function findRoute(program: Assembler, ranges: RouteRanges): void {
  for (let frame = 0; frame < FRAMES; frame++) {
    program.store8([FP, STACK_AT + frame * FRAME_BYTES], 0);
  }
  program.store4(deedField("detail"), ROUTE.other)
    .move(1, { register: 9 }).address(2, [FP, STACK_AT])
    .move(3, FRAMES * FRAME_BYTES).move(4, 0).call("get_stack")
    .goToIf([0, "signedLess", 1], "is a route")
    .move(SPARE, 0);
  for (let frame = 0; frame < FRAMES; frame++) {
    program.load8(0, [FP, STACK_AT + frame * FRAME_BYTES])
      .goToIf([0, "equal", 0], "stack ends");
    const within = (names: readonly string[], label: string) => {
      for (const range of names.flatMap((name) => ranges.get(name) ?? [])) {
        goToIfWithin(program, { range, label });
      }
    };
    within(ROUTE_FUNCTIONS.harmless, "done");
    for (const route of CERTAIN) within(ROUTE_FUNCTIONS[route], route);
    within(ROUTE_FUNCTIONS.other, `other ${frame}`);
    program.goTo(`next ${frame}`).label(`other ${frame}`).move(SPARE, 1)
      .label(`next ${frame}`);
  }
  program.label("stack ends").goToIf([SPARE, "equal", 0], "done")
    .goTo("is a route");
  for (const route of CERTAIN) {
    program.label(route).store4(deedField("detail"), ROUTE[route])
      .goTo("is a route");
  }
  program.label("is a route");
}

/** Takes r1; the address is in r0. */
function goToIfWithin(
  program: Assembler,
  jump: { readonly range: SymbolRange; readonly label: string },
): void {
  const { range, label } = jump;
  const outside = `outside ${program.length}`;
  program.loadWide(1, range.start)
    .goToIf([0, "less", { register: 1 }], outside)
    .loadWide(1, range.end)
    .goToIf([0, "less", { register: 1 }], label)
    .label(outside);
}
