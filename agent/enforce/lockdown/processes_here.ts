/**
 * The processes that see the same files as we do.
 *
 * @module
 */
import { decodeProcStatus, type ProcStatus } from "../../decode/proc_status.ts";
import { idBehind, readDirectory } from "../../../ffi/directories.ts";
import { tryReadText } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";

/** Those on our root, by their ids; containers and the like have another. */
export function processesHere(libc: Libc): Map<number, ProcStatus> {
  const root = idBehind(libc, "/proc/self/root");
  const pids = (readDirectory(libc, "/proc") ?? []).filter((pid) =>
    /^\d+$/.test(pid) && idBehind(libc, `/proc/${pid}/root`) === root
  );
  return new Map(pids.flatMap((pid) => {
    const text = tryReadText(libc, `/proc/${pid}/status`) ?? "";
    const status = decodeProcStatus(text);
    return status.ok ? [[Number(pid), status.value]] : [];
  }));
}

/** A process and those it comes from, as far as they are among some. */
export function lineOf(
  processes: ReadonlyMap<number, ProcStatus>,
  pid: number,
): ProcStatus[] {
  const line: ProcStatus[] = [];
  let one = processes.get(pid);
  while (one !== undefined && !line.includes(one)) {
    line.push(one);
    one = processes.get(one.parentPid);
  }
  return line;
}
