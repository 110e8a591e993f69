/**
 * Events of the proc connector, which are of threads, as records of processes.
 *
 * @module
 */
import { microsecondsOf, TICK_US, ticksOf } from "../decode/clock_ticks.ts";
import type {
  ExecRecord,
  ExitRecord,
  ForkRecord,
  ProcessKey,
} from "../decode/process_record.ts";
import { decodeWaitStatus } from "../decode/proc_event.ts";
import type { TimedProcEvent } from "./proc_connector.ts";
import type { Child, ProcLineage } from "./proc_lineage.ts";
import type { ProcSnapshots } from "./proc_snapshot.ts";
import { ROLE } from "./process_source.ts";

const UNKNOWN_END = { exitCode: null, signal: null };

/** A program that was executed, of which nothing is known yet. */
export type BareExec = Pick<
  ExecRecord,
  "kind" | "pid" | "startUs" | "parentPid" | "atUs"
>;

/** What can be said by the connector alone. */
export type BareRecord = ForkRecord | BareExec | ExitRecord;

type Looks = Pick<ProcSnapshots, "look" | "list">;

/** Keeps a lineage on the way. Both are borrowed. */
export class ConnectorRecords {
  readonly #lineage: ProcLineage;
  readonly #snapshots: Looks;
  /** Processes whose first thread has ended, and others live. */
  readonly #headless = new Set<number>();

  constructor(lineage: ProcLineage, snapshots: Looks) {
    this.#lineage = lineage;
    this.#snapshots = snapshots;
  }

  /**
   * Takes in all processes that run, at the start and after a loss.
   *
   * @param atUs Now.
   * @returns The ends that were not heard; how they ended is not known.
   */
  fill(atUs: number): readonly ExitRecord[] {
    const running = this.#snapshots.list().filter(({ isAlive }) => isAlive);
    const there = new Map(running.map((process) => [process.pid, process]));
    const ended = this.#lineage.pids().flatMap((pid) => {
      const process = there.get(pid);
      const known = this.#lineage.find(pid)!;
      const isThere = process !== undefined && isSameStart(process, known);
      return isThere ? [] : [this.#end(pid, { atUs, status: null })];
    });
    this.#lineage.fill(running);
    return ended;
  }

  /**
   * Takes the next event.
   *
   * @returns The records it makes, mostly one: a fork under the pid of a
   * process that is known to live says that its end was not heard.
   */
  take(event: TimedProcEvent): readonly BareRecord[] {
    const isFirst = event.threadId === event.pid;
    if (event.kind === "exec") return [this.#exec(event)];
    if (event.kind === "exit") return this.#exit(event, isFirst);
    return event.kind === "fork" && isFirst ? this.#fork(event) : [];
  }

  #fork({ pid, parentPid, atUs }: TimedProcEvent): readonly BareRecord[] {
    let startUs = startOf(atUs);
    const before = this.#lineage.find(pid);
    // One that began before we could hear of it may have been found already.
    const ended = before === null || isSameStart(before, { startUs })
      ? []
      : [this.#end(pid, { atUs, status: null })];
    const isRoot = this.#lineage.find(parentPid)?.role === ROLE.WORKER;
    // The connector's time is microseconds behind, so it can be a tick too
    // late: whoever looks a root up by /proc would not find it.
    if (isRoot) startUs = this.#snapshots.look(pid)?.startUs ?? startUs;
    this.#lineage.fork({ pid, startUs, parentPid });
    return [...ended, { kind: "fork", pid, startUs, parentPid, atUs }];
  }

  #exec({ pid, atUs }: TimedProcEvent): BareExec {
    // Of several threads, the one that executes becomes the first.
    this.#headless.delete(pid);
    this.#lineage.exec(pid);
    const { startUs, parentPid } = this.#know(pid, atUs);
    return { kind: "exec", pid, startUs, parentPid, atUs };
  }

  #exit(event: TimedProcEvent, isFirst: boolean): readonly ExitRecord[] {
    const { pid } = event;
    if (!isFirst && !this.#headless.has(pid)) return [];
    const known = this.#lineage.find(pid);
    if (known === null) return [];
    const running = this.#snapshots.look(pid);
    // Nothing but the end of its last thread ends a process: one that let its
    // first thread go would be out of sight while it goes on.
    if (running?.isAlive && isSameStart(running, known)) {
      this.#headless.add(pid);
      return [];
    }
    return [this.#end(pid, event)];
  }

  #end(
    pid: number,
    { atUs, status }: { readonly atUs: number; readonly status: number | null },
  ): ExitRecord {
    const { startUs } = this.#know(pid, atUs);
    this.#headless.delete(pid);
    this.#lineage.exit(pid);
    const how = status === null ? UNKNOWN_END : decodeWaitStatus(status);
    return { kind: "exit", pid, startUs, atUs, ...how };
  }

  /** A process whose fork was lost is known by /proc, while it is there. */
  #know(pid: number, atUs: number): Child {
    const known = this.#lineage.find(pid);
    if (known !== null) return known;
    const found = this.#snapshots.look(pid) ??
      { pid, startUs: startOf(atUs), parentPid: 0 };
    this.#lineage.fork(found);
    return found;
  }
}

/** Whole ticks, as those who know a process by /proc have them. */
function startOf(atUs: number): number {
  return microsecondsOf(ticksOf(atUs));
}

function isSameStart(
  left: Pick<ProcessKey, "startUs">,
  right: Pick<ProcessKey, "startUs">,
): boolean {
  return Math.abs(left.startUs - right.startUs) <= TICK_US;
}
