/**
 * Processes as the proc connector and /proc tell of them: the last resort.
 *
 * Not one fork, exec or exit is missed, but what was executed is read
 * afterwards. Of a program that ends within a fraction of a millisecond it
 * mostly says that it was executed, and nothing else.
 *
 * A child that was made with CLONE_PARENT is shown as its parent's, not as that
 * of the process that called.
 *
 * @module
 */
import type { ExecRecord, ProcessRecord } from "../decode/process_record.ts";
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import type { Libc } from "../../ffi/libc.ts";
import { type BareExec, ConnectorRecords } from "./connector_records.ts";
import { describe } from "./exec_joiner.ts";
import { ProcConnector, type TimedProcEvent } from "./proc_connector.ts";
import { ProcLineage } from "./proc_lineage.ts";
import { ProcSnapshots } from "./proc_snapshot.ts";
import { isRoot, NOTHING } from "./process_details.ts";
import type { ProcessSource } from "./process_source.ts";

/** Hears by the proc connector alone. */
export class ConnectorSource implements ProcessSource {
  readonly name = "connector";
  readonly waitMilliseconds = -1;
  readonly lineage = new ProcLineage();
  readonly #libc: Libc;
  readonly #connector: ProcConnector;
  readonly #snapshots: ProcSnapshots;
  readonly #records: ConnectorRecords;

  /**
   * @param libc Must outlive this object.
   * @param receiveBytes What the kernel keeps while nobody reads.
   * @throws {SystemCallError} When the kernel has no such connector.
   */
  constructor(libc: Libc, receiveBytes?: number) {
    this.#libc = libc;
    this.#connector = new ProcConnector(libc, receiveBytes);
    this.#snapshots = new ProcSnapshots(libc);
    this.#records = new ConnectorRecords(this.lineage, this.#snapshots);
    this.#records.fill(readClockUs(libc, CLOCK.BOOTTIME));
  }

  get fds(): readonly number[] {
    return [this.#connector.fd];
  }

  drain(): readonly ProcessRecord[] {
    const events = [...this.#connector.take()];
    const lost = this.#connector.takeLost();
    const last = lastOfEach(events);
    const told: ProcessRecord[] = events.flatMap((event) =>
      this.#records.take(event).map((record) =>
        record.kind === "exec"
          ? this.#see(record, last.get(record.pid) === event)
          : record
      )
    );
    if (lost === 0) return told;
    const ended = this.#records.fill(readClockUs(this.#libc, CLOCK.BOOTTIME));
    return [...told, { kind: "lost", count: lost }, ...ended];
  }

  [Symbol.dispose](): void {
    this.#connector[Symbol.dispose]();
  }

  #see(exec: BareExec, isLast: boolean): ExecRecord {
    const { pid } = exec;
    // /proc shows what came after it: another program, or none.
    const details = isLast ? this.#snapshots.read(pid) : NOTHING;
    const isThere = details.exe !== null;
    const netNamespace = isThere ? this.#snapshots.netNamespace(pid) : null;
    const environment = isThere && isRoot(this.lineage, pid)
      ? this.#snapshots.environment(pid)
      : null;
    return describe({ ...exec, netNamespace, environment }, details);
  }
}

/** The last exec or exit of each process. */
function lastOfEach(
  events: readonly TimedProcEvent[],
): ReadonlyMap<number, TimedProcEvent> {
  const last = new Map<number, TimedProcEvent>();
  for (const event of events) {
    const isFirst = event.threadId === event.pid;
    if (event.kind === "exec" || isFirst) last.set(event.pid, event);
  }
  return last;
}
