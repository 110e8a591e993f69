/**
 * What the programs that watch rights share: maps, records, codes.
 *
 * The decoder of the records is decode/privilege_record.ts; a number here that
 * differs from its own makes a test fail.
 *
 * @module
 */

/** The maps by their descriptors. */
export interface PrivilegeMaps {
  /** Hash: pid to lineage entry, with the role; kept by the process programs. */
  readonly lineage: number;
  /** Ring buffer of records. */
  readonly records: number;
  /** LRU hash of {@linkcode TOLD_KEY_BYTES}: what was told and need not be again. */
  readonly told: number;
  /** Array with one value of {@linkcode DEEDS_STATE}. */
  readonly state: number;
}

/** How the programs are to behave. */
export interface PrivilegeOptions {
  /** Whether those who reach for protected processes are killed. */
  readonly protects: boolean;
  /** The agent, who may read everybody. */
  readonly agentPid: number;
}

/** All records. */
export const DEED = {
  kind: 0,
  /** Who did it: thread group, and nanoseconds from boot to its start. */
  pid: 4,
  start: 8,
  /** Nanoseconds from boot. */
  at: 16,
  /** To whom; 0 for nobody. */
  targetPid: 24,
  flags: 28,
  targetStart: 32,
  /** By kind: a route, a signal, a call, or an address family. */
  detail: 40,
  /** By kind: a mode or request, or a port in network order. */
  extra: 44,
  /** By kind: an address, or a directory's descriptor. */
  more: 48,
  /** Where the text starts, and the whole of a record without one. */
  bytes: 64,
} as const;

/** The text of a record, with its NUL. */
export const DEED_TEXT_BYTES = 160;

/** Kinds of records. */
export const DEED_KIND = { memory: 1, signal: 2, call: 3, stdio: 4 } as const;

/** Flags of records. */
export const DEED_FLAG = {
  /** Whoever did it was killed before it had an effect. */
  denied: 1,
  /** It was done to the runner itself. */
  protected: 2,
  /** stdio: of the parent, not of the program itself. */
  ofParent: 4,
} as const;

/** Calls that are told of. */
export const CALL = {
  ptrace: 1,
  pidfdGetfd: 2,
  moduleLoad: 3,
  moduleUnload: 4,
  kexec: 5,
  mode: 6,
  capability: 7,
} as const;

/** Ways to another process's memory. */
export const ROUTE = {
  other: 1,
  mem: 2,
  environ: 3,
  vm: 4,
  ptrace: 5,
  mapFiles: 6,
} as const;

/** What the programs count. */
export const DEEDS_STATE = {
  /** Records that there was no room for. */
  lost: 0,
  bytes: 8,
} as const;

/** Of the told map: start of the doer, start of the target, detail. */
export const TOLD_KEY_BYTES = 24;
/** Of the told map. */
export const TOLD_ENTRIES = 4096;
/** Of the ring buffer: some two thousand acts without a reader. */
export const DEEDS_BYTES = 1 << 19;
