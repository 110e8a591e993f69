/**
 * Which processes are a runner's own: its listeners, its workers, and the
 * agents of the host it runs on.
 *
 * A step can call its programs whatever it likes, put a copy of the runner's
 * own anywhere, and make it a child of init. So a name is only the beginning:
 *
 * - Nothing that descends from a worker is ever a runner.
 * - A worker is a child of a listener of the same install, as the same user.
 * - A listener counts when it was there at the arming. Those that are younger
 *   than a worker with the same cgroup do not: a step that has let go of them
 *   stays in that cgroup.
 * - After that a listener counts in an install that was known, of the same
 *   user, below a script of the runner's that stood above the former one, or
 *   when init has made it, or such a script above it, for the same service.
 * - In an install that was not known, only the latter, before the first worker.
 * - The host's agents count in the same way, see {@link Runners}.
 *
 * What a step of before the arming has done with root's rights, moving itself
 * to another cgroup above all, is not seen through.
 *
 * @module
 */
import { ROLE } from "./process_source.ts";
import { type RunnerProgram, runnerProgram } from "./runner_program.ts";
import {
  aboveOf,
  isService,
  launchersOf,
  type Standing,
} from "./runner_standing.ts";

/** A process that executed something. */
export interface RunnerCandidate {
  readonly pid: number;
  readonly parentPid: number;
  readonly exe: string | null;
  readonly args: readonly string[];
  /** The real user. */
  readonly uid: number;
}

/** One that was there before. */
export interface FoundCandidate extends RunnerCandidate {
  /** Clock ticks from boot to its start. */
  readonly startTicks: number;
}

/** One that is believed. */
export interface RunnerProcess {
  readonly pid: number;
  /** One of {@linkcode ROLE}. */
  readonly role: number;
  /** Where the runner is installed; null for an agent of the host. */
  readonly root: string | null;
}

interface Member extends RunnerProcess {
  readonly program: RunnerProgram;
  readonly uid: number;
  readonly cgroup: string | null;
}

/** An install that was known before any step could have made one. */
interface Install {
  readonly uid: number;
  readonly cgroup: string | null;
  /** Scripts above its listener; what ends is taken out. */
  readonly launchers: Set<number>;
}

const INIT = 1;
/** From the host's agent over sudo, which can leave a process between. */
const MAX_PROVISION_DEPTH = 3;
const MAX_INSTALLS = 64;

/** Knows the runners of a host. */
export class Runners {
  readonly #cgroupOf: (pid: number) => string | null;
  readonly #members = new Map<number, Member>();
  readonly #installs = new Map<string, Install>();
  #hasWorked = false;

  /** @param cgroupOf The cgroup v2 path of a process; null when it is gone. */
  constructor(cgroupOf: (pid: number) => string | null) {
    this.#cgroupOf = cgroupOf;
  }

  /** Whether there was ever a listener. */
  get hasInstalls(): boolean {
    return this.#installs.size > 0;
  }

  /** The member that has a pid; null for everybody else. */
  find(pid: number): RunnerProcess | null {
    return this.#members.get(pid) ?? null;
  }

  /**
   * Takes in what was there before the guard.
   *
   * @returns The members among them, parents first.
   */
  meet(found: readonly FoundCandidate[]): readonly RunnerProcess[] {
    const byPid = new Map(found.map((process) => [process.pid, process]));
    /** Of those that are older than the one that is looked at. */
    const workerCgroups = new Set<string | null>();
    const ordered = found.map((process) => {
      const above = aboveOf(process, byPid);
      return { process, above };
    }).sort((left, right) =>
      left.process.startTicks - right.process.startTicks ||
      left.above.length - right.above.length
    );
    const members: Member[] = [];
    for (const { process, above } of ordered) {
      const program = runnerProgram(process.exe, process.args);
      if (program === null) continue;
      const isInTree = above.some((pid) => this.#isWorker(pid));
      const cgroup = this.#cgroupOf(process.pid);
      const launchers = launchersOf(above, (pid) => byPid.get(pid)?.args ?? []);
      const isLate = workerCgroups.has(cgroup);
      if (isInTree || (isLate && program.kind !== "worker")) continue;
      const member = this.#admit(process, {
        ...{ program, above, launchers, cgroup, isStarted: false },
      });
      if (member === null) continue;
      members.push(member);
      if (member.role === ROLE.WORKER) workerCgroups.add(cgroup);
    }
    this.#hasWorked = workerCgroups.size > 0;
    return members;
  }

  /**
   * Judges a process that has just executed a program.
   *
   * @returns Its role now; null when nothing changes.
   */
  judge(process: RunnerCandidate, standing: Standing): RunnerProcess | null {
    const { pid, exe, args } = process;
    const program = runnerProgram(exe, args);
    const former = this.#members.get(pid);
    this.#members.delete(pid);
    const none = former === undefined
      ? null
      : { pid, role: ROLE.PLAIN, root: null };
    if (program === null || standing.isInTree) return none;
    const cgroup = this.#cgroupOf(pid);
    const known = { ...standing, program, cgroup };
    if (!this.#isExpected(process, known)) return none;
    const member = this.#admit(process, known);
    if (member?.role === ROLE.WORKER) this.#hasWorked = true;
    return member ?? none;
  }

  /** A process has ended. */
  forget(pid: number): void {
    this.#members.delete(pid);
    for (const { launchers } of this.#installs.values()) launchers.delete(pid);
  }

  #isWorker(pid: number): boolean {
    return this.#members.get(pid)?.role === ROLE.WORKER;
  }

  #admit(process: RunnerCandidate, of: Known): Member | null {
    const { program, launchers, cgroup } = of;
    const { pid, uid } = process;
    if (!this.#fits(process, of)) return null;
    const root = "root" in program ? program.root : null;
    const role = program.kind === "worker" ? ROLE.WORKER : ROLE.RUNNER;
    const member: Member = { pid, role, root, program, uid, cgroup };
    this.#members.set(pid, member);
    const isNew = program.kind === "listener" && !this.#hasWorked;
    if (isNew && this.#installs.size < MAX_INSTALLS) {
      const own = new Set(launchers);
      this.#installs.set(program.root, { uid, cgroup, launchers: own });
    }
    return member;
  }

  /** Whether owner and ancestry are those that the program must have. */
  #fits(process: RunnerCandidate, { program, above }: Known): boolean {
    const { parentPid, uid } = process;
    const parent = this.#members.get(parentPid);
    switch (program.kind) {
      case "listener":
        return true;
      case "worker":
        return parent?.program.kind === "listener" &&
          parent.root === program.root && parent.uid === uid;
      case "host":
        return parentPid === INIT;
      case "provision":
        return uid === 0 &&
          above.slice(0, MAX_PROVISION_DEPTH).some((pid) =>
            this.#members.get(pid)?.program.kind === "host"
          );
      case "guest":
        return uid === 0 &&
          (parentPid === INIT || parent?.program.kind === "guest");
    }
  }

  /** After the arming: whether a step cannot have made it look so. */
  #isExpected(process: RunnerCandidate, of: Known): boolean {
    const { program, launchers, cgroup, isStarted } = of;
    switch (program.kind) {
      case "worker":
      case "provision":
        // Below a member, which is asked for anyway.
        return true;
      case "guest":
        return process.parentPid !== INIT || (isStarted && !this.#hasWorked);
      case "host":
        return isStarted && !this.#hasWorked;
      case "listener": {
        const install = this.#installs.get(program.root);
        const isOfInit = isStarted && isService(cgroup);
        if (install === undefined) return isOfInit && !this.#hasWorked;
        if (install.uid !== process.uid) return false;
        if (launchers.some((pid) => install.launchers.has(pid))) return true;
        return isOfInit && cgroup === install.cgroup;
      }
    }
  }
}

interface Known extends Omit<Standing, "isInTree"> {
  readonly program: RunnerProgram;
  readonly cgroup: string | null;
}
