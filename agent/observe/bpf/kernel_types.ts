/**
 * What all programs need to know of the kernel's types, read once.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import { readFile } from "../../../ffi/files.ts";
import { decodeBtf } from "../../decode/btf.ts";
import type { Btf } from "../../decode/btf_types.ts";
import { AgentError } from "../../errors.ts";
import {
  FILE_ITERATOR,
  findTarget,
  type Layout,
  LAYOUT_TYPES,
  readLayout,
  TASK_ITERATOR,
  TRACEPOINTS,
} from "./layout.ts";
import {
  PRIVILEGE_TRACEPOINTS,
  PRIVILEGE_TYPES,
  type PrivilegeLayout,
  readPrivilegeLayout,
} from "./privilege_layout.ts";

/** The types of the kernel: 5 MB today. */
const BTF_PATH = "/sys/kernel/btf/vmlinux";
const BTF_LIMIT_BYTES = 1 << 26;

/** For the programs that watch rights. */
export interface PrivilegeTypes {
  readonly layout: PrivilegeLayout;
  /** What each program is attached to. */
  readonly ids: Readonly<Record<keyof typeof PRIVILEGE_TRACEPOINTS, number>>;
}

/** Offsets and numbers, without the types themselves. */
export interface KernelTypes {
  readonly layout: Layout;
  /** What each process program is attached to. */
  readonly ids: Readonly<
    Record<keyof typeof TRACEPOINTS | "files" | "fill", number>
  >;
  /** Or why the programs that watch rights cannot be had here. */
  readonly privilege: PrivilegeTypes | AgentError;
}

/**
 * Reads them from the kernel that runs.
 *
 * @throws {AgentError} `bpf_unavailable` where the process programs cannot be.
 * @throws {SystemCallError} Where there are no types.
 */
export function readKernelTypes(libc: Libc): KernelTypes {
  const bytes = readFile(libc, BTF_PATH, BTF_LIMIT_BYTES);
  try {
    const names = [...new Set([...LAYOUT_TYPES, ...PRIVILEGE_TYPES])];
    const decoded = decodeBtf(bytes, names);
    if (!decoded.ok) {
      throw new AgentError("bpf_unavailable", {
        what: "Cannot load the process programs",
        why: `the kernel's own types are not readable, ${decoded.why}`,
        hint: "Let the agent hear of processes by audit",
      });
    }
    const btf = decoded.value;
    return {
      layout: readLayout(btf),
      ids: {
        fork: findTarget(btf, TRACEPOINTS.fork),
        exec: findTarget(btf, TRACEPOINTS.exec),
        exit: findTarget(btf, TRACEPOINTS.exit),
        files: findTarget(btf, FILE_ITERATOR),
        fill: findTarget(btf, TASK_ITERATOR),
      },
      privilege: readPrivilegeTypes(btf),
    };
  } finally {
    // Gives 5 MB back at once: in a thread with little garbage, nobody would.
    (bytes.buffer as ArrayBuffer).transfer(0);
  }
}

/** Processes are heard of also where rights cannot be watched. */
function readPrivilegeTypes(btf: Btf): PrivilegeTypes | AgentError {
  try {
    return {
      layout: readPrivilegeLayout(btf),
      ids: {
        memory: findTarget(btf, PRIVILEGE_TRACEPOINTS.memory),
        signal: findTarget(btf, PRIVILEGE_TRACEPOINTS.signal),
        dump: findTarget(btf, PRIVILEGE_TRACEPOINTS.dump),
        call: findTarget(btf, PRIVILEGE_TRACEPOINTS.call),
        exec: findTarget(btf, PRIVILEGE_TRACEPOINTS.exec),
      },
    };
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}
