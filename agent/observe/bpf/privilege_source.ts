/**
 * Hears from programs of our own in the kernel who takes which rights.
 *
 * @module
 */
import { Bpf } from "../../../ffi/bpf.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { RingBuffer } from "../../../ffi/ring_buffer.ts";
import {
  decodePrivilegeRecord,
  type PrivilegeRecord,
} from "../../decode/privilege_record.ts";
import {
  loadPrivilege,
  type PrivilegeWatch,
  unavailable,
} from "./privilege_loading.ts";
import {
  DEEDS_BYTES,
  DEEDS_STATE,
  type PrivilegeMaps,
} from "./privilege_shapes.ts";

/** The only key of a map with one value. */
const KEY = new Uint8Array(4);

interface Parts {
  readonly bpf: Bpf;
  readonly maps: PrivilegeMaps;
  readonly ring: RingBuffer;
  /** All of it. */
  readonly stack: DisposableStack;
}

/**
 * The programs, and the records that they have told and nobody has read yet.
 *
 * When this process ends, however it does, nothing of it is left in the kernel.
 */
export class PrivilegeSource implements Disposable {
  /** Readable when there is something to {@linkcode drain}. */
  readonly fds: readonly number[];
  readonly #parts: Parts;
  readonly #state = new DataView(new ArrayBuffer(DEEDS_STATE.bytes));
  #lost = 0n;
  #unreadable = 0;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.fds = [parts.maps.records];
  }

  /**
   * Loads everything into the kernel, a piece each turn.
   *
   * @param libc Must outlive the source.
   * @throws {AgentError} `bpf_unavailable`: nothing is left behind then, nor
   * when nobody takes the last turn.
   */
  static *open(
    libc: Libc,
    watch: PrivilegeWatch,
  ): Generator<void, PrivilegeSource> {
    using stack = new DisposableStack();
    const bpf = stack.use(new Bpf(libc));
    const own = (fd: number): number => {
      stack.defer(() => void libc.symbols.close(fd));
      return fd;
    };
    try {
      const maps = yield* loadPrivilege({ libc, bpf, own }, watch);
      const options = { fd: maps.records, sizeBytes: DEEDS_BYTES };
      const ring = stack.use(new RingBuffer(libc, options));
      return new PrivilegeSource({ bpf, maps, ring, stack: stack.move() });
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  /** What has come since the last call; never waits. */
  drain(): readonly PrivilegeRecord[] {
    const records: PrivilegeRecord[] = [];
    this.#parts.ring.drain((bytes) => {
      const decoded = decodePrivilegeRecord(bytes);
      if (decoded.ok) records.push(decoded.value);
      else this.#unreadable++;
    });
    return records;
  }

  /** How many deeds there was no room for since the last call. */
  takeLost(): number {
    const { bpf, maps } = this.#parts;
    const value = new Uint8Array(this.#state.buffer);
    bpf.lookup(maps.state, { key: KEY, value });
    const lost = this.#state.getBigUint64(DEEDS_STATE.lost, true);
    const count = Number(lost - this.#lost) + this.#unreadable;
    this.#lost = lost;
    this.#unreadable = 0;
    return count;
  }

  /** Takes everything out of the kernel; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#parts.stack.dispose();
  }
}

/** What the kernel refused, as what an operator can do about it. */
function asUnavailable(error: unknown): unknown {
  if (!(error instanceof SystemCallError)) return error;
  const { cause } = error;
  const more = cause instanceof Error ? `, ${cause.message}` : "";
  return unavailable(error.message + more, error);
}
