/**
 * Loads the programs that watch rights, piece by piece.
 *
 * All of it takes some hundred milliseconds on a busy machine, and whoever loads
 * them has other things to hear meanwhile.
 *
 * @module
 */
import type { Bpf } from "../../../ffi/bpf.ts";
import { BPF_ATTACH_TYPE, BPF_MAP_TYPE } from "../../../ffi/bpf_objects.ts";
import { readPieces } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { KernelSymbols } from "../../decode/kernel_symbols.ts";
import { AgentError } from "../../errors.ts";
import { callProgram } from "./call_program.ts";
import type { KernelTypes } from "./kernel_types.ts";
import {
  memoryProgram,
  ROUTE_NAMES,
  type RouteRanges,
} from "./memory_program.ts";
import type { Setting } from "./privilege_parts.ts";
import {
  DEEDS_BYTES,
  DEEDS_STATE,
  type PrivilegeMaps,
  type PrivilegeOptions,
  TOLD_ENTRIES,
  TOLD_KEY_BYTES,
} from "./privilege_shapes.ts";
import { dumpProgram, signalProgram } from "./signal_program.ts";
import { stdioProgram } from "./stdio_program.ts";

const SYMBOLS_PATH = "/proc/kallsyms";
/** The list is 5 MB, and the kernel writes it as slowly as we read it. */
const PIECE_BYTES = 1 << 19;

/** What is to be watched, and how. */
export interface PrivilegeWatch extends PrivilegeOptions {
  /** The map of descents and roles; borrowed. */
  readonly lineageFd: number;
  readonly types: KernelTypes;
}

/** What loads them. */
export interface PrivilegeLoader {
  readonly libc: Libc;
  readonly bpf: Bpf;
  /** Takes each descriptor. */
  readonly own: (fd: number) => number;
}

/**
 * Loads and attaches everything; each turn does a piece.
 *
 * @returns The maps.
 * @throws {AgentError} `bpf_unavailable` where the kernel lacks something.
 * @throws {SystemCallError} For what the kernel refuses.
 */
export function* loadPrivilege(
  loader: PrivilegeLoader,
  watch: PrivilegeWatch,
): Generator<void, PrivilegeMaps> {
  const { bpf, own } = loader;
  const { privilege: types } = watch.types;
  if (types instanceof AgentError) throw types;
  const maps = makeMaps(loader, watch.lineageFd);
  const setting: Setting = { layout: types.layout, maps, options: watch };
  const ranges = yield* findRoutes(loader.libc);
  const builders = {
    memory: () => memoryProgram(setting, ranges),
    signal: () => signalProgram(setting),
    ...(watch.protects ? { dump: () => dumpProgram(setting) } : {}),
    call: () => callProgram(setting, Deno.build.arch),
    exec: () => stdioProgram(setting),
  } as const;
  for (const [name, build] of Object.entries(builders)) {
    const programFd = own(bpf.loadProgram({
      name: `sluice_p_${name}`,
      code: build(),
      attachType: BPF_ATTACH_TYPE.TRACE_RAW_TP,
      typeId: types.ids[name as keyof typeof types.ids],
    }));
    own(bpf.attach(programFd));
    yield;
  }
  return maps;
}

function makeMaps(
  { bpf, own }: PrivilegeLoader,
  lineage: number,
): PrivilegeMaps {
  return {
    lineage,
    records: own(bpf.createMap({
      name: "sluice_deeds",
      type: BPF_MAP_TYPE.RINGBUF,
      keyBytes: 0,
      valueBytes: 0,
      entries: DEEDS_BYTES,
    })),
    told: own(bpf.createMap({
      name: "sluice_told",
      type: BPF_MAP_TYPE.LRU_HASH,
      keyBytes: TOLD_KEY_BYTES,
      valueBytes: 8,
      entries: TOLD_ENTRIES,
    })),
    state: own(bpf.createMap({
      name: "sluice_unheard",
      type: BPF_MAP_TYPE.ARRAY,
      keyBytes: 4,
      valueBytes: DEEDS_STATE.bytes,
      entries: 1,
    })),
  };
}

function* findRoutes(libc: Libc): Generator<void, RouteRanges> {
  const symbols = new KernelSymbols(ROUTE_NAMES);
  const file = { path: SYMBOLS_PATH, pieceBytes: PIECE_BYTES };
  for (const piece of readPieces(libc, file)) {
    symbols.take(piece);
    yield;
  }
  checkRanges(symbols.ranges);
  return symbols.ranges;
}

/** Without these functions the program would let every way pass in silence. */
function checkRanges(ranges: RouteRanges): void {
  const isThere = (name: string) => (ranges.get(name) ?? []).length > 0;
  const missing = [
    ["proc_pid_cmdline_read"],
    ["__access_remote_vm", "access_remote_vm"],
    ["process_vm_rw*"],
  ].find((names) => !names.some(isThere));
  if (missing === undefined) return;
  throw unavailable(`its symbols have no "${missing.join('" and no "')}"`);
}

/** @param why Goes on after "this kernel does not let them". */
export function unavailable(why: string, cause?: unknown): AgentError {
  return new AgentError("bpf_unavailable", {
    what: "Cannot load the programs that watch rights",
    why: `this kernel does not let them, ${why}`,
    hint: "Take sudo away from the build",
    cause,
  });
}
