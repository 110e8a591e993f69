/**
 * What a guard notes down, so that another process can find and undo it.
 *
 * @module
 */
import { decodeProcStat } from "./decode/proc.ts";
import type { TablesBefore } from "./enforce/firewall.ts";
import { AgentError } from "./errors.ts";
import { makeDirectories, ownership } from "../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../ffi/errors.ts";
import { readFile, readText, replaceFile } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { cString } from "../ffi/text.ts";

/** The file in a state directory. */
export const STATE_NAME = "guard.json";

/** One guard, armed or ended. */
export interface GuardState {
  readonly version: 1;
  readonly pid: number;
  /** Of the process, in clock ticks after boot: tells a reused pid apart. */
  readonly startTicks: number;
  readonly since: string;
  /** RFC 3339; null while it is armed, or when its agent was killed. */
  readonly stoppedAt: string | null;
  readonly egress: "audit" | "block";
  readonly onDenied: "fail" | "warn" | "ignore";
  /** Not in the state of an agent that watched no sources. */
  readonly onOverwritten?: "fail" | "warn" | "ignore";
  readonly netns: string | null;
  readonly journal: string;
  /** Device and inode of the journal: its path may lead elsewhere by now. */
  readonly journalId: string;
  /** What the agent found about itself, once it has ended. */
  readonly verdict?: {
    /** Whether something could have left because of somebody's doing. */
    readonly isTampered: boolean;
    /** Events that could not be written. */
    readonly lost: number;
  };
  /** Number of the slot, {@linkcode Slot}. */
  readonly slot: number;
  /** Path of the guarded command's cgroup; null for a host. */
  readonly cgroup: string | null;
  readonly tables: TablesBefore;
}

/**
 * Reads a state directory.
 *
 * @returns Null when no guard was ever there.
 * @throws {AgentError} `state_unusable`, also when somebody else could have
 * written it: undoing what it says would then be done at their word.
 */
export function readState(libc: Libc, directory: string): GuardState | null {
  const path = `${directory}/${STATE_NAME}`;
  const text = readIfThere(libc, path);
  if (text === null) return null;
  assertOwned(libc, directory);
  try {
    const state = JSON.parse(text);
    if (state?.version === 1) return state;
  } catch {
    // Told below.
  }
  throw new AgentError("state_unusable", {
    what: `Cannot read the state in "${path}"`,
    why: "it is not what this version wrote",
    hint: "Stop the guard with the version that started it, or remove the file",
  });
}

/** The state of a guard that this process arms. */
export function ownState(
  libc: Libc,
  of: Omit<GuardState, "version" | "pid" | "startTicks" | "stoppedAt">,
): GuardState {
  const pid = libc.symbols.getpid();
  const startTicks = startTicksOf(libc, pid)!;
  return { version: 1, pid, startTicks, stoppedAt: null, ...of };
}

/**
 * Writes a state as a whole.
 *
 * @param directory As {@linkcode makeStateDirectory} has made it.
 * @throws {AgentError} `state_unusable`.
 */
export function writeState(
  libc: Libc,
  directory: string,
  state: GuardState,
): void {
  orUnusable(directory, () => {
    replaceFile(libc, `${directory}/${STATE_NAME}`, JSON.stringify(state));
  });
}

/**
 * Makes a state directory that only its owner can read; one that is there
 * must be ours already.
 *
 * @throws {AgentError} `state_unusable`.
 */
export function makeStateDirectory(libc: Libc, directory: string): void {
  orUnusable(directory, () => makeDirectories(libc, directory, 0o700));
  assertOwned(libc, directory);
}

/** Removes a state's file, and the directory when nothing else is in it. */
export function removeState(libc: Libc, directory: string): void {
  libc.symbols.unlink(cString(`${directory}/${STATE_NAME}`));
  libc.symbols.rmdir(cString(directory));
}

function readIfThere(libc: Libc, path: string): string | null {
  try {
    return readText(libc, path);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    if (error.errno !== ERRNO.EACCES) return null;
    throw new AgentError("not_root", {
      what: `Cannot read the state in "${path}"`,
      why: "it is only for its owner, and this is somebody else",
      hint: "Run the same command with sudo",
      cause: error,
    });
  }
}

function assertOwned(libc: Libc, directory: string): void {
  const { uid, isShared } = orUnusable(
    directory,
    () => ownership(libc, directory),
  );
  if (uid === libc.symbols.geteuid() && !isShared) return;
  throw new AgentError("state_unusable", {
    what: `Cannot trust the state in "${directory}"`,
    why: isShared
      ? "others may write there, only root must"
      : `it belongs to user ${uid}, root must own it`,
    hint: "Name a directory of root's own with --state",
  });
}

function orUnusable<T>(directory: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw new AgentError("state_unusable", {
      what: `Cannot keep the state in "${directory}"`,
      why: error.message,
      hint: "Name a directory that root can write with --state",
      cause: error,
    });
  }
}

/** Whether the agent that wrote a state still runs. */
export function isAlive(libc: Libc, state: GuardState): boolean {
  return startTicksOf(libc, state.pid) === state.startTicks;
}

/** When a process was started, in clock ticks after boot; null when gone. */
export function startTicksOf(libc: Libc, pid: number): number | null {
  try {
    const stat = decodeProcStat(readFile(libc, `/proc/${pid}/stat`));
    // A zombie has ended; only its parent has not looked yet.
    return stat.ok && stat.value.state !== "Z" ? stat.value.startTicks : null;
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}
