/**
 * What tells whether a file is still as it was when it was read.
 *
 * @module
 */
import type { FileLook } from "../../ffi/file_look.ts";

/**
 * The clock that stamps files may be as coarse as a tick of the slowest kernel:
 * two changes within one leave the same stamp.
 */
const GRAIN_US = 10_000;

/** Some file systems keep whole seconds, FAT every second one. */
const COARSE_US = 2_000_000;

/** Of lstat(2), as few numbers as can be: there is one for each source. */
export interface Stamp {
  readonly device: number;
  /** Rounded past 2^53, which only makes two files look alike. */
  readonly inode: number;
  readonly bytes: number;
  readonly mode: number;
  /** Microseconds since 1970. */
  readonly ctimeUs: number;
  readonly mtimeUs: number;
  /** Whether no later change can have left the same stamp. */
  readonly isSure: boolean;
}

/**
 * The stamp of a file.
 *
 * @param nowUs Microseconds since 1970, from before the file was looked at.
 */
export function stampOf(look: FileLook, nowUs: number): Stamp {
  const { device, inode, bytes, mode } = look;
  const ctimeUs = microseconds(look.ctimeSeconds, look.ctimeNanoseconds);
  return {
    ...{ device, bytes, mode, ctimeUs },
    inode: Number(inode),
    mtimeUs: microseconds(look.mtimeSeconds, look.mtimeNanoseconds),
    isSure: nowUs - ctimeUs > grainUs(ctimeUs),
  };
}

/** By how much a file may be younger than the time of its change says. */
export function grainUs(ctimeUs: number): number {
  return ctimeUs % 1e6 === 0 ? COARSE_US : GRAIN_US;
}

/** Whether both are of one file in one state, as far as stamps tell. */
export function isSameStamp(one: Stamp, other: Stamp): boolean {
  return one.ctimeUs === other.ctimeUs && one.inode === other.inode &&
    one.bytes === other.bytes && one.device === other.device &&
    one.mode === other.mode;
}

/** Of a time as lstat(2) gives it; a number holds it exactly. */
export function microseconds(seconds: number, nanoseconds: number): number {
  return seconds * 1e6 + Math.floor(nanoseconds / 1000);
}
