/**
 * bpf(2): maps, programs, and where they are attached.
 *
 * Everything here lives as long as its descriptor, and no child inherits one:
 * when the process ends, however it does, nothing is left in the kernel.
 *
 * @see bpf(2), <linux/bpf.h>
 * @module
 */
import {
  ATTRIBUTE_BYTES,
  BPF,
  BPF_PROG_TYPE_TRACING,
  type BpfMapShape,
  type BpfProgram,
  NR_BPF,
} from "./bpf_objects.ts";
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { cString, fromBytes } from "./text.ts";

const NAME_BYTES = 15; // BPF_OBJ_NAME_LEN - 1
const LOG_BYTES = 1 << 16;
/** The last words say what the verifier did not like. */
const LOG_TAIL_BYTES = 400;
/** More than any key with its value, and than any program of ours. */
const MEMORY_BYTES = 1 << 17;

/** The calls, with memory of their own: one for each thread. */
export class Bpf implements Disposable {
  readonly #libc: Libc;
  readonly #attribute = new Uint8Array(ATTRIBUTE_BYTES);
  readonly #view = new DataView(this.#attribute.buffer);
  // The kernel takes addresses, and those of buffers are not to be had.
  #memory: number;

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} ENOMEM.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#memory = Number(libc.symbols.malloc(BigInt(MEMORY_BYTES)));
    if (this.#memory === 0) throw new SystemCallError("malloc", ERRNO.ENOMEM);
  }

  /**
   * Makes a map.
   *
   * @returns Its descriptor.
   * @throws {SystemCallError} EPERM without CAP_BPF, EINVAL for a type that
   * this kernel does not have.
   */
  createMap(shape: BpfMapShape): number {
    const view = this.#clear();
    view.setUint32(0, shape.type, true);
    view.setUint32(4, shape.keyBytes, true);
    view.setUint32(8, shape.valueBytes, true);
    view.setUint32(12, shape.entries, true);
    this.#setName(28, shape.name);
    return this.#check(this.#call(BPF.MAP_CREATE));
  }

  /**
   * Reads one value.
   *
   * @param value Is filled; as long as the map's values are.
   * @returns False when there is none under this key.
   * @throws {SystemCallError} With any errno but ENOENT.
   */
  lookup(
    fd: number,
    options: { readonly key: Uint8Array; readonly value: Uint8Array },
  ): boolean {
    const { key, value } = options;
    this.#setElement(fd, key);
    if (this.#isRefused(BPF.MAP_LOOKUP_ELEM)) return false;
    this.#libc.symbols.copyFrom(
      // Ours, and not shared with another thread.
      value as Uint8Array<ArrayBuffer>,
      BigInt(this.#memory + key.length),
      BigInt(value.length),
    );
    return true;
  }

  /**
   * Writes one value.
   *
   * @param options Its `flags` are of BPF_FLAG.
   * @returns False when they forbid it.
   * @throws {SystemCallError} E2BIG for a map that is full.
   */
  update(
    fd: number,
    options: {
      readonly key: Uint8Array;
      readonly value: Uint8Array;
      readonly flags: number;
    },
  ): boolean {
    const { key, value, flags } = options;
    this.#setElement(fd, key);
    this.#copyIn(key.length, value);
    this.#view.setBigUint64(24, BigInt(flags), true);
    return !this.#isRefused(BPF.MAP_UPDATE_ELEM);
  }

  /**
   * Has a program verified and loaded.
   *
   * @returns Its descriptor.
   * @throws {SystemCallError} EPERM without CAP_BPF and CAP_PERFMON; EACCES or
   * EINVAL from the verifier, whose last words are the `cause`.
   */
  loadProgram(program: BpfProgram): number {
    const first = this.#load(program, false);
    if (first >= 0) return first;
    const errno = this.#libc.errno();
    // Only now: a log makes the verifier several times slower.
    const second = this.#load(program, true);
    if (second >= 0) return second;
    const error = new SystemCallError("bpf", errno);
    error.cause = new Error(
      `Cannot load program ${program.name}: ${this.#readLog()}`,
    );
    throw error;
  }

  /**
   * Attaches a program to the tracepoint it was loaded for.
   *
   * @returns A descriptor: closing it detaches the program.
   */
  attach(programFd: number): number {
    const view = this.#clear();
    view.setUint32(8, programFd, true);
    return this.#check(this.#call(BPF.RAW_TRACEPOINT_OPEN));
  }

  /** Gives the memory back; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#memory === 0) return;
    this.#libc.symbols.free(BigInt(this.#memory));
    this.#memory = 0;
  }

  #load(program: BpfProgram, withLog: boolean): number {
    const { code, attachType, typeId, name } = program;
    const license = cString("GPL"); // as bpf_probe_read_kernel() demands
    this.#copyIn(0, license);
    this.#copyIn(8, code);
    const view = this.#clear();
    view.setUint32(0, BPF_PROG_TYPE_TRACING, true);
    view.setUint32(4, code.length / 8, true);
    view.setBigUint64(8, BigInt(this.#memory + 8), true);
    view.setBigUint64(16, BigInt(this.#memory), true);
    if (withLog) {
      view.setUint32(24, 1, true);
      view.setUint32(28, LOG_BYTES, true);
      view.setBigUint64(32, BigInt(this.#memory + LOG_BYTES), true);
    }
    this.#setName(48, name);
    view.setUint32(68, attachType, true);
    view.setUint32(108, typeId, true);
    return this.#call(BPF.PROG_LOAD);
  }

  #readLog(): string {
    const log = new Uint8Array(LOG_BYTES);
    const at = BigInt(this.#memory + LOG_BYTES);
    this.#libc.symbols.copyFrom(log, at, BigInt(LOG_BYTES));
    const end = log.indexOf(0);
    const text = fromBytes(log.subarray(0, end < 0 ? log.length : end));
    return text.slice(-LOG_TAIL_BYTES).trim();
  }

  #clear(): DataView {
    this.#attribute.fill(0);
    return this.#view;
  }

  #setName(at: number, name: string): void {
    this.#attribute.set(cString(name).subarray(0, NAME_BYTES), at);
  }

  #setElement(fd: number, key: Uint8Array): void {
    this.#copyIn(0, key);
    const view = this.#clear();
    view.setUint32(0, fd, true);
    view.setBigUint64(8, BigInt(this.#memory), true);
    view.setBigUint64(16, BigInt(this.#memory + key.length), true);
  }

  #copyIn(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > MEMORY_BYTES) {
      throw new RangeError(`Cannot pass ${bytes.length} bytes to bpf`);
    }
    this.#libc.symbols.copyInto(
      BigInt(this.#memory + at),
      bytes as Uint8Array<ArrayBuffer>,
      BigInt(bytes.length),
    );
  }

  #isRefused(command: number): boolean {
    const result = this.#call(command);
    if (result >= 0) return false;
    const errno = this.#libc.errno();
    if (errno === ERRNO.ENOENT || errno === ERRNO.EEXIST) return true;
    throw new SystemCallError("bpf", errno);
  }

  #check(result: number): number {
    return this.#libc.check("bpf", result);
  }

  #call(command: number): number {
    const { symbols } = this.#libc;
    return symbols.bpf(NR_BPF, command, this.#attribute, ATTRIBUTE_BYTES);
  }
}
