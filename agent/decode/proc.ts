/**
 * Files of /proc/<pid>, whose contents the process itself can shape.
 *
 * @see proc_pid_stat(5), proc_pid_cmdline(5), cgroups(7)
 * @module
 */
import type { Decoded } from "./bytes.ts";

const CODE_NUL = 0;
const CODE_OPEN = "(".charCodeAt(0);
const CODE_CLOSE = ")".charCodeAt(0);

/** Fields after the name, counted from the state, proc_pid_stat(5). */
const STAT = { state: 0, parentPid: 1, startTicks: 19 } as const;

/** A compiler's command line has thousands; the first ones tell what it is. */
const MAX_ARGUMENTS = 64;
const MAX_ARGUMENT_BYTES = 1024;

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** What /proc/<pid>/stat says of a process. */
export interface ProcStat {
  /** In the pid namespace of the /proc that was read. */
  readonly pid: number;
  /** The name, at most 15 bytes, chosen by the process; lossy UTF-8. */
  readonly command: string;
  /** `R` running, `S` sleeping, `Z` ended and not yet waited for, and others. */
  readonly state: string;
  /** 0 for the first process of a pid namespace. */
  readonly parentPid: number;
  /**
   * Clock ticks from boot to the start of the process: together with the pid
   * it tells a process from a later one that got the same pid.
   */
  readonly startTicks: number;
}

/**
 * Decodes /proc/<pid>/stat.
 *
 * The name stands in parentheses and may hold parentheses, spaces and line
 * feeds. No later field does, so the last closing one is where it ends.
 *
 * @param text The whole file.
 * @returns The fields, or why the bytes were refused.
 */
export function decodeProcStat(text: Uint8Array): Decoded<ProcStat> {
  const open = text.indexOf(CODE_OPEN);
  const close = text.lastIndexOf(CODE_CLOSE);
  if (open < 0 || close < open) return refuse("has no name");
  const pid = parseCount(UTF8.decode(text.subarray(0, open)).trimEnd());
  const fields = UTF8.decode(text.subarray(close + 1)).trim().split(" ");
  const parentPid = parseCount(fields[STAT.parentPid]);
  const startTicks = parseCount(fields[STAT.startTicks]);
  const state = fields[STAT.state]!;
  if (pid < 0) return refuse("has no pid");
  if (!/^[A-Za-z]$/.test(state)) return refuse("has no state");
  if (parentPid < 0) return refuse("has no parent");
  if (startTicks < 0) return refuse("has no start");
  const command = UTF8.decode(text.subarray(open + 1, close));
  return { ok: true, value: { pid, command, state, parentPid, startTicks } };
}

/**
 * Decodes /proc/<pid>/cmdline, bounded so that a journal stays readable.
 *
 * @param bytes The file, or as much of it as was read.
 * @returns The arguments in lossy UTF-8. An argument over 1024 bytes ends in
 * `…[+N bytes]`; after 64 arguments the last element is `…[+N arguments]`.
 */
export function decodeArguments(bytes: Uint8Array): readonly string[] {
  const found: string[] = [];
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    const nul = bytes.indexOf(CODE_NUL, at);
    // A process that rewrote its command line may leave out the last NUL.
    const end = nul < 0 ? bytes.length : nul;
    if (count < MAX_ARGUMENTS) {
      found.push(decodeArgument(bytes.subarray(at, end)));
    }
    at = end + 1;
  }
  if (count > MAX_ARGUMENTS) {
    found.push(`…[+${count - MAX_ARGUMENTS} arguments]`);
  }
  return found;
}

/**
 * Finds the cgroup v2 path in /proc/<pid>/cgroup.
 *
 * @param text The whole file; lines of cgroup v1 may stand in front.
 * @returns The path from the root of the hierarchy, `/` first, or null when
 * there is no `0::` line.
 */
export function decodeUnifiedCgroup(text: Uint8Array): string | null {
  for (const line of UTF8.decode(text).split("\n")) {
    if (line.startsWith("0::/")) return line.slice(3);
  }
  return null;
}

function decodeArgument(bytes: Uint8Array): string {
  if (bytes.length <= MAX_ARGUMENT_BYTES) return UTF8.decode(bytes);
  let cut = MAX_ARGUMENT_BYTES;
  // Not inside a character: three bytes at most follow its first.
  for (let back = 0; back < 3 && (bytes[cut]! & 0xc0) === 0x80; back++) cut--;
  const text = UTF8.decode(bytes.subarray(0, cut));
  return `${text}…[+${bytes.length - cut} bytes]`;
}

/** A count in decimal digits that a number holds exactly, or -1. */
function parseCount(text: string | undefined): number {
  if (text === undefined || !/^[0-9]{1,16}$/.test(text)) return -1;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : -1;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `proc stat ${why}` };
}
