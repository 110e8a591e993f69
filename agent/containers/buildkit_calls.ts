/**
 * The calls of one connection to BuildKit that have not ended.
 *
 * @module
 */
import { ByteQueue } from "./byte_queue.ts";

/** Less than what an end may send before anything of it was read. */
export const MAX_HELD_BYTES = 49_152;
/** As many as BuildKit allows. */
const MAX_CALLS = 250;

/** A call that the runtime knows of. */
export interface Call {
  /** Of its method. */
  readonly path: string;
  /** Its message until it was looked at; null for none. */
  held: ByteQueue | null;
  isClientDone: boolean;
  isRuntimeDone: boolean;
  /** Whether the runtime's answer has begun. */
  isAnswered: boolean;
}

/** By their streams. */
export class BuildkitCalls {
  readonly #calls = new Map<number, Call>();
  #last = 0;
  #heldBytes = 0;

  /** The last stream that the client has opened. */
  get last(): number {
    return this.#last;
  }

  /** Whether there can be no other. */
  get isFull(): boolean {
    return this.#calls.size >= MAX_CALLS;
  }

  /** Whether so much of messages is held that no window may be left. */
  get isHoldingTooMuch(): boolean {
    return this.#heldBytes > MAX_HELD_BYTES;
  }

  /** The call of a stream; undefined for none, and for one that has ended. */
  get(streamId: number): Call | undefined {
    return this.#calls.get(streamId);
  }

  /** Makes a call of a stream that is newer than all; it is not kept yet. */
  open(
    streamId: number,
    of: {
      readonly path: string;
      readonly isHeld: boolean;
      readonly isClientDone: boolean;
    },
  ): Call {
    this.#last = streamId;
    const { path, isHeld, isClientDone } = of;
    const held = isHeld ? new ByteQueue() : null;
    return {
      path,
      held,
      isClientDone,
      isRuntimeDone: false,
      isAnswered: false,
    };
  }

  /** Keeps a call until it is forgotten. */
  keep(streamId: number, call: Call): void {
    this.#calls.set(streamId, call);
  }

  /** Adds to what is held of a call. */
  hold(call: Call, content: Uint8Array): void {
    call.held?.add(content);
    this.#heldBytes += content.length;
  }

  /** Takes out what is held of a call, which holds nothing from then on. */
  release(call: Call): Uint8Array {
    const content = call.held?.take() ?? new Uint8Array(0);
    this.#heldBytes -= content.length;
    call.held = null;
    return content;
  }

  /**
   * Forgets a call.
   *
   * @returns How many bytes of it were held.
   */
  forget(streamId: number): number {
    const call = this.#calls.get(streamId);
    this.#calls.delete(streamId);
    return call === undefined ? 0 : this.release(call).length;
  }
}
