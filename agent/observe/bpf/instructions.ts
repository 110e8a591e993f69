/**
 * The BPF instructions that the programs are made of, by their codes.
 *
 * @see Documentation/bpf/standardization/instruction-set.rst, <linux/bpf.h>
 * @module
 */

/** r0 holds results, r1 to r5 arguments; r6 to r9 survive calls; fp is r10. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** The stack's end: everything lies at negative offsets from it. */
export const FP: Register = 10;

/** Helpers by their numbers, enum bpf_func_id; all are in Linux 5.15. */
export const HELPER = {
  map_lookup_elem: 1,
  map_update_elem: 2,
  map_delete_elem: 3,
  get_smp_processor_id: 8,
  get_current_pid_tgid: 14,
  get_current_uid_gid: 15,
  get_current_task: 35,
  get_stack: 67,
  get_current_cgroup_id: 80,
  send_signal: 109,
  probe_read_user: 112,
  probe_read_kernel: 113,
  probe_read_user_str: 114,
  probe_read_kernel_str: 115,
  ktime_get_boot_ns: 125,
  seq_write: 127,
  ringbuf_output: 130,
  ringbuf_query: 134,
  get_current_task_btf: 158,
} as const;

/** Widths of loads and stores in bytes. */
export const SIZE_CODE = { 4: 0x00, 8: 0x18 } as const;

/** How many bytes a load or store moves. */
export type Width = keyof typeof SIZE_CODE;

/** Operations of 64 bits with a number. */
export const ALU = {
  add: 0x07,
  subtract: 0x17,
  multiply: 0x27,
  or: 0x47,
  and: 0x57,
  shiftLeft: 0x67,
  shiftRight: 0x77,
  move: 0xb7,
} as const;

/** Jumps that compare 64 bits with a number. */
export const JUMP = {
  always: 0x05,
  equal: 0x15,
  greater: 0x25,
  greaterOrEqual: 0x35,
  notEqual: 0x55,
  signedGreater: 0x65,
  less: 0xa5,
  lessOrEqual: 0xb5,
  signedLess: 0xc5,
} as const;

/** An operation on a register of 64 bits. */
export type Operation = keyof typeof ALU;
/** When a jump is taken; `greater` and `less` compare without a sign. */
export type Condition = Exclude<keyof typeof JUMP, "always">;

/** Added to an operation or a jump whose operand is a register. */
export const FROM_REGISTER = 0x08;

/** Everything else; those in memory without their width. */
export const CODE = {
  load: 0x61,
  storeNumber: 0x62,
  storeRegister: 0x63,
  atomicAdd: 0xc3,
  /** Of a number of 64 bits, in two places. */
  loadWide: 0x18,
  call: 0x85,
  exit: 0x95,
} as const;

/** As the source of a wide load: it is a map, by its descriptor. */
export const PSEUDO_MAP_FD = 1;
