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
const STAT = { state: 0, parentPid: 1, threads: 17, startTicks: 19 } as const;

/** A compiler's command line has thousands; the first ones tell what it is. */
export const MAX_ARGUMENTS = 64;
/** Of each; a script given by `-c` can have any length. */
export const MAX_ARGUMENT_BYTES = 1024;

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
  /** Those that live; the first one counts until all others have ended. */
  readonly threads: number;
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
  const threads = parseCount(fields[STAT.threads]);
  const startTicks = parseCount(fields[STAT.startTicks]);
  const state = fields[STAT.state]!;
  if (pid < 0) return refuse("has no pid");
  if (!/^[A-Za-z]$/.test(state)) return refuse("has no state");
  if (parentPid < 0) return refuse("has no parent");
  if (threads < 0) return refuse("has no threads");
  if (startTicks < 0) return refuse("has no start");
  const command = UTF8.decode(text.subarray(open + 1, close));
  return {
    ok: true,
    value: { pid, command, state, parentPid, threads, startTicks },
  };
}

/**
 * Decodes /proc/<pid>/cmdline, bounded so that a journal stays readable.
 *
 * @param bytes The file, or as much of it as was read.
 * @returns The arguments in lossy UTF-8. An argument over 1024 bytes ends in
 * `…[+N bytes]`; after 64 arguments the last element is `…[+N arguments]`.
 */
export function decodeArguments(bytes: Uint8Array): readonly string[] {
  if (bytes.length <= MAX_ARGUMENT_BYTES) {
    const few = splitArguments(bytes);
    if (few.length <= MAX_ARGUMENTS) return few;
  }
  const found: { start: Uint8Array; bytes: number }[] = [];
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    const nul = bytes.indexOf(CODE_NUL, at);
    // A process that rewrote its command line may leave out the last NUL.
    const end = nul < 0 ? bytes.length : nul;
    if (count < MAX_ARGUMENTS) {
      found.push({ start: bytes.subarray(at, end), bytes: end - at });
    }
    at = end + 1;
  }
  return describeArguments(found, count);
}

/**
 * Writes an argument vector as {@linkcode decodeArguments} does, when not all
 * of it was kept.
 *
 * @param first The first 64, or fewer: `start` is all of the argument or its
 * first 1025 bytes, `bytes` how long it is.
 * @param count How many there are.
 */
export function describeArguments(
  first: readonly { readonly start: Uint8Array; readonly bytes: number }[],
  count: number,
): readonly string[] {
  const args = first.map(decodeArgument);
  if (count > first.length) args.push(`…[+${count - first.length} arguments]`);
  return args;
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

/**
 * Finds the real user in /proc/<pid>/status.
 *
 * The name stands in front and cannot hold a line feed there.
 *
 * @param text The file, or as much of it as was read.
 */
export function decodeRealUser(text: Uint8Array): number | null {
  const found = /^Uid:\t(\d{1,10})\t/m.exec(UTF8.decode(text));
  return found === null ? null : Number(found[1]);
}

/**
 * The number of a namespace, as its link under /proc/<pid>/ns names it.
 *
 * @param link Such as `net:[4026531833]`.
 */
export function decodeNamespace(link: Uint8Array): number | null {
  const found = /^[a-z_]+:\[(\d{1,10})\]$/.exec(UTF8.decode(link));
  return found === null ? null : Number(found[1]);
}

/** All at once, which is several times as fast: for those nearly all have. */
function splitArguments(bytes: Uint8Array): readonly string[] {
  if (bytes.length === 0) return [];
  // A NUL ends a character that is not complete, as the end of an array does.
  const text = UTF8.decode(bytes);
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

function decodeArgument(
  { start, bytes }: { readonly start: Uint8Array; readonly bytes: number },
): string {
  if (bytes <= MAX_ARGUMENT_BYTES) return UTF8.decode(start);
  let cut = MAX_ARGUMENT_BYTES;
  // Not inside a character: three bytes at most follow its first.
  for (let back = 0; back < 3 && (start[cut]! & 0xc0) === 0x80; back++) cut--;
  const text = UTF8.decode(start.subarray(0, cut));
  return `${text}…[+${bytes - cut} bytes]`;
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
