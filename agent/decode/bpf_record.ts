/**
 * Records of our own BPF programs; the strings in them are of processes.
 *
 * All integers are little-endian, as in the memory of the CPUs we run on.
 *
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { decodeArguments } from "./proc.ts";
import type { ExecRecord, ProcessRecord } from "./process_record.ts";

/** What all records begin with; fork and exit have no more. */
const HEADER = {
  kind: 0,
  pid: 4,
  start: 8,
  at: 16,
  parentOrStatus: 24,
  uid: 28,
  end: 32,
} as const;

/** What the record of an exec has behind that. */
const EXEC = {
  netNamespace: 32,
  flags: 36,
  cgroup: 40,
  exeBytes: 48,
  directoryBytes: 52,
  argumentBytes: 56,
  environmentBytes: 60,
  argumentTotal: 64,
  environmentTotal: 68,
  programInode: 72,
  programDevice: 80,
  end: 88,
} as const;

const KIND = { fork: 1, exec: 2, exit: 3 } as const;

const FLAG = {
  exeWhole: 1,
  exeDeleted: 2,
  directoryWhole: 4,
  environment: 8,
} as const;

/** A status as wait(2) gives it, <bits/waitstatus.h>. */
const SIGNAL_MASK = 0x7f;

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** 2^32 = 4,294,967 * 1000 + 296 */
const HIGH = { thousands: 4_294_967, rest: 296 } as const;

/**
 * Reads nanoseconds as whole microseconds, which a number holds exactly for
 * 285 years; without a bigint, of which there would be two in each record.
 */
export function microsecondsAt(view: DataView, at: number): number {
  const low = view.getUint32(at, true);
  const high = view.getUint32(at + 4, true);
  return high * HIGH.thousands + Math.floor((high * HIGH.rest + low) / 1000);
}

/**
 * Decodes one record.
 *
 * @returns The record, or why the bytes were refused.
 */
export function decodeBpfRecord(bytes: Uint8Array): Decoded<ProcessRecord> {
  if (bytes.length < HEADER.end) return refuse("is cut in its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = view.getUint32(HEADER.kind, true);
  const process = {
    pid: view.getUint32(HEADER.pid, true),
    startUs: microsecondsAt(view, HEADER.start),
    atUs: microsecondsAt(view, HEADER.at),
  };
  if (kind === KIND.exec) return decodeExec({ bytes, view, process });
  if (bytes.length !== HEADER.end) return refuse("is too long");
  const last = view.getUint32(HEADER.parentOrStatus, true);
  if (kind === KIND.fork) {
    return { ok: true, value: { kind: "fork", ...process, parentPid: last } };
  }
  if (kind !== KIND.exit) return refuse(`is of kind ${kind}`);
  const signal = last & SIGNAL_MASK;
  return {
    ok: true,
    value: {
      kind: "exit",
      ...process,
      exitCode: signal === 0 ? last >>> 8 & 0xff : null,
      signal: signal === 0 ? null : signal,
    },
  };
}

function decodeExec(parts: {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly process: Pick<ExecRecord, "pid" | "startUs" | "atUs">;
}): Decoded<ProcessRecord> {
  const { bytes, view, process } = parts;
  if (bytes.length < EXEC.end) return refuse("is cut in its header");
  const flags = view.getUint32(EXEC.flags, true);
  let at: number = EXEC.end;
  const take = (field: number) => {
    const start = at;
    at += view.getUint32(field, true);
    return bytes.subarray(start, at);
  };
  const exe = take(EXEC.exeBytes);
  const directory = take(EXEC.directoryBytes);
  const args = take(EXEC.argumentBytes);
  const environment = take(EXEC.environmentBytes);
  if (at !== bytes.length) return refuse("is not as long as its parts");
  const path = (flags & FLAG.exeWhole) === 0 ? null : decodePath(exe);
  const deleted = path !== null && (flags & FLAG.exeDeleted) !== 0;
  return {
    ok: true,
    value: {
      kind: "exec",
      ...process,
      parentPid: view.getUint32(HEADER.parentOrStatus, true),
      uid: view.getUint32(HEADER.uid, true),
      exe: deleted ? `${path} (deleted)` : path,
      args: decodeStrings(args, view.getUint32(EXEC.argumentTotal, true)),
      cwd: (flags & FLAG.directoryWhole) === 0 ? null : decodePath(directory),
      netNamespace: view.getUint32(EXEC.netNamespace, true),
      environment: (flags & FLAG.environment) === 0
        ? null
        : splitStrings(environment),
      program: decodeProgram(view),
    },
  };
}

/** Device numbers in the kernel have 20 bits for the minor one. */
function decodeProgram(view: DataView): string | null {
  const inode = view.getBigUint64(EXEC.programInode, true);
  const device = view.getUint32(EXEC.programDevice, true);
  if (inode === 0n) return null;
  return `${device >>> 20}:${device & 0xf_ffff} ${inode}`;
}

/** Names from the last to the first, a NUL behind each. */
function decodePath(bytes: Uint8Array): string {
  return "/" + splitStrings(bytes).reverse().join("/");
}

/** The arguments, with what was left out behind them. */
function decodeStrings(bytes: Uint8Array, total: number): readonly string[] {
  const found = decodeArguments(bytes);
  const missing = total - bytes.length;
  return missing > 0 ? [...found, `…[+${missing} bytes]`] : found;
}

/** Strings that each end in a NUL; the last one may lack it. */
function splitStrings(bytes: Uint8Array): string[] {
  if (bytes.length === 0) return [];
  const text = UTF8.decode(bytes);
  // One call for all of them, and not one for each, takes half the time. A NUL
  // ends a character that is not complete, as the end of the bytes does.
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `process record ${why}` };
}
