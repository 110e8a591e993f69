/**
 * Who began a process, as far as it still lives.
 *
 * @module
 */
import { decodeProcStat } from "../decode/proc.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { readFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** The pid of its parent; 0 when it has ended. */
export function parentPidOf(libc: Libc, pid: number): number {
  try {
    const stat = decodeProcStat(readFile(libc, `/proc/${pid}/stat`));
    return stat.ok ? stat.value.parentPid : 0;
  } catch (error) {
    if (error instanceof SystemCallError) return 0;
    throw error;
  }
}
