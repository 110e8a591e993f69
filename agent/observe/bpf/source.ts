/**
 * Hears of processes from programs of our own in the kernel.
 *
 * @module
 */
import { Bpf } from "../../../ffi/bpf.ts";
import { countMisses } from "../../../ffi/bpf_info.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { RingBuffer } from "../../../ffi/ring_buffer.ts";
import { readFile } from "../../../ffi/files.ts";
import { decodeBpfRecord } from "../../decode/bpf_record.ts";
import { decodeProcStat } from "../../decode/proc.ts";
import type { ProcessRecord } from "../../decode/process_record.ts";
import { AgentError } from "../../errors.ts";
import type { FilesFds, ProcessSource } from "../process_source.ts";
import type { KernelTypes } from "./kernel_types.ts";
import { LineageMap } from "./lineage_map.ts";
import { type Loaded, loadPrograms } from "./loading.ts";
import { RECORDS_BYTES, STATE, WAKE_NANOSECONDS } from "./shapes.ts";

/** USER_HZ is 100 for all that /proc says. */
const TICK_NANOSECONDS = 10_000_000n;

/** So often it is asked whether a program was not run. */
const MISSED_MS = 100;

/** The only key of a map with one value. */
const KEY = new Uint8Array(4);

/**
 * The best source: it hears of everything at the moment it happens, and when
 * this process ends, however it does, nothing of it is left in the kernel.
 */
export class BpfSource implements ProcessSource {
  /** {@inheritDoc ProcessSource.name} */
  readonly name = "bpf";
  /** {@inheritDoc ProcessSource.fds} */
  readonly fds: readonly number[];
  /** {@inheritDoc ProcessSource.lineage} */
  readonly lineage: LineageMap;
  /**
   * The map behind {@linkcode lineage}: another thread of this process makes
   * a {@linkcode LineageMap} of its own from it. Owned by the source.
   */
  readonly lineageFd: number;
  /** Likewise for its SocketFiles; null where the kernel has no such program. */
  readonly filesFds: FilesFds | null;
  /** {@inheritDoc ProcessSource.types} */
  readonly types: KernelTypes;
  readonly #libc: Libc;
  readonly #bpf: Bpf;
  readonly #loaded: Loaded;
  readonly #ring: RingBuffer;
  readonly #state = new DataView(new ArrayBuffer(STATE.bytes));
  #lost = 0n;
  #missed = 0n;
  #missedAtMs = -Infinity;
  #hasTold = false;
  #open = true;

  /**
   * Loads everything into the kernel, and enters all processes there are.
   *
   * @param libc Must outlive this object.
   * @throws {AgentError} `bpf_unavailable`: nothing is left behind then.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#bpf = new Bpf(libc);
    let loaded: Loaded | null = null;
    try {
      loaded = loadPrograms(libc, this.#bpf);
      this.#ring = new RingBuffer(libc, {
        fd: loaded.maps.records,
        sizeBytes: RECORDS_BYTES,
      });
    } catch (error) {
      for (const fd of loaded?.fds ?? []) libc.symbols.close(fd);
      this.#bpf[Symbol.dispose]();
      throw asUnavailable(error);
    }
    this.#loaded = loaded;
    this.fds = [loaded.maps.records];
    this.lineageFd = loaded.maps.lineage;
    this.types = loaded.types;
    const { filesFd: program, maps: { wanted } } = loaded;
    this.filesFds = program === null ? null : { program, wanted };
    this.lineage = new LineageMap(this.#bpf, this.lineageFd);
    this.#enterFirst();
    this.#setFilled();
  }

  /**
   * Records wait for a while before they wake the reader again: so it looks
   * once more after that, and sleeps when there was nothing.
   */
  get waitMilliseconds(): number {
    return this.#hasTold ? 2 * WAKE_NANOSECONDS / 1e6 : -1;
  }

  /** {@inheritDoc ProcessSource.drain} */
  drain(): readonly ProcessRecord[] {
    const records: ProcessRecord[] = [];
    let unreadable = 0n;
    this.#ring.drain((bytes) => {
      const decoded = decodeBpfRecord(bytes);
      if (decoded.ok) records.push(decoded.value);
      else unreadable++;
    });
    this.#hasTold = records.length > 0;
    const lost = this.#readLost() + this.#readMissed();
    const count = Number(lost - this.#lost + unreadable);
    this.#lost = lost;
    if (count > 0) records.push({ kind: "lost", count });
    return records;
  }

  /** Takes everything out of the kernel; a second call does nothing. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ring[Symbol.dispose]();
    for (const fd of this.#loaded.fds) this.#libc.symbols.close(fd);
    this.#bpf[Symbol.dispose]();
  }

  /**
   * Enters the first process: the iterator over tasks has been seen to begin
   * with the second. Its start is known to a tick, and nobody compares it.
   */
  #enterFirst(): void {
    const text = readFile(this.#libc, "/proc/1/stat");
    const stat = decodeProcStat(text);
    if (!stat.ok) return;
    const { pid, startTicks, parentPid } = stat.value;
    const startNs = BigInt(startTicks) * TICK_NANOSECONDS;
    this.lineage.enter({ pid, startNs, parentPid });
  }

  /** A parent that is missing from now on is one that found no room. */
  #setFilled(): void {
    this.#readLost();
    this.#state.setBigUint64(STATE.isFilled, 1n, true);
    const value = new Uint8Array(this.#state.buffer);
    const { state } = this.#loaded.maps;
    this.#bpf.update(state, { key: KEY, value, flags: 0 });
  }

  /** No record says of these that it is missing. */
  #readMissed(): bigint {
    const nowMs = performance.now();
    if (nowMs - this.#missedAtMs < MISSED_MS) return this.#missed;
    this.#missedAtMs = nowMs;
    const counts = this.#loaded.programs.map((fd) =>
      countMisses(this.#libc, fd)
    );
    this.#missed = BigInt(counts.reduce((sum, count) => sum + count, 0));
    return this.#missed;
  }

  #readLost(): bigint {
    const value = new Uint8Array(this.#state.buffer);
    this.#bpf.lookup(this.#loaded.maps.state, { key: KEY, value });
    return this.#state.getBigUint64(STATE.lost, true);
  }
}

/** What the kernel refused, as what an operator can do about it. */
function asUnavailable(error: unknown): unknown {
  if (!(error instanceof SystemCallError)) return error;
  const { cause } = error;
  const more = cause instanceof Error ? `, ${cause.message}` : "";
  return new AgentError("bpf_unavailable", {
    what: "Cannot load the process programs",
    why: error.message + more,
    hint: "Let the agent hear of processes by audit",
    cause: error,
  });
}
