/**
 * What fanotify tells of files by their handles.
 *
 * @see fanotify(7), <linux/fanotify.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint16, readHostUint32 } from "./integer.ts";

/** Bits of an event's mask. */
export const FANOTIFY = {
  MODIFY: 0x0000_0002,
  ATTRIB: 0x0000_0004,
  CLOSE_WRITE: 0x0000_0008,
  OPEN: 0x0000_0020,
  MOVED_FROM: 0x0000_0040,
  MOVED_TO: 0x0000_0080,
  CREATE: 0x0000_0100,
  DELETE: 0x0000_0200,
  /** Events were lost. */
  Q_OVERFLOW: 0x0000_4000,
  /** It is about a directory. */
  ONDIR: 0x4000_0000,
} as const;

/** struct fanotify_event_metadata; the upper half of the mask is not in use. */
const AT = {
  eventBytes: 0,
  version: 4,
  metadataBytes: 6,
  mask: 8,
  pid: 20,
  bytes: 24,
} as const;
const VERSION = 3; // FANOTIFY_METADATA_VERSION

/**
 * struct fanotify_event_info_fid: a type, how long it is, the file system's id,
 * and struct file_handle; behind that a name that ends with a NUL.
 */
const INFO = {
  type: 0,
  bytes: 2,
  fsid: 4,
  handleBytes: 12,
  handle: 20,
} as const;
/** FAN_EVENT_INFO_TYPE_* */
const TYPE = { FID: 1, DFID_NAME: 2, DFID: 3 } as const;

/** Places in the bytes that were decoded, which they die with. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Something was done with a file. */
export interface FanotifyEvent {
  /** How long it is: what is behind it is the next one. */
  readonly bytes: number;
  /** Bits of {@linkcode FANOTIFY}: several, when they followed each other. */
  readonly mask: number;
  /** The thread group; 0 when it is in no pid namespace of ours. */
  readonly pid: number;
  /** The directory that the name is in: its file system's id and handle. */
  readonly directory: Span | null;
  /** Without the NUL; `.` for the directory itself. */
  readonly name: Span | null;
  /** The file: its file system's id and handle. */
  readonly file: Span | null;
}

/**
 * Decodes one event of a read(2).
 *
 * @param bytes All that was read.
 * @param at Where the event begins.
 * @returns The event, or why the bytes were refused.
 */
export function decodeFanotifyEvent(
  bytes: Uint8Array,
  at: number,
): Decoded<FanotifyEvent> {
  const left = bytes.length - at;
  if (left < AT.bytes) return refuse(`event is ${left} of ${AT.bytes} bytes`);
  const eventBytes = readHostUint32(bytes, at + AT.eventBytes);
  if (eventBytes < AT.bytes || eventBytes > left) {
    return refuse(`event is ${eventBytes} of ${left} bytes`);
  }
  const version = bytes[at + AT.version]!;
  if (version !== VERSION) return refuse(`event has version ${version}`);
  const metadataBytes = readHostUint16(bytes, at + AT.metadataBytes);
  if (metadataBytes < AT.bytes || metadataBytes > eventBytes) {
    return refuse(`event has ${metadataBytes} bytes of metadata`);
  }
  let directory: Span | null = null;
  let name: Span | null = null;
  let file: Span | null = null;
  const end = at + eventBytes;
  for (let info = at + metadataBytes; info < end;) {
    const infoBytes = end - info < INFO.fsid
      ? 0
      : readHostUint16(bytes, info + INFO.bytes);
    if (infoBytes < INFO.fsid || info + infoBytes > end) {
      return refuse(`event ends within a record`);
    }
    const type = bytes[info + INFO.type]!;
    const infoEnd = info + infoBytes;
    if (type === TYPE.FID || type === TYPE.DFID || type === TYPE.DFID_NAME) {
      const handle = handleIn(bytes, info, infoEnd);
      if (handle === null) return refuse("event ends within a handle");
      if (type === TYPE.FID) file = handle;
      else directory = handle;
      if (type === TYPE.DFID_NAME) {
        const nameEnd = bytes.indexOf(0, handle.end);
        if (nameEnd < 0 || nameEnd >= infoEnd) {
          return refuse("event ends within a name");
        }
        name = { start: handle.end, end: nameEnd };
      }
    }
    info = infoEnd;
  }
  const mask = readHostUint32(bytes, at + AT.mask);
  const pid = readHostUint32(bytes, at + AT.pid) | 0;
  return {
    ok: true,
    value: { bytes: eventBytes, mask, pid, directory, name, file },
  };
}

function handleIn(bytes: Uint8Array, at: number, end: number): Span | null {
  if (end - at < INFO.handle) return null;
  const handleBytes = readHostUint32(bytes, at + INFO.handleBytes);
  const handleEnd = at + INFO.handle + handleBytes;
  return handleEnd > end ? null : { start: at + INFO.fsid, end: handleEnd };
}

function refuse(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
