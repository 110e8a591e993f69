/**
 * What the bits of fanotify are called here.
 *
 * @module
 */
import { FANOTIFY } from "../../decode/fanotify_event.ts";
import { ACT } from "./file_source.ts";

/** What each bit of a mask is of an act. */
const ACTS: readonly (readonly [bit: number, act: number])[] = [
  [FANOTIFY.MODIFY, ACT.WRITTEN],
  [FANOTIFY.CLOSE_WRITE, ACT.CLOSED],
  [FANOTIFY.CREATE, ACT.CREATED],
  [FANOTIFY.DELETE, ACT.REMOVED],
  [FANOTIFY.MOVED_TO, ACT.MOVED_HERE],
  [FANOTIFY.MOVED_FROM, ACT.MOVED_AWAY],
  [FANOTIFY.ATTRIB, ACT.ATTRIBUTES],
  [FANOTIFY.OPEN, ACT.OPENED],
];

/** What is done to a file, and not to one of its names. */
const DONE = ACT.WRITTEN | ACT.CLOSED | ACT.ATTRIBUTES | ACT.OPENED;

/** Bits of {@linkcode ACT} for those of a mask. */
export function actsOf(mask: number): number {
  let acts = 0;
  for (const [bit, act] of ACTS) {
    if ((mask & bit) !== 0) acts |= act;
  }
  return acts;
}

/** Those of them that are heard of a name: who opens it is only followed. */
export function ofName(acts: number): number {
  return acts & ~ACT.OPENED;
}

/** Those that a file has under each of its names. */
export function ofFile(acts: number): number {
  return acts & DONE;
}
