/**
 * Who has a socket open, as the kernel itself lists it: in a thousandth of the
 * time that a walk of /proc takes, and without a file that is missed.
 *
 * @module
 */
import { Bpf } from "../../../ffi/bpf.ts";
import { BpfIterators } from "../../../ffi/bpf_iterators.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import { duplicate, readLink } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { SOCKET, Socket } from "../../../ffi/sockets.ts";
import type { FilesFds } from "../process_source.ts";
import { HOLDING } from "./files_program.ts";

/** More holders than this are not listed. */
const MAX_HOLDINGS = 4096;

/** One descriptor. */
export interface Holding {
  readonly pid: number;
  readonly descriptor: number;
  /** References to the open file; of which kind is the kernel's affair. */
  readonly references: number;
}

/** Asks the kernel. */
export class SocketFiles implements Disposable {
  readonly #libc: Libc;
  readonly #bpf: Bpf;
  readonly #iterators: BpfIterators;
  readonly #fds: number[] = [];
  readonly #wantedFd: number;
  readonly #programFd: number;
  readonly #allFd: number;
  readonly #key = new Uint8Array(4);
  readonly #wanted = new BigUint64Array(1);
  readonly #buffer = new Uint8Array(MAX_HOLDINGS * HOLDING.bytes);
  readonly #view = new DataView(this.#buffer.buffer);
  /** How a socket with one descriptor is counted; null when it is not clear. */
  #single: number | null = null;

  private constructor(
    libc: Libc,
    { bpf, shared }: { bpf: Bpf; shared: FilesFds },
  ) {
    this.#libc = libc;
    this.#bpf = bpf;
    this.#iterators = new BpfIterators(libc);
    try {
      // Whoever has loaded it may be gone before us.
      this.#programFd = this.#own(duplicate(libc, shared.program));
      this.#wantedFd = this.#own(duplicate(libc, shared.wanted));
      this.#allFd = this.#own(this.#iterators.link(this.#programFd));
      this.#try();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Takes a program that is loaded.
   *
   * @param libc Must outlive what is returned.
   * @param shared The thread that has loaded it may end.
   * @returns Null where the kernel cannot tell: /proc is asked then.
   */
  static open(libc: Libc, shared: FilesFds): SocketFiles | null {
    try {
      return new SocketFiles(libc, { bpf: new Bpf(libc), shared });
    } catch (error) {
      if (error instanceof SystemCallError || error instanceof RangeError) {
        return null;
      }
      throw error;
    }
  }

  /** Everybody's descriptors of a socket; null when that cannot be told. */
  list(inode: number): readonly Holding[] | null {
    try {
      return this.#read(this.#allFd, inode);
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    }
  }

  /** The same of one process; null when that cannot be told. */
  listOf(inode: number, pid: number): readonly Holding[] | null {
    let linkFd = -1;
    try {
      linkFd = this.#iterators.link(this.#programFd, pid);
      return this.#read(linkFd, inode);
    } catch (error) {
      // It is gone, or the kernel cannot list one process alone.
      if (error instanceof SystemCallError) return null;
      throw error;
    } finally {
      if (linkFd >= 0) this.#libc.symbols.close(linkFd);
    }
  }

  /**
   * Whether nobody but a process refers to a socket: it was neither inherited
   * nor handed on, and none is under way to somebody.
   *
   * @returns False also while a thread of the process is in a call that uses
   * the socket, and when nothing can be told.
   */
  isHeldOnlyBy(inode: number, pid: number): boolean {
    if (this.#single === null) return false;
    const own = this.listOf(inode, pid) ?? [];
    const [first] = own;
    return first !== undefined &&
      first.references === this.#single + own.length - 1;
  }

  /** Takes everything out of the kernel; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const fd of this.#fds.splice(0)) this.#libc.symbols.close(fd);
    this.#iterators[Symbol.dispose]();
    this.#bpf[Symbol.dispose]();
  }

  /** Looks at sockets of our own, of which everything is known. */
  #try(): void {
    const { symbols } = this.#libc;
    using socket = new Socket(this.#libc, {
      domain: SOCKET.AF_INET,
      type: SOCKET.DGRAM,
      protocol: 0,
    });
    const link = readLink(this.#libc, `/proc/self/fd/${socket.fd}`) ?? "";
    const inode = Number(/\d+/.exec(link)?.[0]);
    const [one, ...others] = this.list(inode) ?? [];
    if (
      one?.pid !== Deno.pid || one.descriptor !== socket.fd || others.length > 0
    ) throw new RangeError("Cannot list sockets: a known one is not found");
    const copyFd = duplicate(this.#libc, socket.fd);
    const two = this.listOf(inode, Deno.pid) ?? [];
    symbols.close(copyFd);
    const isCounted = two.length === 2 &&
      two.every(({ references }) => references === one.references + 1);
    if (isCounted) this.#single = one.references;
  }

  #read(linkFd: number, inode: number): readonly Holding[] {
    this.#wanted[0] = BigInt(inode);
    const value = new Uint8Array(this.#wanted.buffer);
    this.#bpf.update(this.#wantedFd, { key: this.#key, value, flags: 0 });
    const bytes = this.#iterators.read(linkFd, this.#buffer);
    const found: Holding[] = [];
    for (let at = 0; at + HOLDING.bytes <= bytes; at += HOLDING.bytes) {
      const references = this.#view.getBigUint64(at + HOLDING.references, true);
      found.push({
        pid: this.#view.getUint32(at + HOLDING.pid, true),
        descriptor: this.#view.getUint32(at + HOLDING.descriptor, true),
        references: Number(references),
      });
    }
    return found;
  }

  #own(fd: number): number {
    this.#fds.push(fd);
    return fd;
  }
}
