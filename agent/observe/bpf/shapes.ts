/**
 * What the programs share with each other and with us: maps, values, limits.
 *
 * The layout of the records is decode/bpf_record.ts's; a number here that
 * differs from that one's makes a test fail.
 *
 * @module
 */

/** The maps by their descriptors. */
export interface ProcessMaps {
  /** Hash: pid to lineage entry. */
  readonly lineage: number;
  /** Array of 8 bytes, one value: the number of a socket that is looked for. */
  readonly wanted: number;
  /** Ring buffer of records. */
  readonly records: number;
  /** Array of `STATE.bytes`, one value: see {@linkcode STATE}. */
  readonly state: number;
  /** Array of `SCRATCH.bytes`, a value for each CPU. */
  readonly scratch: number;
}

/** An entry of the lineage map. */
export const ENTRY = {
  start: 0,
  rootStart: 8,
  pid: 16,
  parentPid: 20,
  rootPid: 24,
  role: 28,
  /** Inode and device of the file that was executed, as the kernel has them. */
  programInode: 32,
  programDevice: 40,
  bytes: 48,
} as const;

/**
 * The root of a process whose parent is not in the map, as there was no room
 * for it: of a tree, but of which one nobody knows any more.
 */
export const LOST_ROOT = 0xffff_ffff;

/** The one value of the state map. */
export const STATE = {
  /** Records that found no room. */
  lost: 0,
  /** Nanoseconds from boot, when the reader was last woken. */
  wokenAt: 8,
  /** Not 0 once every process that is older than the programs is entered. */
  isFilled: 16,
  bytes: 24,
} as const;

/** What all records begin with, and what fork and exit consist of. */
export const RECORD = {
  kind: 0,
  pid: 4,
  start: 8,
  at: 16,
  /** fork, exec: the parent's pid; exit: as wait(2) would tell it. */
  parentOrStatus: 24,
  /** exec only: the real user. */
  uid: 28,
  bytes: 32,
} as const;

/** What follows in the record of an exec, before its strings. */
export const EXEC = {
  netNamespace: 32,
  flags: 36,
  cgroup: 40,
  /** Bytes of each string section that are there, in their order. */
  exeBytes: 48,
  directoryBytes: 52,
  argumentBytes: 56,
  environmentBytes: 60,
  /** Bytes that there were. */
  argumentTotal: 64,
  environmentTotal: 68,
  /** Inode and device of the file that was executed, as the kernel has them. */
  programInode: 72,
  programDevice: 80,
  bytes: 88,
} as const;

/** Kinds of records. */
export const KIND = { fork: 1, exec: 2, exit: 3 } as const;

/** Flags of an exec's record. */
export const EXEC_FLAG = {
  /** The path of the executable is whole. */
  exeWhole: 1,
  /** The executable has no place in a directory any more. */
  exeDeleted: 2,
  /** The path of the working directory is whole. */
  directoryWhole: 4,
  /** The environment was asked for. */
  environment: 8,
} as const;

/** Limits, each so that the verifier can follow. */
export const LIMIT = {
  /** Of one path, without its last component. */
  pathBytes: 4096,
  /** Directories and mounts on the way to the root. */
  pathSteps: 48,
  /** NAME_MAX and its NUL. */
  componentBytes: 256,
  argumentBytes: 32_768,
  environmentBytes: 16_384,
  /** Of either when the ring buffer is half full: the tale goes on. */
  scarceBytes: 1024,
} as const;

/**
 * The scratch value: the record from its start on, and what the program counts
 * with. The verifier knows nothing of a number that it reads from a map, so
 * the turns of a loop look alike to it, and it need not follow each.
 */
export const SCRATCH = {
  /** Where the record starts. */
  record: 8,
  /** Bytes of the record so far; from the record's start. */
  written: -8,
  bytes: 65_536,
} as const;

/**
 * Of the ring buffer, all of it in memory: at 5,000 processes a second with
 * 200 bytes of arguments there is room for five seconds without a reader.
 */
export const RECORDS_BYTES = 1 << 23;

/** More processes at a time than a runner has; 112 bytes each. */
export const LINEAGE_ENTRIES = 1 << 16;

/**
 * The reader is woken no more often than this, unless it gets urgent: a
 * wake-up costs what the whole rest of a record does.
 */
export const WAKE_NANOSECONDS = 10_000_000;

/** This much in the ring buffer is urgent. */
export const URGENT_BYTES = RECORDS_BYTES / 8;
