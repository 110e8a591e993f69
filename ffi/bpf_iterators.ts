/**
 * bpf(2): programs that the kernel runs once for each thing of a kind.
 *
 * @see <linux/bpf.h>, Documentation/bpf/bpf_iterators.rst
 * @module
 */
import {
  ATTRIBUTE_BYTES,
  BPF,
  BPF_ATTACH_TYPE,
  NR_BPF,
} from "./bpf_objects.ts";
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";

/** union bpf_iter_link_info: of a thread, of a process, by a pidfd. */
const INFO_BYTES = 12;

/** The calls, with memory of their own: one for each thread. */
export class BpfIterators implements Disposable {
  readonly #libc: Libc;
  readonly #attribute = new Uint8Array(ATTRIBUTE_BYTES);
  readonly #view = new DataView(this.#attribute.buffer);
  readonly #info = new Uint32Array(INFO_BYTES / 4);
  // The kernel takes addresses, and those of buffers are not to be had.
  #memory: bigint;

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} ENOMEM.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#memory = libc.symbols.malloc(BigInt(INFO_BYTES));
    if (this.#memory === 0n) throw new SystemCallError("malloc", ERRNO.ENOMEM);
  }

  /**
   * Makes a program ready to be run, any number of times.
   *
   * @param pid Only for this process; default for all.
   * @returns A descriptor, for {@linkcode read}.
   * @throws {SystemCallError} ESRCH for a process that is gone, EINVAL and
   * others where the kernel cannot run it for one alone.
   */
  link(programFd: number, pid: number | null = null): number {
    const view = this.#clear();
    view.setUint32(0, programFd, true);
    view.setUint32(8, BPF_ATTACH_TYPE.TRACE_ITER, true);
    if (pid !== null) {
      this.#info[1] = pid;
      const bytes = new Uint8Array(this.#info.buffer);
      const { copyInto } = this.#libc.symbols;
      copyInto(this.#memory, bytes, BigInt(INFO_BYTES));
      view.setBigUint64(16, this.#memory, true);
      view.setUint32(24, INFO_BYTES, true);
    }
    return this.#call(BPF.LINK_CREATE);
  }

  /**
   * Runs a program once for each thing there is.
   *
   * @param into Takes what it writes.
   * @returns How many bytes that are.
   * @throws {SystemCallError} ENOSPC when there is more.
   */
  read(linkFd: number, into: Uint8Array<ArrayBuffer>): number {
    const { symbols } = this.#libc;
    this.#clear().setUint32(0, linkFd, true);
    const fd = this.#call(BPF.ITER_CREATE);
    try {
      for (let total = 0; total < into.length;) {
        const rest = into.subarray(total);
        const count = symbols.read(fd, rest, BigInt(rest.length));
        if (count === 0) return total;
        total += this.#libc.check("read", count);
      }
      throw new SystemCallError("read", ERRNO.ENOSPC);
    } finally {
      symbols.close(fd);
    }
  }

  /** Runs a program that says nothing, for everybody, once. */
  run(programFd: number): void {
    const linkFd = this.link(programFd);
    try {
      this.read(linkFd, new Uint8Array(8));
    } finally {
      this.#libc.symbols.close(linkFd);
    }
  }

  /** Gives the memory back; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#memory === 0n) return;
    this.#libc.symbols.free(this.#memory);
    this.#memory = 0n;
  }

  #clear(): DataView {
    this.#attribute.fill(0);
    return this.#view;
  }

  #call(command: number): number {
    const { bpf } = this.#libc.symbols;
    const result = bpf(NR_BPF, command, this.#attribute, ATTRIBUTE_BYTES);
    return this.#libc.check("bpf", result);
  }
}
