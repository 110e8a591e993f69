/**
 * Audit records, joined to execs.
 *
 * The records of one event come in order, but those of other processors come
 * in between. What is kept of an event is bounded, and so is their number: an
 * argument vector may have 2 MB, and the end of an event may be lost.
 *
 * @module
 */
import type { AuditPiece, AuditRecord, AuditSyscall } from "./audit_record.ts";
import {
  describeArguments,
  MAX_ARGUMENT_BYTES,
  MAX_ARGUMENTS,
} from "./proc.ts";

/** Events that have begun and not ended; there is one a processor at a time. */
const MAX_OPEN = 1024;

/** What audit tells of an exec that succeeded. */
export interface AuditExec {
  readonly pid: number;
  readonly parentPid: number;
  /** The real user. */
  readonly uid: number;
  readonly exe: string | null;
  /** Cut as {@link describeArguments} cuts. */
  readonly args: readonly string[];
  readonly cwd: string | null;
  /** When it was called, milliseconds since 1970 by the machine's clock. */
  readonly calledMs: number;
}

interface OpenEvent {
  readonly syscall: AuditSyscall;
  readonly args: KeptArguments;
  cwd: string | null;
}

/** Joins records to events. */
export class AuditEvents {
  readonly #open = new Map<string, OpenEvent>();
  #lost = 0;

  /** Takes the number of events that were given up since the last call. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /**
   * Adds the next record.
   *
   * @returns The exec, with its last record. Null before, and for an event
   * that is no exec, or whose beginning was not heard.
   */
  add(record: AuditRecord): AuditExec | null {
    const { event } = record;
    if (record.kind === "syscall") {
      if (record.succeeded) this.#begin(event, record);
      return null;
    }
    const open = this.#open.get(event);
    if (open === undefined) return null;
    if (record.kind === "arguments") open.args.add(record.pieces);
    else if (record.kind === "directory") open.cwd = record.path;
    else {
      this.#open.delete(event);
      return finish(open, event);
    }
    return null;
  }

  #begin(event: string, syscall: AuditSyscall): void {
    this.#open.set(event, { syscall, args: new KeptArguments(), cwd: null });
    if (this.#open.size <= MAX_OPEN) return;
    const [oldest, open] = this.#open.entries().next().value!;
    this.#open.delete(oldest);
    // Of other system calls, which somebody else's rules audit, nothing is lost.
    if (open.args.count > 0) this.#lost++;
  }
}

function finish(
  { syscall, args, cwd }: OpenEvent,
  event: string,
): AuditExec | null {
  if (args.count === 0) return null;
  const { pid, parentPid, uid, exe } = syscall;
  const calledMs = Math.round(parseFloat(event) * 1000);
  return { pid, parentPid, uid, exe, args: args.describe(), cwd, calledMs };
}

/** As much of an argument vector as is shown. */
class KeptArguments {
  readonly #kept: { start: Uint8Array; bytes: number }[] = [];
  #count = 0;

  /** How many there are, as far as is known. */
  get count(): number {
    return this.#count;
  }

  add(pieces: readonly AuditPiece[]): void {
    for (const { index, bytes } of pieces) {
      this.#count = Math.max(this.#count, index + 1);
      if (index >= MAX_ARGUMENTS) continue;
      // One whose record is lost leaves an empty one in its place.
      while (this.#kept.length <= index) {
        this.#kept.push({ start: new Uint8Array(0), bytes: 0 });
      }
      const kept = this.#kept[index]!;
      kept.start = extend(kept.start, bytes);
      kept.bytes += bytes.length;
    }
  }

  describe(): readonly string[] {
    return describeArguments(this.#kept, this.#count);
  }
}

/** One byte more than is shown tells where the last character ends. */
function extend(start: Uint8Array, more: Uint8Array): Uint8Array {
  const room = MAX_ARGUMENT_BYTES + 1 - start.length;
  if (room <= 0 || more.length === 0) return start;
  const part = more.subarray(0, room);
  // A copy in any case: what was read may be larger by far.
  const joined = new Uint8Array(start.length + part.length);
  joined.set(start);
  joined.set(part, start.length);
  return joined;
}
