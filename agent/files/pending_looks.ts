/**
 * The sources that are to be looked at, the oldest first.
 *
 * @module
 */
import { ACT } from "../observe/files/file_source.ts";
import type { BytePath } from "../../ffi/byte_path.ts";

/** More than this have one look whatever was done: nobody tells them apart. */
const MAX_WRITERS = 16;
/** Those that are written to and left open. */
const MAX_PARKED = 8_192;

const CONTENT_ACTS = ACT.WRITTEN | ACT.CREATED | ACT.REMOVED |
  ACT.MOVED_HERE | ACT.MOVED_AWAY;

/** What one change says, for whoever is to be looked at for it. */
export interface Act {
  /** Bits of {@linkcode ACT}. */
  readonly acts: number;
  /** Null when it is not known. */
  readonly pid: number | null;
}

/** The same, and when it was heard. */
export interface HeardAct extends Act {
  /** On the clock of `attend`. */
  readonly heardAtMs: number;
  /** It was done after this time; missing when that is not known. */
  readonly sinceMs?: number;
}

/** One source, and what was done to it since it was looked at. */
export interface PendingLook {
  readonly path: BytePath;
  /** All acts; 0 when it is to be looked at for another reason. */
  acts: number;
  /** How often it was closed, put here, or made. */
  closed: number;
  created: number;
  moved: number;
  /** Whether the last of it was a writing without a closing. */
  isOpen: boolean;
  /** Who it was by all appearance; undefined for nobody, null for unknown. */
  writer: number | null | undefined;
  /** Who has merely closed it, or changed what it is like. */
  other: number | null | undefined;
  /** All of them; null when there are too many. */
  pids: Set<number | null> | null;
  /** On the clock of `attend`. */
  heardAtMs: number;
  /** When it was heard that the writer has written. */
  writtenAtMs: number;
  /** Nothing of it was done before; Infinity for nothing yet. */
  sinceMs: number;
  dueMs: number;
  /** When it was first found gone. */
  goneSinceMs: number | null;
  /** How often it could not be read yet. */
  tries: number;
  /** What was done since it was last looked at. */
  recent: number;
  /** How often it was looked at while somebody could write to it. */
  holds: number;
  /** With which time of change it was, the last of those times. */
  heldMtimeUs: number | null;
  /** Whether somebody had it in shared memory then. */
  isMapped: boolean;
}

/** A queue in which each source stands once. */
export class PendingLooks {
  readonly #ready = new Map<BytePath, PendingLook>();
  readonly #later = new Map<BytePath, PendingLook>();
  readonly #parked = new Map<BytePath, PendingLook>();
  #earliestMs = Infinity;

  /** Whether one is due. */
  isDue(nowMs: number): boolean {
    return this.#ready.size > 0 || this.#earliestMs <= nowMs;
  }

  /** Whether none waits, also not for later. */
  get isEmpty(): boolean {
    return this.#ready.size === 0 && this.#later.size === 0;
  }

  /** Takes in what was done to a source; acts 0 just asks for a look. */
  add(path: BytePath, act: HeardAct): void {
    const nowMs = act.heardAtMs;
    const look = this.#ready.get(path) ?? this.#later.get(path) ??
      this.#parked.get(path) ?? begin(path, nowMs);
    this.#parked.delete(path);
    note(look, act);
    look.heardAtMs = Math.max(look.heardAtMs, nowMs);
    // What waits for an end of writing need not wait when that has come.
    const isEnd = (act.acts & ~(ACT.WRITTEN | ACT.CREATED)) !== 0;
    if (this.#later.has(path) && !isEnd) return;
    this.#later.delete(path);
    this.#ready.set(path, look);
  }

  /** The next one; it is in the queue no more. Null when none is due. */
  take(nowMs: number): PendingLook | null {
    if (this.#earliestMs <= nowMs) this.#ripen(nowMs);
    for (const [path, look] of this.#ready) {
      this.#ready.delete(path);
      return look;
    }
    return null;
  }

  /** Adds what was done to a source while it was looked at. */
  catchUp(look: PendingLook): void {
    const since = this.#ready.get(look.path);
    if (since === undefined) return;
    this.#ready.delete(look.path);
    this.#merge(look, since);
    Object.assign(look, since);
  }

  /** Puts one back, to be taken at a later time. */
  putBack(look: PendingLook, dueMs: number): void {
    const { path } = look;
    const since = this.#ready.get(path);
    // Something was done to it while it was looked at.
    if (since !== undefined) return this.#merge(look, since);
    look.dueMs = dueMs;
    this.#later.set(path, look);
    this.#earliestMs = Math.min(this.#earliestMs, dueMs);
  }

  /** Puts back what somebody can still write to without a word. */
  hold(look: PendingLook, dueMs: number): void {
    look.recent = 0;
    look.holds++;
    forgetWriter(look);
    this.putBack(look, dueMs);
  }

  /** Keeps what was done until more is done: it is still being written. */
  park(look: PendingLook): void {
    const { path } = look;
    const since = this.#ready.get(path);
    if (since !== undefined) return this.#merge(look, since);
    forgetWriter(look);
    this.#parked.set(path, look);
    if (this.#parked.size > MAX_PARKED) {
      this.#parked.delete(this.#parked.keys().next().value!);
    }
  }

  /** Makes all that wait due. */
  hurry(): void {
    this.#ripen(Infinity);
  }

  #merge(look: PendingLook, since: PendingLook): void {
    since.acts |= look.acts;
    since.recent |= look.recent;
    since.holds += look.holds;
    since.sinceMs = Math.min(since.sinceMs, look.sinceMs);
    since.heldMtimeUs ??= look.heldMtimeUs;
    since.isMapped ||= look.isMapped;
    since.closed += look.closed;
    since.created += look.created;
    since.moved += look.moved;
    if (since.writer === undefined) {
      since.writer = look.writer;
      since.writtenAtMs = look.writtenAtMs;
    }
    if (since.other === undefined) since.other = look.other;
    for (const pid of look.pids ?? []) addPid(since, pid);
    if (look.pids === null) since.pids = null;
    since.goneSinceMs ??= look.goneSinceMs;
    since.tries = look.tries;
  }

  #ripen(nowMs: number): void {
    let earliestMs = Infinity;
    for (const [path, look] of this.#later) {
      if (look.dueMs > nowMs) {
        earliestMs = Math.min(earliestMs, look.dueMs);
        continue;
      }
      this.#later.delete(path);
      this.#ready.set(path, look);
    }
    this.#earliestMs = earliestMs;
  }
}

/** How often it was written to an end. */
export function sessionsOf({ closed, created, moved }: PendingLook): number {
  return Math.max(closed, created) + moved;
}

/**
 * What was written is known. More of it can come by a mapping, from whoever
 * closes the file.
 */
function forgetWriter(look: PendingLook): void {
  look.other = look.writer ?? look.other;
  look.writer = undefined;
}

function begin(path: BytePath, nowMs: number): PendingLook {
  return {
    path,
    ...{ acts: 0, closed: 0, created: 0, moved: 0, isOpen: false },
    ...{ writer: undefined, other: undefined, pids: new Set() },
    ...{ heardAtMs: nowMs, writtenAtMs: nowMs, sinceMs: Infinity },
    ...{ dueMs: 0, goneSinceMs: null },
    ...{ tries: 0, recent: 0, holds: 0, heldMtimeUs: null, isMapped: false },
  };
}

function note(
  look: PendingLook,
  { acts, pid, heardAtMs, sinceMs = -Infinity }: HeardAct,
): void {
  if (acts === 0) return;
  look.acts |= acts;
  look.recent |= acts;
  look.sinceMs = Math.min(look.sinceMs, sinceMs);
  addPid(look, pid);
  if ((acts & ACT.CLOSED) !== 0) look.closed++;
  if ((acts & ACT.CREATED) !== 0) look.created++;
  if ((acts & ACT.MOVED_HERE) !== 0) look.moved++;
  const isEnd = (acts & (ACT.CLOSED | ACT.MOVED_HERE)) !== 0;
  if (isEnd) look.isOpen = false;
  else if ((acts & (ACT.WRITTEN | ACT.CREATED)) !== 0) look.isOpen = true;
  if ((acts & CONTENT_ACTS) !== 0) {
    // What was held back is added after what was heard since.
    if (look.writer !== undefined && heardAtMs < look.writtenAtMs) return;
    look.writer = pid;
    look.writtenAtMs = heardAtMs;
  } else {
    look.other = pid;
    if (look.writer === undefined) look.writtenAtMs = heardAtMs;
  }
}

function addPid(look: PendingLook, pid: number | null): void {
  if (look.pids === null) return;
  look.pids.add(pid);
  if (look.pids.size > MAX_WRITERS) look.pids = null;
}
