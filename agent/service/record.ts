/**
 * What `sluice service install` has changed on a machine.
 *
 * @module
 */
import { replaceFile, tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { RECORD } from "./places.ts";

/** Noted before each change, so that one that was cut off is undone too. */
export interface ServiceRecord {
  readonly version: 1;
  /** Whether the directory above all of it is of that making. */
  readonly madeHome: boolean;
  /** Whether systemd was told. */
  readonly unit: boolean;
}

/** Reads it; null where nothing is installed. */
export function readRecord(libc: Libc): ServiceRecord | null {
  const text = tryReadText(libc, RECORD);
  if (text === null) return null;
  return JSON.parse(text);
}

/** Notes it down. */
export function writeRecord(libc: Libc, record: ServiceRecord): void {
  replaceFile(libc, RECORD, `${JSON.stringify(record)}\n`);
}
