/**
 * Joins two tellings of one exec: that it happened, and what was executed.
 *
 * The first comes at once and in order with all else, the second a little later
 * and only for this pid. What came after an exec waits until its telling is
 * whole, so that order is kept; but not for ever.
 *
 * @module
 */
import type { AuditExec } from "../decode/audit_events.ts";
import type {
  ExecRecord,
  ExitRecord,
  ForkRecord,
  ProcessRecord,
} from "../decode/process_record.ts";
import type { BareExec } from "./connector_records.ts";
import type { Snapshot } from "./proc_snapshot.ts";

/** The telling of an exec is late when the machine is busy, hardly ever more. */
const WAIT_MS = 1000;
/** A daemon that writes every record to a slow disk keeps all others waiting. */
const BEHIND_WAIT_MS = 30_000;
/** Where it may well never come, and /proc has told already. */
const SEEN_WAIT_MS = 100;
/** More than this do not wait: whoever tells of details has fallen silent. */
const MAX_WAITING = 131_072;
/** The clock of audit is coarse, and both are read at different moments. */
const CLOCK_US = 20_000;

/**
 * What the kernel itself shows for a user it has no number for: the default of
 * /proc/sys/kernel/overflowuid.
 */
export const UNKNOWN_USER = 65_534;

/** An exec, with what was seen of it at once. */
export interface SeenExec extends BareExec {
  readonly netNamespace: number | null;
  readonly environment: readonly string[] | null;
  /** What /proc said; it is used only where nothing better comes. */
  readonly seen: Snapshot | null;
}

interface Waiting {
  readonly record: SeenExec | ForkRecord | ExitRecord;
  readonly sinceMs: number;
  details: AuditExec | null;
}

/** One for a source. */
export class ExecJoiner {
  readonly #look: (pid: number) => Snapshot;
  readonly #isBehind: () => boolean;
  /** In the order in which it happened. */
  readonly #queue: Waiting[] = [];
  /** Execs without details by pid, the oldest first. */
  readonly #open = new Map<number, Waiting[]>();
  #missing = 0;

  /**
   * @param ask `look` reads /proc where no details came in time, `isBehind`
   * says whether there are some still to come.
   */
  constructor(
    ask: {
      readonly look: (pid: number) => Snapshot;
      readonly isBehind: () => boolean;
    },
  ) {
    this.#look = ask.look;
    this.#isBehind = ask.isBehind;
  }

  /** How many wait. */
  get size(): number {
    return this.#queue.length;
  }

  /** Takes the number of execs since the last call that nobody told of. */
  takeMissing(): number {
    const missing = this.#missing;
    this.#missing = 0;
    return missing;
  }

  /** Adds what happened next. */
  add(record: SeenExec | ForkRecord | ExitRecord, nowMs: number): void {
    const waiting = { record, sinceMs: nowMs, details: null };
    this.#queue.push(waiting);
    if (record.kind !== "exec") return;
    const open = this.#open.get(record.pid);
    if (open === undefined) this.#open.set(record.pid, [waiting]);
    else open.push(waiting);
  }

  /**
   * Adds what was executed.
   *
   * @param calledUs When, on the clock of the records.
   * @returns False when no exec of that pid waits for it.
   */
  detail(details: AuditExec, calledUs: number): boolean {
    const open = this.#open.get(details.pid);
    while (open !== undefined && open.length > 0) {
      const waiting = open[0]!;
      // An exec cannot be over before it was called: its own telling is lost,
      // and this one belongs to a later exec, or to a later process.
      const isOver = waiting.record.atUs + CLOCK_US < calledUs;
      if (isOver && open.length > 1) {
        open.shift();
        continue;
      }
      waiting.details = details;
      this.#close(waiting);
      return true;
    }
    return false;
  }

  /** Takes what is whole, or has waited long enough, in its order. */
  take(nowMs: number): ProcessRecord[] {
    const taken: ProcessRecord[] = [];
    let count = 0;
    let isBehind: boolean | undefined;
    const isSoon = ({ seen }: SeenExec, waitedMs: number) => {
      if (waitedMs < (seen === null ? WAIT_MS : SEEN_WAIT_MS)) return true;
      if (seen !== null || waitedMs >= BEHIND_WAIT_MS) return false;
      return isBehind ??= this.#isBehind();
    };
    for (const waiting of this.#queue) {
      const { record, details, sinceMs } = waiting;
      count++;
      if (record.kind !== "exec") {
        taken.push(record);
        continue;
      }
      const isFull = this.#queue.length - count >= MAX_WAITING;
      if (details === null && !isFull && isSoon(record, nowMs - sinceMs)) {
        count--;
        break;
      }
      taken.push(this.#finish(waiting, record));
    }
    this.#queue.splice(0, count);
    return taken;
  }

  #finish(waiting: Waiting, record: SeenExec): ExecRecord {
    const { details } = waiting;
    if (details !== null) return describe(record, details);
    this.#close(waiting);
    const seen = record.seen ?? this.#look(record.pid);
    if (seen.exe === null) this.#missing++;
    return describe(record, seen);
  }

  #close(waiting: Waiting): void {
    const { pid } = waiting.record;
    const open = this.#open.get(pid)?.filter((each) => each !== waiting);
    if (open === undefined || open.length === 0) this.#open.delete(pid);
    else this.#open.set(pid, open);
  }
}

/** An exec as it is told, out of what two have seen of it. */
export function describe(
  exec: Omit<SeenExec, "seen">,
  details: Snapshot,
): ExecRecord {
  const { kind, pid, startUs, atUs, netNamespace, environment } = exec;
  const { exe, args, cwd } = details;
  const parentPid = details.parentPid ?? exec.parentPid;
  const uid = details.uid ?? UNKNOWN_USER;
  return {
    kind,
    pid,
    startUs,
    parentPid,
    atUs,
    uid,
    exe,
    args,
    cwd,
    netNamespace,
    environment,
  };
}
