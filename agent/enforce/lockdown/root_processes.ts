/**
 * Processes that are root's because the user has started them before.
 *
 * @module
 */
import { lineOf, processesHere } from "./processes_here.ts";
import type { Libc } from "../../../ffi/libc.ts";

/** @returns A sentence for each: what runs already is not taken away. */
export function findRootProcesses(libc: Libc, uid: number): string[] {
  const processes = processesHere(libc);
  // sudo has started us for the user as well, and ends with us.
  const ours = new Set(lineOf(processes, libc.symbols.getpid()));
  return [...processes.values()].filter((one) =>
    one.state !== "Z" && !ours.has(one) && one.uids.includes(0) &&
    lineOf(processes, one.pid).some(({ uids }) => uids.includes(uid))
  ).map(({ pid, name }) =>
    `process ${pid}, ${JSON.stringify(name)}, is root's by the job's user`
  );
}
