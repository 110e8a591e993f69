/**
 * Loads the process programs with their maps, all of them or none.
 *
 * @module
 */
import type { Bpf } from "../../../ffi/bpf.ts";
import { BpfIterators } from "../../../ffi/bpf_iterators.ts";
import {
  BPF_ATTACH_TYPE,
  BPF_MAP_TYPE,
  type BpfMapShape,
} from "../../../ffi/bpf_objects.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import { readLink, tryReadText } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { AgentError } from "../../errors.ts";
import { buildExecProgram } from "./exec_program.ts";
import { buildExitProgram } from "./exit_program.ts";
import { buildFilesProgram } from "./files_program.ts";
import { buildFillProgram } from "./fill_program.ts";
import { buildForkProgram } from "./fork_program.ts";
import { type KernelTypes, readKernelTypes } from "./kernel_types.ts";
import type { Layout } from "./layout.ts";
import {
  ENTRY,
  LINEAGE_ENTRIES,
  type ProcessMaps,
  RECORDS_BYTES,
  SCRATCH,
  STATE,
} from "./shapes.ts";

/** The first pid namespace, PROC_PID_INIT_INO of <linux/proc_ns.h>. */
const FIRST_PID_NAMESPACE = "pid:[4026531836]";

/** Ranges of numbers, such as `0-3`. */
const CPUS_PATH = "/sys/devices/system/cpu/possible";
const MANY_CPUS = 512;

/** What is loaded, and what for. */
const PROGRAMS = {
  fork: {
    attachType: BPF_ATTACH_TYPE.TRACE_RAW_TP,
    build: buildForkProgram,
  },
  exec: {
    attachType: BPF_ATTACH_TYPE.TRACE_RAW_TP,
    build: buildExecProgram,
  },
  exit: {
    attachType: BPF_ATTACH_TYPE.TRACE_RAW_TP,
    build: buildExitProgram,
  },
  files: {
    attachType: BPF_ATTACH_TYPE.TRACE_ITER,
    build: (layout: Layout, { wanted }: ProcessMaps) =>
      buildFilesProgram(layout, wanted),
  },
  fill: {
    attachType: BPF_ATTACH_TYPE.TRACE_ITER,
    build: buildFillProgram,
  },
} as const;
type ProgramName = keyof typeof PROGRAMS;

/** The descriptors that keep everything in the kernel. */
export interface Loaded {
  /** The maps among them, by what they are for. */
  readonly maps: ProcessMaps;
  /** What must be run at every fork, exec and exit. */
  readonly programs: readonly number[];
  /** Lists who holds a socket; null where the kernel does not take it. */
  readonly filesFd: number | null;
  /** What the programs were written for. */
  readonly types: KernelTypes;
  /** All of them: the caller's to close. */
  readonly fds: readonly number[];
}

/**
 * Loads and attaches everything, and fills in the lineage map.
 *
 * @throws {AgentError} `bpf_unavailable` where the kernel has no such types,
 * or where this is not the first pid namespace.
 * @throws {SystemCallError} For what the kernel refuses.
 */
export function loadPrograms(libc: Libc, bpf: Bpf): Loaded {
  const fds: number[] = [];
  const own = (fd: number): number => {
    fds.push(fd);
    return fd;
  };
  checkNamespace(libc);
  const types = readKernelTypes(libc);
  const { layout, ids } = types;
  try {
    const maps = makeMaps(libc, (shape) => own(bpf.createMap(shape)));
    const load = (name: ProgramName) => {
      const { attachType, build } = PROGRAMS[name];
      const typeId = ids[name];
      const code = build(layout, maps);
      const program = { name: `sluice_${name}`, attachType, typeId, code };
      return own(bpf.loadProgram(program));
    };
    // Who is told of by no program yet is found by the last one.
    const programs = (["fork", "exec", "exit"] as const).map((name) => {
      const program = load(name);
      own(bpf.attach(program));
      return program;
    });
    const fill = load("fill");
    using iterators = new BpfIterators(libc);
    iterators.run(fill);
    libc.symbols.close(fill);
    fds.pop();
    const filesFd = tryTo(() => load("files"));
    return { maps, programs, filesFd, types, fds };
  } catch (error) {
    for (const fd of fds) libc.symbols.close(fd);
    throw error;
  }
}

/** Null for what the kernel refuses, where it can be done without. */
function tryTo(load: () => number): number | null {
  try {
    return load();
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}

function makeMaps(
  libc: Libc,
  make: (shape: BpfMapShape) => number,
): ProcessMaps {
  const array = { type: BPF_MAP_TYPE.ARRAY, keyBytes: 4 };
  return {
    // With its memory at hand: what allocates in a tracepoint may find none.
    lineage: make({
      name: "sluice_lineage",
      type: BPF_MAP_TYPE.HASH,
      keyBytes: 4,
      valueBytes: ENTRY.bytes,
      entries: LINEAGE_ENTRIES,
    }),
    records: make({
      name: "sluice_records",
      type: BPF_MAP_TYPE.RINGBUF,
      keyBytes: 0,
      valueBytes: 0,
      entries: RECORDS_BYTES,
    }),
    wanted: make({
      ...array,
      name: "sluice_wanted",
      valueBytes: 8,
      entries: 1,
    }),
    state: make({
      ...array,
      name: "sluice_state",
      valueBytes: STATE.bytes,
      entries: 1,
    }),
    // A map with a value for each CPU would hold 32 KiB at most.
    scratch: make({
      ...array,
      name: "sluice_scratch",
      valueBytes: SCRATCH.bytes,
      entries: countCpus(libc),
    }),
  };
}

/** CPUs that may ever be there: the kernel counts with all of them. */
function countCpus(libc: Libc): number {
  const text = tryReadText(libc, CPUS_PATH) ?? "";
  const last = /([0-9]+)\s*$/.exec(text)?.[1];
  return last === undefined ? MANY_CPUS : Number(last) + 1;
}

/**
 * The programs say pids as the first pid namespace counts them: in another one
 * they would be taken for other processes.
 */
function checkNamespace(libc: Libc): void {
  const own = readLink(libc, "/proc/self/ns/pid");
  if (own === FIRST_PID_NAMESPACE) return;
  throw unavailable(`the agent is in ${own}, not in ${FIRST_PID_NAMESPACE}`);
}

function unavailable(why: string): AgentError {
  return new AgentError("bpf_unavailable", {
    what: "Cannot load the process programs",
    why,
    hint: "Let the agent hear of processes by audit",
  });
}
