/**
 * What the sources that ask /proc have in common.
 *
 * @module
 */
import type { Snapshot } from "./proc_snapshot.ts";
import type { Lineage } from "./process_source.ts";

/** Of a process that was gone. */
export const NOTHING: Snapshot = {
  uid: null,
  parentPid: null,
  exe: null,
  args: [],
  cwd: null,
};

/** Whether a process is at the top of its tree: the child of a worker. */
export function isRoot(lineage: Lineage, pid: number): boolean {
  return lineage.find(pid)?.root?.pid === pid;
}
