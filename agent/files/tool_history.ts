/**
 * What a tool has been since it was used.
 *
 * @module
 */
import type { FileStateField } from "../record/file_event.ts";
import type { Hand } from "./hands.ts";
import { grainUs, isSameStamp, type Stamp } from "./stamp.ts";

/** Somebody who replaces it again and again is told of as far as we saw. */
const MAX_SINCE = 8;

/** A tool at a time. */
export interface ToolVersion {
  readonly stamp: Stamp;
  /** From when on it was there, in microseconds from boot. */
  readonly fromUs: number;
  /** Its hashes are null while nobody has read it. */
  readonly field: FileStateField;
  /** Who has put it there; null when nobody was heard of. */
  readonly hand: Hand | null;
}

/** Remembers what was used, and what came after it. */
export class ToolHistory {
  #used: ToolVersion | null = null;
  /** The oldest first. */
  #since: ToolVersion[] = [];

  /** What was used last; null before the first use. */
  get used(): ToolVersion | null {
    return this.#used;
  }

  /** What was seen last; null before the first use. */
  get last(): ToolVersion | null {
    return this.#since.at(-1) ?? this.#used;
  }

  /** Whether nothing else was seen since it was used. */
  get isAsUsed(): boolean {
    return this.#since.length === 0;
  }

  /** Takes in what is used for the first time, or by another name. */
  begin(version: ToolVersion): void {
    this.#used = version;
    this.#since = [];
  }

  /** Takes in what is there now; known ones are completed. */
  note(version: ToolVersion): void {
    const { last } = this;
    if (last === null) return this.begin(version);
    const isOther = last.field.sha256 !== null &&
      version.field.sha256 !== null && !isSameContent(last, version);
    if (isOther || !isSameStamp(last.stamp, version.stamp)) {
      this.#since.push(version);
      if (this.#since.length > MAX_SINCE) this.#since.splice(1, 1);
      return;
    }
    const isRead = version.field.sha256 !== null;
    const complete = {
      ...version,
      field: isRead ? version.field : last.field,
      hand: last.hand ?? version.hand,
    };
    if (this.isAsUsed) this.#used = complete;
    else this.#since[this.#since.length - 1] = complete;
  }

  /**
   * Takes in a use: what came after it counts for the next one.
   *
   * @param atUs Microseconds from boot.
   * @param by Who uses it: what that process makes of it comes after the use.
   * And when another was made, in the same time: before, it did nothing.
   * @returns What was used before it and with it, when these differ.
   */
  use(
    atUs: number,
    by: {
      readonly pid: number;
      readonly bornUs: (hand: Hand) => number;
    } | null = null,
  ): { readonly before: ToolVersion; readonly after: ToolVersion } | null {
    const before = this.#used;
    if (before === null) return null;
    const at = this.#since.findLastIndex(({ fromUs, stamp, hand }) => {
      const isOwn = by !== null && hand?.pid === by.pid;
      if (!isOwn && by !== null && hand !== null && by.bornUs(hand) > atUs) {
        return false;
      }
      // The stamp is that of the last tick, which may be before the use.
      return isOwn ? fromUs + grainUs(stamp.ctimeUs) <= atUs : fromUs <= atUs;
    });
    if (at < 0) return null;
    const after = this.#withWriter(at);
    this.#used = after;
    this.#since = this.#since.slice(at + 1);
    return isSameContent(before, after) ? null : { before, after };
  }

  /** Who has merely set the times of what was there is not who put it there. */
  #withWriter(at: number): ToolVersion {
    const version = this.#since[at]!;
    let { hand } = version;
    for (let back = at - 1; back >= 0 && hand?.isSetter === true; back--) {
      const earlier = this.#since[back]!;
      if (!isTouched(earlier, version)) break;
      hand = earlier.hand ?? hand;
    }
    return { ...version, hand };
  }
}

/** Whether one can be the other, but for its times. */
function isTouched(one: ToolVersion, other: ToolVersion): boolean {
  const [was, is] = [one.field.sha256, other.field.sha256];
  return one.stamp.inode === other.stamp.inode &&
    one.stamp.bytes === other.stamp.bytes &&
    (was === null || is === null || was === is);
}

/** Whether two versions hold the same, as far as that is known. */
function isSameContent(one: ToolVersion, other: ToolVersion): boolean {
  const { sha256 } = one.field;
  if (sha256 !== null) return sha256 === other.field.sha256;
  // It was another before it could be read.
  return one.stamp.inode === other.stamp.inode &&
    one.stamp.bytes === other.stamp.bytes &&
    one.stamp.mtimeUs === other.stamp.mtimeUs;
}
