/**
 * What inotify tells.
 *
 * @see inotify(7), <linux/inotify.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint32 } from "./integer.ts";

/** Bits of an event's mask. */
export const INOTIFY = {
  MODIFY: 0x0000_0002,
  ATTRIB: 0x0000_0004,
  CLOSE_WRITE: 0x0000_0008,
  OPEN: 0x0000_0020,
  MOVED_FROM: 0x0000_0040,
  MOVED_TO: 0x0000_0080,
  CREATE: 0x0000_0100,
  DELETE: 0x0000_0200,
  DELETE_SELF: 0x0000_0400,
  MOVE_SELF: 0x0000_0800,
  /** Events were lost; of no watch. */
  Q_OVERFLOW: 0x0000_4000,
  /** The watch has ended. */
  IGNORED: 0x0000_8000,
  /** It is about a directory. */
  ISDIR: 0x4000_0000,
} as const;

/** struct inotify_event; the name behind it is filled up with NULs. */
const AT = { watch: 0, mask: 4, cookie: 8, nameBytes: 12, name: 16 } as const;

/** Something was done with a watched file, or to a name in a directory. */
export interface InotifyEvent {
  /** How long it is: what is behind it is the next one. */
  readonly bytes: number;
  /** -1 for {@linkcode INOTIFY.Q_OVERFLOW}. */
  readonly watch: number;
  /** Bits of {@linkcode INOTIFY}, of which all but ISDIR stand alone. */
  readonly mask: number;
  /** The same for both ends of a move, else 0. */
  readonly cookie: number;
  /** In the watched directory, a view; null for what is watched itself. */
  readonly name: Uint8Array | null;
}

/**
 * Decodes one event of a read(2).
 *
 * @param bytes All that was read.
 * @param at Where the event begins.
 * @returns The event, or why the bytes were refused.
 */
export function decodeInotifyEvent(
  bytes: Uint8Array,
  at: number,
): Decoded<InotifyEvent> {
  const left = bytes.length - at;
  if (left < AT.name) return refuse(`event is ${left} of ${AT.name} bytes`);
  const nameBytes = readHostUint32(bytes, at + AT.nameBytes);
  if (nameBytes > left - AT.name) {
    return refuse(`name is ${nameBytes} of ${left - AT.name} bytes`);
  }
  const nameAt = at + AT.name;
  const event = {
    bytes: AT.name + nameBytes,
    watch: readHostUint32(bytes, at + AT.watch) | 0,
    mask: readHostUint32(bytes, at + AT.mask),
    cookie: readHostUint32(bytes, at + AT.cookie),
  };
  if (nameBytes === 0) return { ok: true, value: { ...event, name: null } };
  const padded = bytes.subarray(nameAt, nameAt + nameBytes);
  const nameEnd = padded.indexOf(0);
  if (nameEnd < 0) return refuse("name has no end");
  if (nameEnd === 0) return refuse("name is empty");
  return { ok: true, value: { ...event, name: padded.subarray(0, nameEnd) } };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `inotify ${why}` };
}
