/**
 * Processes as audit and the proc connector tell of them together.
 *
 * The connector tells of forks, execs and exits in their order, audit of each
 * exec what was executed, also when the program is long gone. Audit makes every
 * system call of every process slower by some 180 ns, and an exec by 50 us.
 *
 * A process that ran before audit was first switched on since boot is not heard
 * by audit itself, only its children are: what it executes comes from /proc.
 *
 * @module
 */
import type { AuditExec } from "../decode/audit_events.ts";
import type { ProcessRecord } from "../decode/process_record.ts";
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import type { Libc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/sockets.ts";
import { Audit } from "./audit.ts";
import { type BareExec, ConnectorRecords } from "./connector_records.ts";
import { describe, ExecJoiner, type SeenExec } from "./exec_joiner.ts";
import { ProcConnector } from "./proc_connector.ts";
import { ProcLineage } from "./proc_lineage.ts";
import { ProcSnapshots } from "./proc_snapshot.ts";
import { isRoot } from "./process_details.ts";
import type { ProcessSource } from "./process_source.ts";

/** While an exec waits for its details, its reader looks in so often. */
const WAITING_MS = 20;

/** At the end, what is still to be told of is waited for so long. */
const FINISH_MS = 500;
/** So long after a loss of the connector, audit may tell of what was in it. */
const LOSSY_MS = 30_000;

/** Hears by both. */
export class AuditSource implements ProcessSource {
  readonly name = "audit";
  readonly lineage = new ProcLineage();
  readonly #libc: Libc;
  readonly #connector: ProcConnector;
  readonly #audit: Audit;
  readonly #snapshots: ProcSnapshots;
  readonly #records: ConnectorRecords;
  readonly #joiner: ExecJoiner;
  readonly #sinceUs: number;
  #lossyUntilMs = 0;

  /**
   * Opens both and tries them.
   *
   * @param libc Must outlive this object.
   * @param receiveBytes What the kernel keeps while nobody reads, of each.
   * @throws {Error} When audit is locked, or tells nothing of execs.
   * @throws {SystemCallError} When the kernel has one of them not.
   */
  constructor(libc: Libc, receiveBytes?: number) {
    this.#libc = libc;
    const snapshots = this.#snapshots = new ProcSnapshots(libc);
    // First, or audit would tell of execs that nobody else has heard of.
    this.#connector = new ProcConnector(libc, receiveBytes);
    try {
      this.#audit = new Audit(libc, receiveBytes);
    } catch (error) {
      this.#connector[Symbol.dispose]();
      throw error;
    }
    this.#joiner = new ExecJoiner({
      look: (pid) => snapshots.read(pid),
      isBehind: () => this.#audit.isBehind(),
    });
    this.#records = new ConnectorRecords(this.lineage, snapshots);
    this.#sinceUs = readClockUs(libc, CLOCK.BOOTTIME);
    // What happened while only one of the two was heard is half of the truth;
    // who is there now is looked up.
    for (const _ of this.#connector.take());
    this.#records.fill(this.#sinceUs);
  }

  get fds(): readonly number[] {
    return [this.#connector.fd, this.#audit.fd];
  }

  get waitMilliseconds(): number {
    return this.#joiner.size > 0 ? WAITING_MS : -1;
  }

  drain(): readonly ProcessRecord[] {
    // Audit first: an exec is heard by the connector before audit tells of it,
    // so for each of these the other telling is there to be read.
    const details = [...this.#audit.take()];
    const nowMs = performance.now();
    for (const event of this.#connector.take()) {
      for (const record of this.#records.take(event)) {
        const isExec = record.kind === "exec";
        this.#joiner.add(isExec ? this.#see(record) : record, nowMs);
      }
    }
    const lost = this.#connector.takeLost();
    if (lost > 0) this.#fill(nowMs);
    if (lost > 0) this.#lossyUntilMs = nowMs + LOSSY_MS;
    const unheard = this.#join(details, nowMs);
    const told = this.#joiner.take(nowMs);
    const missing = this.#joiner.takeMissing();
    const isLost = this.#audit.takeLost() > 0 || lost + missing > 0;
    return [
      ...(isLost ? [{ kind: "lost", count: lost + missing } as const] : []),
      ...told,
      ...unheard,
    ];
  }

  finish(): readonly ProcessRecord[] {
    const told = [...this.drain()];
    const untilMs = performance.now() + FINISH_MS;
    const poller = new Poller(this.#libc, this.fds);
    while (this.#joiner.size > 0 && performance.now() < untilMs) {
      poller.wait(WAITING_MS);
      told.push(...this.drain());
    }
    return [...told, ...this.#joiner.take(Infinity)];
  }

  [Symbol.dispose](): void {
    this.#connector[Symbol.dispose]();
    this.#audit[Symbol.dispose]();
  }

  #fill(nowMs: number): void {
    const nowUs = readClockUs(this.#libc, CLOCK.BOOTTIME);
    for (const end of this.#records.fill(nowUs)) this.#joiner.add(end, nowMs);
  }

  /** What only /proc can say, and only now. */
  #see(exec: BareExec): SeenExec {
    const { pid, startUs } = exec;
    const netNamespace = this.#snapshots.netNamespace(pid);
    const isThere = netNamespace !== null;
    const environment = isThere && isRoot(this.lineage, pid)
      ? this.#snapshots.environment(pid)
      : null;
    const isOld = startUs < this.#sinceUs;
    const seen = isThere && isOld ? this.#snapshots.read(pid) : null;
    return { ...exec, netNamespace, environment, seen };
  }

  /** @returns Execs that the connector itself did not get through to tell. */
  #join(details: readonly AuditExec[], nowMs: number): ProcessRecord[] {
    const nowUs = readClockUs(this.#libc, CLOCK.BOOTTIME);
    const offsetUs = nowUs - readClockUs(this.#libc, CLOCK.REALTIME);
    return details.flatMap((exec) => {
      const atUs = exec.calledMs * 1000 + offsetUs;
      if (this.#joiner.detail(exec, atUs)) return [];
      // Before its beginning, or so late that it was told without.
      if (atUs < this.#sinceUs || nowMs > this.#lossyUntilMs) return [];
      const { pid, parentPid } = exec;
      const known = this.lineage.find(pid);
      const startUs = known?.startUs ?? atUs;
      const bare = { kind: "exec", pid, startUs, parentPid, atUs } as const;
      return describe({ ...bare, netNamespace: null, environment: null }, exec);
    });
  }
}
