/**
 * What stands above a process that looks like a runner's.
 *
 * @module
 */
import { isLauncher } from "./runner_program.ts";

const MAX_ABOVE = 32;

interface Kin {
  readonly parentPid: number;
}

/** What stands above a process, as the kernel has seen it being made. */
export interface Standing {
  /** Whether it descends from a worker. */
  readonly isInTree: boolean;
  /** The parent first; the same pid is the same process while that lives. */
  readonly above: readonly number[];
  /** Those of them that are {@link isLauncher}, up to the first that is not. */
  readonly launchers: readonly number[];
  /**
   * Whether init has made it, or a launcher of its install above it, since the
   * arming: what was there before can have been given to init.
   */
  readonly isStarted: boolean;
}

/** Only root, that is init at root's word, puts a process there. */
export function isService(cgroup: string | null): boolean {
  return cgroup !== null && /^\/system\.slice\/.*\.service$/.test(cgroup);
}

/** The scripts right above a listener; whoever is above them can start more. */
export function launchersOf(
  above: readonly number[],
  argsOf: (pid: number) => readonly string[],
): readonly number[] {
  const end = above.findIndex((pid) => !isLauncher(argsOf(pid)));
  return end < 0 ? above : above.slice(0, end);
}

/** Who is above a process now, the parent first. */
export function aboveOf(
  process: Kin,
  byPid: ReadonlyMap<number, Kin>,
): number[] {
  const above: number[] = [];
  let { parentPid } = process;
  while (parentPid > 0 && above.length < MAX_ABOVE) {
    above.push(parentPid);
    parentPid = byPid.get(parentPid)?.parentPid ?? 0;
  }
  return above;
}
