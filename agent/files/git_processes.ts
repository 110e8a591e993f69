/**
 * Which processes are git, at work for a step itself and not for a build tool.
 *
 * @module
 */
import { Programs as ProgramFiles } from "../observe/programs.ts";
import type { ExecRecord, ProcessKey } from "../decode/process_record.ts";
import type { ProcessAct, TreeProcess } from "../processes/process_tree.ts";
import type { ProcessWorld } from "../processes/process_world.ts";
import type { Program } from "../processes/programs.ts";
import { bytePathOf } from "../../ffi/byte_path.ts";
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import { ownership } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { tryLook } from "./learning.ts";
import { microseconds } from "./stamp.ts";

/** git, and what it consists of. */
const GIT =
  /^\/(?:.*\/)?(?:git|git-lfs|git-core\/git[a-z-]*|git-remote-[a-z]+)$/;
const SHELL = /^\/(?:.*\/)?(?:(?:ba|da|z|k|a|mk)?sh|busybox)$/;
/** Where a package manager may put one while the guard is there. */
const USUAL_GIT = /^\/usr\/(?:bin|lib(?:exec)?\/git-core)\//;
/** Those of its parts that are scripts. */
const GIT_SCRIPT = /^\/usr\/lib(?:exec)?\/git-core\/git-[a-z-]+$/;
/** What executes another program in its own place. */
const WRAPPER = /^\/(?:.*\/)?(?:env|sudo|nice|nohup|time|timeout)$/;
/** The runner's own, which runs an action: `externals/node24/bin/node`. */
const RUNNER_NODE = /\/externals\/node[0-9]+[a-z_]*\/bin\/node$/;
/** Who is above the shell of somebody at a terminal. */
const ABOVE_ALL =
  /^\/(?:.*\/)?(?:sshd(?:-session)?|login|su|sudo|tmux|screen|systemd|init)$/;
/** What a git did is heard of within this time after it has ended. */
const RECENT_MS = 100;
/** They may have ended before anybody heard of what they did. */
const MAX_ENDED = 256;

/** One git. */
export interface Git {
  /** When it was executed, in microseconds from boot. */
  readonly fromUs: number;
  /** The git above it that no other git started; itself where there is none. */
  readonly family: number;
  /** Whether it is there to run a command in each submodule. */
  readonly isForEach: boolean;
}

interface EndedGit {
  readonly git: Git;
  readonly endedAtMs: number;
}

/** Knows them from when they are executed until they end. */
export class GitProcesses {
  readonly #world: Pick<ProcessWorld, "libc" | "programs" | "catchUp">;
  readonly #armedUs: number;
  readonly #files = new Map<string, ProgramFiles>();
  readonly #gits = new Map<number, Git>();
  /**
   * What git was told to run, by a file in the work tree or a setting: hooks,
   * filters, aliases. Anybody can have put those there.
   */
  readonly #hooks = new Set<number>();
  /** The oldest first. */
  readonly #ended = new Map<number, EndedGit>();

  /** @param world Lent. */
  constructor(world: Pick<ProcessWorld, "libc" | "programs" | "catchUp">) {
    this.#world = world;
    this.#armedUs = readClockUs(world.libc, CLOCK.REALTIME);
  }

  /** Hears what a process did, after the tree. */
  hear(act: ProcessAct, process: TreeProcess): void {
    const { pid } = act;
    if (act.kind !== "exit") this.#ended.delete(pid);
    switch (act.kind) {
      case "fork": {
        // It is still the same program, at work for its parent.
        const parent = this.#gits.get(act.parentPid);
        if (parent === undefined) this.#gits.delete(pid);
        else this.#gits.set(pid, parent);
        if (this.#hooks.has(act.parentPid)) this.#hooks.add(pid);
        else this.#hooks.delete(pid);
        return;
      }
      case "exec":
        return this.#execute(act, process);
      case "exit": {
        this.#hooks.delete(pid);
        const git = this.#gits.get(pid);
        if (git === undefined) return;
        this.#gits.delete(pid);
        this.#ended.set(pid, { git, endedAtMs: performance.now() });
        if (this.#ended.size > MAX_ENDED) {
          this.#ended.delete(this.#ended.keys().next().value!);
        }
        return;
      }
    }
  }

  /** The git that a process is, or was a moment ago; null for any other. */
  find(pid: number): Git | null {
    return this.#gits.get(pid) ?? this.#ended.get(pid)?.git ?? null;
  }

  /**
   * A git that was at work a moment ago, for a change of which nobody knows who
   * has made it.
   */
  some(nowMs: number): Git | null {
    for (const git of this.#gits.values()) return git;
    const last = [...this.#ended.values()].at(-1);
    const isRecent = last !== undefined && nowMs - last.endedAtMs < RECENT_MS;
    return isRecent ? last.git : null;
  }

  /** inotify does not say who it was: then what came of it has to do. */
  findBy(pid: number | null, nowMs: number): Git | null {
    return pid === null ? this.some(nowMs) : this.find(pid);
  }

  /** The same, also for one that was executed a moment ago. */
  findLate(pid: number | null, nowMs: number): Git | null {
    const known = this.findBy(pid, nowMs);
    if (known !== null) return known;
    this.#world.catchUp();
    return this.findBy(pid, nowMs);
  }

  /** Whether one of a family is still at work. */
  isAlive(family: number): boolean {
    if (this.#gits.has(family)) return true;
    return [...this.#gits.values()].some((git) => git.family === family);
  }

  #execute({ pid, atUs }: ExecRecord, process: TreeProcess): void {
    const above = this.#gits.get(pid);
    this.#gits.delete(pid);
    if (above !== undefined && isHook(process, above)) this.#hooks.add(pid);
    if (this.#hooks.has(pid)) return;
    if (process.exe === null || !GIT.test(process.exe)) return;
    const isOfStep = isPlainSince(this.#before(process)) &&
      isBelowPlain(process);
    if (!isOfStep || !this.#isGenuine(process)) return;
    this.#gits.set(pid, {
      ...{ fromUs: atUs, family: familyOf(process) },
      isForEach: isForEach(process.args),
    });
  }

  /** Whoever was another program before may have written as that one. */
  #before(process: TreeProcess): Program | null {
    const { programs } = this.#world;
    const now = programs.find(process.pid, { atUs: Infinity, now: process });
    return now?.before ?? null;
  }

  /** What it has executed is git, and nobody but root could have changed it. */
  #isGenuine({ exe, program }: TreeProcess): boolean {
    const path = exe!;
    const { libc } = this.#world;
    let files = this.#files.get(path);
    if (files === undefined) {
      files = new ProgramFiles(libc, new Set([path]));
      this.#files.set(path, files);
    }
    return files.isExecuted(path, program) && isOfRoot(libc, path) &&
      (USUAL_GIT.test(path) || isOlder(libc, path, this.#armedUs));
  }
}

/** Whether a program only does what its arguments say, or is git. */
export function isPlain(exe: string): boolean {
  return GIT.test(exe) || SHELL.test(exe) || WRAPPER.test(exe);
}

/** Whether only root can put another file at a path. */
function isOfRoot(libc: Libc, path: string): boolean {
  try {
    for (let each = path; each !== "";) {
      const { uid, isShared } = ownership(libc, each);
      if (uid !== 0 || isShared) return false;
      each = each.slice(0, each.lastIndexOf("/"));
    }
    return true;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  }
}

/** Root may put another program of that name before git in everybody's PATH. */
function isOlder(libc: Libc, path: string, thanUs: number): boolean {
  const look = tryLook(libc, bytePathOf(path));
  if (look === null) return false;
  return microseconds(look.ctimeSeconds, look.ctimeNanoseconds) < thanUs;
}

function isPlainSince(program: Program | null): boolean {
  for (let each = program; each !== null; each = each.before) {
    if (each.isForked) return true;
    if (each.exe === null || !isPlain(each.exe)) return false;
  }
  return true;
}

/** Whether git runs something that is no part of itself. */
function isHook({ exe, args }: TreeProcess, above: Git): boolean {
  // A hook can be a link to git, which goes by the name that it is called by.
  const name = args[0]?.slice(args[0].lastIndexOf("/") + 1) ?? "";
  if (exe !== null && GIT.test(exe)) return !name.startsWith("git");
  return !above.isForEach && !GIT_SCRIPT.test(args[1] ?? "");
}

/** `git submodule foreach` runs what it is given by whoever calls it. */
function isForEach(args: readonly string[]): boolean {
  return args[1] === "submodule--helper" && args[2] === "foreach";
}

/** Whether nothing but shells and git is between it and its step. */
function isBelowPlain(
  { pid, root, above }: Pick<TreeProcess, "pid" | "above"> & {
    readonly root: ProcessKey | null;
  },
): boolean {
  if (root?.pid === pid) return true;
  for (const each of above) {
    const { exe } = each;
    if (exe === null) return false;
    if (each.pid === root?.pid) return isPlain(exe) || RUNNER_NODE.test(exe);
    if (isPlain(exe)) continue;
    return root === null && ABOVE_ALL.test(exe);
  }
  return false;
}

function familyOf({ pid, above }: TreeProcess): number {
  let family = pid;
  for (const each of above) {
    if (each.exe === null || !isPlain(each.exe)) break;
    if (GIT.test(each.exe)) family = each.pid;
  }
  return family;
}
