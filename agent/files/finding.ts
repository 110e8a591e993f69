/**
 * What was found out about a file, before it is known whose it is.
 *
 * @module
 */
import type { FileEvent, FileStateField } from "../record/file_event.ts";
import type { BytePath } from "../../ffi/byte_path.ts";

/** Who may have done it, and when. */
export interface Deed {
  /** Who it was by all appearance; null when nobody is known. */
  readonly pid: number | null;
  /** Everybody who had a hand in it; null when those are not all known. */
  readonly pids: readonly number[] | null;
  /**
   * When it was done, in microseconds from boot: a span in which it was, the
   * shorter the better is known.
   */
  readonly fromUs: number;
  readonly untilUs: number;
}

/** One finding; the parts of an event that are known at once. */
export interface Finding {
  readonly change: FileEvent["change"];
  readonly subject: FileEvent["subject"];
  readonly path: BytePath;
  readonly overwritten: boolean;
  readonly reason: string;
  readonly before: FileStateField | null;
  readonly after: FileStateField | null;
  readonly diff: string | null;
  readonly changedMs?: number;
  readonly files?: number;
  readonly deed: Deed;
}

/** The deed of nobody who is known. */
export function unknownDeed(atUs: number): Deed {
  return { pid: null, pids: null, fromUs: atUs, untilUs: atUs };
}
