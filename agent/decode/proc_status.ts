/**
 * Who a process is to the kernel, by /proc/<pid>/status.
 *
 * @see proc_pid_status(5)
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** What the file says, as far as it is about rights. */
export interface ProcStatus {
  /** Chosen by the process; a line's end and a backslash are written escaped. */
  readonly name: string;
  /** `R` running, `S` sleeping, `Z` ended and not yet waited for, and others. */
  readonly state: string;
  readonly pid: number;
  /** 0 for the first process of a pid namespace. */
  readonly parentPid: number;
  /** Real, effective, saved and of files. */
  readonly uids: readonly number[];
  /** As {@link uids}. */
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  /** Capabilities it may use at any time: bit N is that of number N. */
  readonly permitted: bigint;
}

/**
 * Decodes /proc/<pid>/status.
 *
 * @param text The file, at least to the end of its line `CapPrm`.
 */
export function decodeProcStatus(text: string): Decoded<ProcStatus> {
  const lines = text.split("\n");
  // What is behind the last line's end is no whole line.
  lines.pop();
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":\t");
    if (colon >= 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const of = (name: string) => fields.get(name) ?? "";
  const [pid, parentPid] = ["Pid", "PPid"].map((name) => numbersOf(of(name)));
  const [uids, gids] = ["Uid", "Gid"].map((name) => numbersOf(of(name)));
  const state = of("State").slice(0, 1);
  const permitted = /^[0-9a-f]{1,16}$/.exec(of("CapPrm"))?.[0];
  if (!fields.has("Name")) return refuse("has no name");
  if (!/^[A-Za-z]$/.test(state)) return refuse("has no state");
  if (pid?.length !== 1) return refuse("has no pid");
  if (parentPid?.length !== 1) return refuse("has no parent");
  if (uids?.length !== 4) return refuse("has no users");
  if (gids?.length !== 4) return refuse("has no group");
  if (!fields.has("Groups")) return refuse("has no groups");
  if (permitted === undefined) return refuse("has no capabilities");
  return {
    ok: true,
    value: {
      ...{ name: of("Name"), state, pid: pid[0]!, parentPid: parentPid[0]! },
      ...{ uids, gids, groups: numbersOf(of("Groups")) },
      permitted: BigInt(`0x${permitted}`),
    },
  };
}

function numbersOf(field: string): number[] {
  return (field.match(/\d{1,10}/g) ?? []).map(Number);
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `proc status ${why}` };
}
