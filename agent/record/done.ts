/**
 * Who did something, and where: what all events about an act have in common.
 *
 * As in `event.ts`, fields are added, never renamed, and text is kept as it came.
 *
 * @module
 */

/** A process; of a packet's sender as it was while the packet was held. */
export interface ProcessField {
  /** In the agent's pid namespace. */
  readonly pid: number;
  /** Absolute path; null when it could not be read. */
  readonly exe: string | null;
  /** The argument vector, bounded; a cut is marked in it. */
  readonly args: readonly string[];
  /** The owner of the socket. */
  readonly uid: number;
  /** Parent first. */
  readonly ancestors: readonly {
    readonly pid: number;
    readonly exe: string | null;
  }[];
}

/** Where and by whom something was done. */
export interface Done {
  /** The workflow step; null when it is not known. */
  readonly step: string | null;
  /** The step of a composite action within that step. */
  readonly substep?: string;
  /** Null when nobody could be found; never a guess. */
  readonly process: ProcessField | null;
  /** The container's id; null when it is none, or not known. */
  readonly container: string | null;
}

/** Of what nobody is known to have done. */
export const BY_NOBODY: Done = { step: null, process: null, container: null };
