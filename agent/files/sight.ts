/**
 * What a file is at a moment.
 *
 * @module
 */
import type { Content, Hashed } from "../observe/files/content_hash.ts";
import type { FileStateField } from "../record/file_event.ts";
import { FILE_TYPE, type FileLook, typeOf } from "../../ffi/file_look.ts";
import type { Source } from "./sources.ts";
import { type Stamp, stampOf } from "./stamp.ts";

/** A file as it was just seen. */
export interface Sight {
  /** Null for gone. */
  readonly state: FileStateField | null;
  readonly mode: number;
  readonly stamp: Stamp | null;
  readonly text: Uint8Array | null;
}

/** Nothing is there. */
export const GONE: Sight = { state: null, mode: 0, stamp: null, text: null };

/** What was seen, by what came of reading it. */
export function sightOf(hashed: Hashed, nowUs: number): Sight {
  if (!hashed.ok) {
    // A directory, a device, or what nobody lets us read.
    const mode = FILE_TYPE.PLAIN | 0o644;
    const state = { blob: null, sha256: null, bytes: null, mode: octal(mode) };
    return { state, mode, stamp: null, text: null };
  }
  const { value } = hashed;
  const mode = gitMode(value.look);
  return {
    ...{ mode, stamp: stampOf(value.look, nowUs), text: value.bytes },
    state: fieldOf(value, mode),
  };
}

/** To read more than this takes longer than others can wait for their turn. */
const MAX_READ_BYTES = 256 * 1024 * 1024;

/**
 * What was seen of a file that is too long to be read and has another length
 * than it should.
 *
 * @param bytes Its length as it should be; null when that is not known.
 * @returns Null for one that is to be read.
 */
export function sightOfLength(
  look: FileLook,
  of: { readonly bytes: number | null; readonly nowUs: number },
): Sight | null {
  const isKnown = of.bytes !== null && of.bytes !== look.bytes;
  if (!isKnown || look.bytes <= MAX_READ_BYTES) return null;
  const mode = gitMode(look);
  return {
    ...{ mode, stamp: stampOf(look, of.nowUs), text: null },
    state: { blob: null, sha256: null, bytes: look.bytes, mode: octal(mode) },
  };
}

function fieldOf({ oid, sha256, look }: Content, mode: number): FileStateField {
  return { blob: oid, sha256, bytes: look.bytes, mode: octal(mode) };
}

/** What a source is to be, as events say it. */
export function stateOf({ oid, bytes, mode }: Source): FileStateField {
  return { blob: oid, sha256: null, bytes, mode: octal(mode) };
}

/** As git would write it down. */
export function gitMode(look: FileLook): number {
  if (typeOf(look) === FILE_TYPE.LINK) return FILE_TYPE.LINK;
  return FILE_TYPE.PLAIN | ((look.mode & 0o100) !== 0 ? 0o755 : 0o644);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(6, "0");
}
