/**
 * What bpf(2) is told of maps and programs.
 *
 * @see <linux/bpf.h>
 * @module
 */

/** <asm/unistd.h> */
export const NR_BPF = Deno.build.arch === "aarch64" ? 280n : 321n;

/** sizeof(union bpf_attr) of Linux 5.15; what is behind it is zero. */
export const ATTRIBUTE_BYTES = 144;

/** enum bpf_cmd */
export const BPF = {
  MAP_CREATE: 0,
  MAP_LOOKUP_ELEM: 1,
  MAP_UPDATE_ELEM: 2,
  PROG_LOAD: 5,
  OBJ_GET_INFO_BY_FD: 15,
  RAW_TRACEPOINT_OPEN: 17,
  LINK_CREATE: 28,
  ITER_CREATE: 33,
} as const;

/** enum bpf_map_type */
export const BPF_MAP_TYPE = {
  HASH: 1,
  ARRAY: 2,
  LRU_HASH: 9,
  RINGBUF: 27,
} as const;

/** Flags of updates. */
export const BPF_FLAG = {
  /** For an update: make it, and leave what is there. */
  NOEXIST: 1,
  /** For an update: change it, and do not make one. */
  EXIST: 2,
} as const;

/** Of enum bpf_prog_type. */
export const BPF_PROG_TYPE_TRACING = 26;

/** enum bpf_attach_type: what a program is for. */
export const BPF_ATTACH_TYPE = { TRACE_RAW_TP: 23, TRACE_ITER: 28 } as const;

/** What a map is to be. */
export interface BpfMapShape {
  /** Of {@linkcode BPF_MAP_TYPE}. */
  readonly type: number;
  /** 4 for an array, 0 for a ring buffer. */
  readonly keyBytes: number;
  /** 0 for a ring buffer. */
  readonly valueBytes: number;
  /** For a ring buffer its size in bytes, a power of two and of pages. */
  readonly entries: number;
  /** Shown by tools; at most 15 letters, digits and underscores. */
  readonly name: string;
}

/** struct bpf_prog_info: how often a program was not run that should have been. */
export const PROGRAM_INFO = { misses: 208, bytes: 216 } as const;

/** A program of the tracing kind. */
export interface BpfProgram {
  /** Whole instructions, 8 bytes each. */
  readonly code: Uint8Array;
  /** Of {@linkcode BPF_ATTACH_TYPE}. */
  readonly attachType: number;
  /** Of what it is attached to, in the kernel's own types. */
  readonly typeId: number;
  /** As in {@linkcode BpfMapShape}. */
  readonly name: string;
}
