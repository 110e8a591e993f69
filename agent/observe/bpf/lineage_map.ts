/**
 * The kernel's map of who descends from whom, as this side reads it.
 *
 * @module
 */
import type { Bpf } from "../../../ffi/bpf.ts";
import { BPF_FLAG } from "../../../ffi/bpf_objects.ts";
import { microsecondsAt } from "../../decode/bpf_record.ts";
import type { ProcessKey } from "../../decode/process_record.ts";
import type { Descent, Lineage } from "../process_source.ts";
import { ENTRY } from "./shapes.ts";

/** Who descends from whom; for any thread of the process that has the map. */
export class LineageMap implements Lineage {
  readonly #bpf: Bpf;
  readonly #fd: number;
  readonly #key = new Uint32Array(1);
  readonly #keyBytes = new Uint8Array(this.#key.buffer);
  readonly #first = new Uint8Array(ENTRY.bytes);
  readonly #value = new Uint8Array(ENTRY.bytes);
  readonly #view = new DataView(this.#value.buffer);

  /** Both are borrowed: this thread's calls, and the map's descriptor. */
  constructor(bpf: Bpf, fd: number) {
    this.#bpf = bpf;
    this.#fd = fd;
  }

  /** {@inheritDoc Lineage.find} */
  find(pid: number): Descent | null {
    if (!this.#read(pid)) return null;
    const view = this.#view;
    const rootPid = view.getUint32(ENTRY.rootPid, true);
    return {
      pid,
      startUs: microsecondsAt(view, ENTRY.start),
      parentPid: view.getUint32(ENTRY.parentPid, true),
      root: rootPid === 0
        ? null
        : { pid: rootPid, startUs: microsecondsAt(view, ENTRY.rootStart) },
      role: view.getUint32(ENTRY.role, true),
      program: this.#program(),
    };
  }

  /** {@inheritDoc Lineage.setRole} */
  setRole(process: ProcessKey, role: number): void {
    if (!this.#readSame(process)) return;
    this.#view.setUint32(ENTRY.role, role, true);
    this.#write(BPF_FLAG.EXIST);
  }

  /**
   * {@inheritDoc Lineage.beginTree}
   *
   * A process that begins one is no entry's program until it executes another:
   * it may do that between our reading and writing, and would be taken for the
   * former one.
   */
  beginTree(process: ProcessKey, root: ProcessKey = process): void {
    if (!this.#readSame(process)) return;
    // All who read it drop what is below a microsecond.
    const start = BigInt(root.startUs) * 1000n;
    this.#view.setBigUint64(ENTRY.rootStart, start, true);
    this.#view.setUint32(ENTRY.rootPid, root.pid, true);
    if (root.pid === process.pid) {
      this.#view.setBigUint64(ENTRY.programInode, 0n, true);
    }
    this.#write(BPF_FLAG.EXIST);
  }

  /**
   * Enters a process that is older than the map, unless it is there.
   *
   * @param process With its start in nanoseconds from boot, and who made it.
   */
  enter(process: {
    readonly pid: number;
    readonly startNs: bigint;
    readonly parentPid: number;
  }): void {
    const { pid, startNs, parentPid } = process;
    this.#key[0] = pid;
    this.#value.fill(0);
    this.#view.setBigUint64(ENTRY.start, startNs, true);
    this.#view.setUint32(ENTRY.pid, pid, true);
    this.#view.setUint32(ENTRY.parentPid, parentPid, true);
    this.#write(BPF_FLAG.NOEXIST);
  }

  /** Device numbers in the kernel have 20 bits for the minor one. */
  #program(): string | null {
    const inode = this.#view.getBigUint64(ENTRY.programInode, true);
    const device = this.#view.getUint32(ENTRY.programDevice, true);
    if (inode === 0n) return null;
    return `${device >>> 20}:${device & 0xf_ffff} ${inode}`;
  }

  #readSame(process: ProcessKey): boolean {
    return this.#read(process.pid) &&
      microsecondsAt(this.#view, ENTRY.start) === process.startUs;
  }

  /**
   * Reads an entry twice: its memory is used again at once, so that one that
   * is read while its process ends may turn into another's half-way.
   */
  #read(pid: number): boolean {
    this.#key[0] = pid;
    const key = this.#keyBytes;
    return this.#bpf.lookup(this.#fd, { key, value: this.#first }) &&
      this.#bpf.lookup(this.#fd, { key, value: this.#value }) &&
      this.#value.every((byte, at) => byte === this.#first[at]) &&
      this.#view.getUint32(ENTRY.pid, true) === pid;
  }

  #write(flags: number): void {
    this.#bpf.update(this.#fd, {
      key: this.#keyBytes,
      value: this.#value,
      flags,
    });
  }
}
