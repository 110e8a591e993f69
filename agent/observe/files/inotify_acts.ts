/**
 * What inotify's bits mean to whoever hears of files.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { INOTIFY } from "../../decode/inotify_event.ts";
import { ACT, type FileChange } from "./file_source.ts";

const ACTS: readonly (readonly [mask: number, act: number])[] = [
  [INOTIFY.MODIFY, ACT.WRITTEN],
  [INOTIFY.CLOSE_WRITE, ACT.CLOSED],
  [INOTIFY.CREATE, ACT.CREATED],
  [INOTIFY.DELETE | INOTIFY.DELETE_SELF, ACT.REMOVED],
  [INOTIFY.MOVED_TO, ACT.MOVED_HERE],
  [INOTIFY.MOVED_FROM | INOTIFY.MOVE_SELF, ACT.MOVED_AWAY],
  [INOTIFY.ATTRIB, ACT.ATTRIBUTES],
  [INOTIFY.OPEN, ACT.OPENED],
];

/**
 * What an event says of a path.
 *
 * @param mask Bits of {@linkcode INOTIFY}.
 * @returns Null when it says nothing that anybody asked for.
 */
export function changeOf(path: BytePath, mask: number): FileChange | null {
  let acts = 0;
  for (const [bits, act] of ACTS) if ((mask & bits) !== 0) acts |= act;
  if (acts === 0) return null;
  const isDirectory = (mask & INOTIFY.ISDIR) !== 0;
  return { kind: "change", acts, path, isDirectory, pid: null };
}
