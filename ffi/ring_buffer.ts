/**
 * The reading end of a BPF ring buffer.
 *
 * @see Documentation/bpf/ringbuf.rst
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";

const PROT = { READ: 1, WRITE: 2 } as const; // <asm-generic/mman-common.h>
const MAP_SHARED = 1; // <linux/mman.h>
const MAP_FAILED = 0xffff_ffff_ffff_ffffn; // <sys/mman.h>

/** <linux/bpf.h>: in front of each record, then eight-byte alignment. */
const HEADER_BYTES = 8;
const BPF_RINGBUF_BUSY_BIT = 0x8000_0000;
const BPF_RINGBUF_DISCARD_BIT = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;

/** Copied out in one piece; more waits for the next turn of the loop. */
const CHUNK_BYTES = 1 << 20;

/** Maps the buffer and borrows its descriptor. */
export class RingBuffer implements Disposable {
  readonly #libc: Libc;
  readonly #sizeBytes: number;
  readonly #pageBytes: number;
  readonly #word = new BigUint64Array(1);
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #view = new DataView(this.#chunk.buffer);
  #consumerPage = 0;
  #producerPage = 0;
  #consumed: number;

  /**
   * @param libc Must outlive this object.
   * @param options The map's descriptor, and the size it was made with.
   * @throws {SystemCallError} With the errno of mmap(2).
   */
  constructor(
    libc: Libc,
    options: { readonly fd: number; readonly sizeBytes: number },
  ) {
    const { fd, sizeBytes } = options;
    this.#libc = libc;
    this.#sizeBytes = sizeBytes;
    this.#pageBytes = libc.symbols.getpagesize();
    try {
      this.#consumerPage = this.#map(fd, {
        bytes: this.#pageBytes,
        access: PROT.READ | PROT.WRITE,
        from: 0,
      });
      // The kernel offers the data twice in a row, so that no record is in two
      // parts; but then each page of them counts twice as our memory.
      this.#producerPage = this.#map(fd, {
        bytes: this.#pageBytes + sizeBytes,
        access: PROT.READ,
        from: this.#pageBytes,
      });
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.#consumed = this.#readWord(this.#consumerPage);
  }

  /**
   * Hands over every record that is complete, and frees its place.
   *
   * @param take Called for each, in order. The bytes are a view that dies with
   * the call.
   */
  drain(take: (record: Uint8Array) => void): void {
    const produced = this.#readWord(this.#producerPage);
    while (this.#consumed < produced) {
      const available = Math.min(produced - this.#consumed, CHUNK_BYTES);
      this.#order();
      this.#copyData(available);
      const complete = this.#findEnd(available);
      if (complete === 0) return;
      this.#order();
      // Again, because the first time a record may have been completed between
      // the copying of its contents and that of its header.
      this.#copyData(complete);
      this.#order();
      this.#consumed += complete;
      this.#word[0] = BigInt(this.#consumed);
      const { symbols } = this.#libc;
      symbols.copyInto(BigInt(this.#consumerPage), this.#word, 8n);
      this.#split(complete, take);
    }
  }

  /** Unmaps it; a second call does nothing. */
  [Symbol.dispose](): void {
    const { symbols } = this.#libc;
    const pageBytes = this.#pageBytes;
    if (this.#consumerPage !== 0) {
      symbols.munmap(BigInt(this.#consumerPage), BigInt(pageBytes));
    }
    if (this.#producerPage !== 0) {
      const bytes = BigInt(pageBytes + this.#sizeBytes);
      symbols.munmap(BigInt(this.#producerPage), bytes);
    }
    this.#consumerPage = 0;
    this.#producerPage = 0;
  }

  /** How much of the chunk are whole records that are complete. */
  #findEnd(available: number): number {
    let at = 0;
    while (at + HEADER_BYTES <= available) {
      const word = this.#view.getUint32(at, true);
      // Somebody on another CPU is still writing it.
      if ((word & BPF_RINGBUF_BUSY_BIT) !== 0) break;
      const next = at + roundUp(word & LENGTH_MASK);
      if (next > available) break;
      at = next;
    }
    return at;
  }

  #split(bytes: number, take: (record: Uint8Array) => void): void {
    for (let at = 0; at < bytes;) {
      const word = this.#view.getUint32(at, true);
      const length = word & LENGTH_MASK;
      if ((word & BPF_RINGBUF_DISCARD_BIT) === 0) {
        const from = at + HEADER_BYTES;
        take(this.#chunk.subarray(from, from + length));
      }
      at += roundUp(length);
    }
  }

  /**
   * Keeps what was read before this from being read after it.
   *
   * A CPU may read out of order, and there is no barrier to be had here but
   * the way into the kernel and back, which no read is speculated across.
   */
  #order(): void {
    this.#libc.symbols.getpid();
  }

  /** Fills the chunk with what comes next; behind the end is the start. */
  #copyData(bytes: number): void {
    const data = this.#producerPage + this.#pageBytes;
    const at = this.#consumed % this.#sizeBytes;
    const first = Math.min(bytes, this.#sizeBytes - at);
    this.#copy(this.#chunk, data + at, first);
    if (first === bytes) return;
    this.#copy(this.#chunk.subarray(first), data, bytes - first);
  }

  #readWord(address: number): number {
    this.#copy(this.#word, address, 8);
    // Bytes since it was made: a number holds 9 PB exactly.
    return Number(this.#word[0]!);
  }

  #copy(
    target: BufferSource & { readonly buffer: ArrayBuffer },
    address: number,
    bytes: number,
  ): void {
    const { symbols } = this.#libc;
    symbols.copyFrom(target, BigInt(address), BigInt(bytes));
  }

  #map(
    fd: number,
    what: {
      readonly bytes: number;
      readonly access: number;
      readonly from: number;
    },
  ): number {
    const { bytes, access, from } = what;
    const address = this.#libc.symbols.mmap(
      0n,
      BigInt(bytes),
      access,
      MAP_SHARED,
      fd,
      BigInt(from),
    );
    if (address !== MAP_FAILED) return Number(address);
    throw new SystemCallError("mmap", this.#libc.errno() || ERRNO.ENOMEM);
  }
}

function roundUp(length: number): number {
  return (length + HEADER_BYTES + 7) & ~7;
}
