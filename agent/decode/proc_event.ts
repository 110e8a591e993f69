/**
 * What the proc connector tells: forks, execs and exits of threads.
 *
 * All numbers are in the host's byte order, all process ids are those of the
 * initial pid namespace.
 *
 * @see <linux/cn_proc.h>, <linux/connector.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint16, readHostUint32 } from "./integer.ts";

/** Byte offsets in struct cn_msg, and in struct proc_event behind it. */
const AT = {
  index: 0,
  value: 4,
  sequence: 8,
  length: 16,
  what: 20,
  cpu: 24,
  timestamp: 28,
  data: 36,
} as const;

const MESSAGE_BYTES = 20;
/** Up to the union, and the largest part of it that is read: exit. */
const EVENT_BYTES = 16 + 16;

/** CN_IDX_PROC and CN_VAL_PROC, <linux/connector.h>. */
const PROC = 1;

/** PROC_EVENT_*, <linux/cn_proc.h>. */
const WHAT = { FORK: 0x1, EXEC: 0x2, EXIT: 0x8000_0000 } as const;

/** One event of one thread. */
export interface ProcEvent {
  /** `other` is one that only counts: a change of user, name or session. */
  readonly kind: "fork" | "exec" | "exit" | "other";
  /** The processor that it happened on; each counts for itself. */
  readonly cpu: number;
  /** 0 to 2^32 - 1: one more than that of the last event on that processor. */
  readonly sequence: number;
  /** Microseconds on CLOCK_MONOTONIC. */
  readonly monotonicUs: number;
  /** The thread; of a fork, the new one. */
  readonly threadId: number;
  /** The process of that thread. */
  readonly pid: number;
  /**
   * Of a fork, the process that becomes the parent: with CLONE_PARENT that is
   * not who called. 0 otherwise.
   */
  readonly parentPid: number;
  /** Of an exit, as wait(2) gives it. 0 otherwise. */
  readonly status: number;
}

/**
 * Decodes one event.
 *
 * @param payload The payload of a netlink message of the connector.
 * @returns The event, or why the bytes were refused.
 */
export function decodeProcEvent(payload: Uint8Array): Decoded<ProcEvent> {
  if (payload.length < MESSAGE_BYTES) {
    return refuse(`message is ${payload.length} of ${MESSAGE_BYTES} bytes`);
  }
  const uint32 = (at: number) => readHostUint32(payload, at);
  const index = uint32(AT.index);
  const value = uint32(AT.value);
  if (index !== PROC || value !== PROC) {
    return refuse(`message is of ${index}.${value}`);
  }
  const eventBytes = readHostUint16(payload, AT.length);
  const left = payload.length - MESSAGE_BYTES;
  if (eventBytes < EVENT_BYTES || eventBytes > left) {
    return refuse(`event is ${eventBytes} of ${left} bytes`);
  }
  const kind = kindOf(uint32(AT.what));
  const isFork = kind === "fork";
  const of = AT.data + (isFork ? 8 : 0);
  return {
    ok: true,
    value: {
      kind,
      cpu: uint32(AT.cpu),
      sequence: uint32(AT.sequence),
      monotonicUs: microseconds(uint32(AT.timestamp), uint32(AT.timestamp + 4)),
      threadId: uint32(of),
      pid: uint32(of + 4),
      parentPid: isFork ? uint32(AT.data + 4) : 0,
      status: kind === "exit" ? uint32(AT.data + 8) : 0,
    },
  };
}

/** How a process ended, out of the status that wait(2) gives. */
export function decodeWaitStatus(
  status: number,
): { readonly exitCode: number | null; readonly signal: number | null } {
  const signal = status & 0x7f;
  return signal === 0
    ? { exitCode: (status >>> 8) & 0xff, signal: null }
    : { exitCode: null, signal };
}

function kindOf(what: number): ProcEvent["kind"] {
  if (what === WHAT.FORK) return "fork";
  if (what === WHAT.EXEC) return "exec";
  return what === WHAT.EXIT ? "exit" : "other";
}

/** Of 64 bits of nanoseconds, without a bigint for each event. */
function microseconds(low: number, high: number): number {
  return Math.floor((high * 2 ** 32 + low) / 1000);
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `proc event ${why}` };
}
