/**
 * The journal's writer: numbers lines and appends them.
 *
 * @module
 */
import { isPlainFile, stampOf } from "../../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import { canAccess, O, openFile, writeAll } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import type { EventBody } from "./event.ts";
import { holdsSomethingElse, unusable } from "./journal_errors.ts";
import { encodeEvent, numberLine, WallClock } from "./line.ts";

/** <unistd.h>, <sys/file.h> */
const SEEK_END = 2;
const LOCK_EX_NB = 2 | 4;

/** The end of an older journal is searched this far for its last line. */
const TAIL_BYTES = 1 << 20;
/** Lines that a full disk does not take are kept up to this. */
const MAX_WAITING_BYTES = 4 << 20;

const FIRST_LINE = '{"version":1,"seq":1,';

/** An open journal file. */
export class Journal implements Disposable {
  readonly #libc: Libc;
  readonly #clock = new WallClock();
  /** Where it is. */
  readonly path: string;
  #fd: number;
  #seq = 0;
  #size = 0;
  readonly #isNew: boolean;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #lost = 0;
  /** When the file was last changed by us. */
  #changed = "";
  #isReplaced = false;
  #isSealed = false;

  /**
   * Opens a journal; one that is there is continued, its last line mended when
   * a kill has cut it.
   *
   * @param libc Must outlive this object.
   * @param path Absolute path; a symbolic link is refused.
   * @throws {AgentError} `journal_unusable`.
   */
  constructor(libc: Libc, path: string) {
    this.#libc = libc;
    this.path = path;
    const flags = O.RDWR | O.APPEND | O.NOFOLLOW | O.NONBLOCK;
    this.#fd = -1;
    this.#isNew = !canAccess(libc, path);
    try {
      this.#fd = openFile(libc, path, {
        flags: this.#isNew ? flags | O.CREAT : flags,
      });
      libc.check("flock", libc.symbols.flock(this.#fd, LOCK_EX_NB));
      // Root would give a device or a pipe away, or remove it.
      if (!isPlainFile(libc, this.#fd)) throw holdsSomethingElse(path);
      this.#continue();
      this.#remember();
    } catch (error) {
      if (this.#fd >= 0) libc.symbols.close(this.#fd);
      if (!(error instanceof SystemCallError)) throw error;
      throw unusable(path, error);
    }
  }

  /** Leads to the open file, also when its name leads to another by now. */
  get ownPath(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /** The time of now, as events carry it. */
  now(): string {
    return this.#clock.format();
  }

  /** Events that are gone, and those that still wait for room. */
  get unwritten(): number {
    return this.#lost + this.#waiting.length;
  }

  /** Events that could not be written and are gone. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * Appends one event, stamped with the time of now.
   *
   * Never throws, as {@linkcode Journal.append}.
   */
  write(body: EventBody): void {
    this.append([encodeEvent(body, this.now())]);
  }

  /** @throws {AgentError} `journal_unusable` while something waits for room. */
  assertWritten(): void {
    if (this.#waiting.length === 0) return;
    throw unusable(this.path, new SystemCallError("write", ERRNO.ENOSPC));
  }

  /**
   * Appends events, in their order.
   *
   * Never throws: what a full disk does not take waits for the next call, and
   * what does not fit into memory meanwhile is counted.
   *
   * @param encoded As `encodeEvent` gives them.
   */
  append(encoded: readonly string[]): void {
    if (this.#isSealed) return;
    for (const line of encoded) {
      if (this.#waitingBytes > MAX_WAITING_BYTES) this.#lost++;
      else {
        this.#waiting.push(line);
        this.#waitingBytes += line.length;
      }
    }
    this.flush();
  }

  /** Takes no more events: it has been read, and a verdict made of it. */
  seal(): void {
    this.#isSealed = true;
  }

  /** Tries again to write what waits. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.map((line, index) =>
      numberLine(line, this.#seq + 1 + index)
    ).join("");
    const bytes = new TextEncoder().encode(text);
    try {
      writeAll(this.#libc, this.#fd, bytes);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      // All or nothing: half a line would make the next one unreadable.
      this.#libc.symbols.ftruncate(this.#fd, BigInt(this.#size));
      this.#remember();
      return;
    }
    this.#size += bytes.length;
    this.#remember();
    this.#seq += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** The file itself, by whatever name: device and inode. */
  get id(): string {
    return stampOf(this.#libc, this.#fd)?.id ?? "";
  }

  /**
   * Notices what others do to the file, and mends what can be mended.
   *
   * @returns What it was, as the end of a sentence; null when it is ours.
   */
  mend(): string | null {
    const own = stampOf(this.#libc, this.#fd);
    if (own === null) return null;
    const isOurs = own.changed === this.#changed;
    const added = own.sizeBytes - this.#size;
    // What is left may end within a line; behind our last there is none of ours.
    if (added < 0) {
      this.#libc.symbols.write(this.#fd, Uint8Array.of(0x0a), 1n);
      this.#size = own.sizeBytes + 1;
    } else if (added > 0) {
      this.#libc.symbols.ftruncate(this.#fd, BigInt(this.#size));
    }
    this.#remember();
    if (added < 0) return "was cut short, and goes on from there";
    if (added > 0) return "was written to by others; their part was taken out";
    const isAt = stampOf(this.#libc, this.path)?.id === own.id;
    if (isAt) return isOurs ? null : "was changed by somebody else";
    // Once: neither what stands at our path now nor its place is ours.
    if (this.#isReplaced) return null;
    this.#isReplaced = true;
    return "is not at its path any more, somebody has removed or replaced it";
  }

  /** Removes the file if it was made here and nothing was written to it. */
  discardIfEmpty(): void {
    if (this.#isNew && this.#size === 0) {
      this.#libc.symbols.unlink(cString(this.path));
    }
  }

  /** Gives the file to a user, once nobody must keep it from them any more. */
  giveTo(owner: { uid: number; gid: number }): void {
    this.#libc.symbols.fchown(this.#fd, owner.uid, owner.gid);
  }

  /** Closes the file; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.flush();
    this.#lost += this.#waiting.length;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }

  #remember(): void {
    this.#changed = stampOf(this.#libc, this.#fd)?.changed ?? "";
  }

  #continue(): void {
    const { symbols } = this.#libc;
    const size = symbols.lseek(this.#fd, 0n, SEEK_END);
    this.#size = this.#libc.check("lseek", Number(size));
    if (this.#size === 0) return;
    const length = Math.min(this.#size, TAIL_BYTES);
    const tail = new Uint8Array(length);
    const at = BigInt(this.#size - length);
    const count = symbols.pread(this.#fd, tail, BigInt(length), at);
    const bytes = tail.subarray(0, this.#libc.check("pread", count));
    const end = bytes.lastIndexOf(0x0a) + 1;
    const whole = new TextDecoder().decode(bytes.subarray(0, end));
    const last = whole.trimEnd().split("\n").at(-1) ?? "";
    const found = /^\{"version":\d+,"seq":(\d+),/.exec(last);
    // Killed in its first line, a journal holds nothing yet.
    const begun = end === 0 && FIRST_LINE.startsWith(
      new TextDecoder().decode(bytes.subarray(0, FIRST_LINE.length)),
    );
    if (found === null && !begun) {
      throw holdsSomethingElse(this.path);
    }
    this.#seq = Number(found?.[1] ?? 0);
    this.#size += end - bytes.length;
    this.#libc.check(
      "ftruncate",
      symbols.ftruncate(this.#fd, BigInt(this.#size)),
    );
  }
}
