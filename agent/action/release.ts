/**
 * The released programs that this source belongs to.
 *
 * @module
 */

/** Machines that there is a program for, as Node names them. */
export type Architecture = "x64" | "arm64";

/** One file that runs by itself. */
export interface ReleasedProgram {
  readonly url: string;
  /** Of the file, 64 hex digits. */
  readonly sha256: string;
}

/** A version, and its programs. */
export interface Release {
  readonly version: string;
  readonly programs: Readonly<Record<Architecture, ReleasedProgram>>;
}

/** Null in a source tree that was not released: then the source is run. */
export const RELEASE: Release | null = null;
