/**
 * The names of steps where every thread can read them: no message is needed,
 * so one that holds a packet can ask.
 *
 * One thread writes. Each entry has a sequence number that is odd while it is
 * written; a reader that saw one number before and after has read one state.
 * All words go through Atomics: plain reads could be moved past the number.
 *
 * @module
 */
import type { ProcessKey } from "../decode/process_record.ts";

/** What a step is called. */
export interface StepName {
  readonly step: string;
  /** The step of a composite action within it, or null. */
  readonly substep: string | null;
}

const ENTRY_BITS = 11;
const ENTRY_COUNT = 2 ** ENTRY_BITS;
/** An entry is looked for in so many places, from where its pid leads on. */
const WINDOW = 64;
const NAME_BYTES = 200;
const NAME_WORDS = NAME_BYTES / 4;

/** Words of an entry. */
const AT = {
  sequence: 0,
  pid: 1,
  startLow: 2,
  startHigh: 3,
  stepBytes: 4,
  substepBytes: 5,
  step: 6,
  substep: 6 + NAME_WORDS,
} as const;
const ENTRY_WORDS = AT.substep + NAME_WORDS;

/** The board's first word counts its changes, then come the entries. */
const CHANGES = 0;
const FIRST_ENTRY = 1;
const BOARD_BYTES = (FIRST_ENTRY + ENTRY_COUNT * ENTRY_WORDS) * 4;

const NO_SUBSTEP = -1;
const CUT_MARK = "…";
/** A writer that was ended in the middle of an entry may never come back. */
const MAX_TRIES = 1000;

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** One thread's view of the board. */
export class StepBoard {
  readonly #words: Int32Array;
  /** What was decoded, by entry: names are asked for far more than written. */
  readonly #read = new Map<number, { sequence: number; name: StepName }>();
  /** Writer: entries that may be written over, and since when. */
  readonly #retired = new Map<number, number>();
  #retirements = 0;
  readonly #name = new Uint8Array(NAME_BYTES);
  readonly #nameWords = new Int32Array(this.#name.buffer);

  /** @param shared As {@linkcode StepBoard.create} has made it. */
  constructor(shared: SharedArrayBuffer) {
    this.#words = new Int32Array(shared);
  }

  /** An empty board. */
  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(BOARD_BYTES);
  }

  /**
   * Writes a name; only the one writer may.
   *
   * @param root The first process of the step's tree.
   * @param name Each part is cut to 200 bytes of UTF-8, with a mark.
   * @returns False when all places are taken by trees that live.
   */
  set(root: ProcessKey, name: StepName): boolean {
    const entry = this.#entryOf(root) ?? this.#freeEntry(root.pid);
    if (entry === null) return false;
    this.#retired.delete(entry);
    const at = FIRST_ENTRY + entry * ENTRY_WORDS;
    const { low, high } = halves(root.startUs);
    this.#change(at, () => {
      this.#store(at + AT.pid, root.pid);
      this.#store(at + AT.startLow, low);
      this.#store(at + AT.startHigh, high);
      const stepBytes = this.#writeName(at + AT.step, name.step);
      this.#store(at + AT.stepBytes, stepBytes);
      const substepBytes = name.substep === null
        ? NO_SUBSTEP
        : this.#writeName(at + AT.substep, name.substep);
      this.#store(at + AT.substepBytes, substepBytes);
    });
    return true;
  }

  /**
   * The step's first process has ended: its name stays for what it left
   * behind, until the place is needed. Only the one writer may.
   */
  retire(root: ProcessKey): void {
    const entry = this.#entryOf(root);
    if (entry !== null) this.#retired.set(entry, this.#retirements++);
  }

  /** The name of the step that a process began; null when it has none yet. */
  find(root: ProcessKey): StepName | null {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = this.#entryOf(root);
      if (entry === null) return null;
      const name = this.#readEntry(entry, root);
      if (name !== null) return name;
    }
    return null;
  }

  /**
   * Like {@linkcode find}, but blocks this thread for a name that is about to
   * be written.
   */
  waitFor(root: ProcessKey, milliseconds: number): StepName | null {
    const deadlineMs = performance.now() + milliseconds;
    for (;;) {
      const changes = this.#load(CHANGES);
      const name = this.find(root);
      if (name !== null) return name;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return null;
      Atomics.wait(this.#words, CHANGES, changes, leftMs);
    }
  }

  #change(at: number, write: () => void): void {
    // Odd already where a former writer was ended half-way.
    const writing = this.#load(at + AT.sequence) | 1;
    this.#store(at + AT.sequence, writing);
    write();
    this.#store(at + AT.sequence, writing + 1);
    Atomics.add(this.#words, CHANGES, 1);
    Atomics.notify(this.#words, CHANGES);
  }

  #entryOf(root: ProcessKey): number | null {
    const { low, high } = halves(root.startUs);
    for (let step = 0; step < WINDOW; step++) {
      const entry = placeOf(root.pid, step);
      const at = FIRST_ENTRY + entry * ENTRY_WORDS;
      if (this.#load(at + AT.pid) !== root.pid) continue;
      if (this.#load(at + AT.startLow) !== low) continue;
      if (this.#load(at + AT.startHigh) === high) return entry;
    }
    return null;
  }

  /** One that nobody has, else the one that was retired first. */
  #freeEntry(pid: number): number | null {
    let oldest: number | null = null;
    for (let step = 0; step < WINDOW; step++) {
      const entry = placeOf(pid, step);
      const at = FIRST_ENTRY + entry * ENTRY_WORDS;
      if (this.#load(at + AT.pid) === 0) return entry;
      const since = this.#retired.get(entry) ?? Infinity;
      if (since < (this.#retired.get(oldest ?? -1) ?? Infinity)) oldest = entry;
    }
    return oldest;
  }

  /** Null when it was written meanwhile. */
  #readEntry(entry: number, root: ProcessKey): StepName | null {
    const at = FIRST_ENTRY + entry * ENTRY_WORDS;
    const sequence = this.#load(at + AT.sequence);
    if (sequence % 2 !== 0) return null;
    const { low, high } = halves(root.startUs);
    const isSame = this.#load(at + AT.pid) === root.pid &&
      this.#load(at + AT.startLow) === low &&
      this.#load(at + AT.startHigh) === high;
    if (!isSame) return null;
    const known = this.#read.get(entry);
    const isKnown = known?.sequence === sequence;
    const name = isKnown ? known.name : this.#readName(at);
    if (this.#load(at + AT.sequence) !== sequence) return null;
    if (!isKnown) this.#read.set(entry, { sequence, name });
    return name;
  }

  #readName(at: number): StepName {
    const substepBytes = this.#load(at + AT.substepBytes);
    const step = this.#readText(at + AT.step, this.#load(at + AT.stepBytes));
    const substep = substepBytes === NO_SUBSTEP
      ? null
      : this.#readText(at + AT.substep, substepBytes);
    return { step, substep };
  }

  #readText(at: number, bytes: number): string {
    // Half written, it can be anything; that is noticed afterwards.
    const length = Math.max(0, Math.min(bytes, NAME_BYTES));
    for (let word = 0; word < Math.ceil(length / 4); word++) {
      this.#nameWords[word] = this.#load(at + word);
    }
    return UTF8.decode(this.#name.subarray(0, length));
  }

  #writeName(at: number, text: string): number {
    const length = encodeCut(text, this.#name);
    for (let word = 0; word < Math.ceil(length / 4); word++) {
      this.#store(at + word, this.#nameWords[word]!);
    }
    return length;
  }

  #load(word: number): number {
    return Atomics.load(this.#words, word);
  }

  #store(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }
}

/** An entry in which a pid may be: neighbouring pids begin far apart. */
function placeOf(pid: number, step: number): number {
  const first = Math.imul(pid, 0x9e37_79b1) >>> (32 - ENTRY_BITS);
  return (first + step) % ENTRY_COUNT;
}

function halves(startUs: number): { low: number; high: number } {
  return { low: startUs | 0, high: Math.floor(startUs / 2 ** 32) | 0 };
}

/** Writes a text, whole characters only; its length in bytes. */
function encodeCut(text: string, into: Uint8Array): number {
  const encoder = new TextEncoder();
  const { read, written } = encoder.encodeInto(text, into);
  if (read === text.length) return written;
  const mark = encoder.encode(CUT_MARK);
  const room = into.subarray(0, NAME_BYTES - mark.length);
  const cut = encoder.encodeInto(text, room).written;
  into.set(mark, cut);
  return cut + mark.length;
}
