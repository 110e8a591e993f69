/**
 * What git keeps, and what was changed in a text.
 *
 * @module
 */
import { applyPatch } from "diff";
import { isText } from "../../agent/decide/file_text.ts";
import { diffTexts } from "../../agent/decide/text_diff.ts";
import { applyDelta, decodeDeltaHeader } from "../../agent/decode/git_delta.ts";
import { decodeObjectHeader } from "../../agent/decode/git_object.ts";
import {
  decodePackEntry,
  decodePackHeader,
} from "../../agent/decode/git_pack.ts";
import {
  decodeLongOffset,
  decodeOffset,
  decodePackIndex,
} from "../../agent/decode/git_pack_index.ts";
import { deflate, inflate, inflateStart } from "../../agent/decode/inflate.ts";
import { hex } from "../hex.ts";
import {
  GIT_ENTRIES,
  GIT_FIRST,
  GIT_ID_PACK,
  GIT_LOOSE,
  GIT_PACK,
  GIT_PACK_INDEX,
  GIT_SECOND,
} from "../unit/decode/git_samples.ts";
import { ascii, concat } from "../unit/decode/hellos.ts";
import { decodeTwice, isEqual } from "./purity.ts";
import { must, type Target } from "./target.ts";

const MAX_BYTES = 2048;
const BATCH = 64;
const ROOM_BYTES = 4096;
/** The method in a stream's first byte, RFC 1950 section 2.2. */
const Z_DEFLATED = 8;
/** A delta of the first file, as git made it. */
const DELTA = hex("e001 e001 90 57 064c494e452033 b0 5d 83 00");
/** Between two texts in an input; RFC 20: file separator. */
const SEPARATOR = 0x1c;

/** Loose objects, packs, their indexes and deltas. */
export function gitObjectTarget(): Target {
  return {
    name: "git_object",
    seeds: [
      ...[GIT_LOOSE, GIT_PACK_INDEX, GIT_PACK, ascii("blob 224\0content")],
      ...[GIT_PACK.subarray(GIT_ENTRIES[1]), DELTA],
      GIT_ID_PACK.subarray(GIT_ENTRIES[1]),
    ],
    tokens: [
      ...["7801", "789c", "e001", "b0", "9100", "ff744f6300000002"].map(hex),
      ...["blob ", "tree ", "\0", "PACK"].map(ascii),
    ],
    ...{ maxBytes: MAX_BYTES, batch: BATCH },
    run(input) {
      readHeaders(input);
      readDelta(input);
      readDeflated(input);
    },
  };
}

function readHeaders(input: Uint8Array): void {
  const header = decodeTwice(input, decodeObjectHeader);
  if (header.ok) {
    const { sizeBytes, headerBytes } = header.value;
    must(headerBytes <= input.length, "a header ends in its object");
    must(Number.isSafeInteger(sizeBytes), "a size can be counted");
  }
  decodeTwice(input, decodePackHeader);
  decodeTwice(input, decodeOffset);
  decodeTwice(input, decodeLongOffset);
  for (const objectBytes of [20, 32]) {
    const entry = decodeTwice(
      input,
      (bytes) => decodePackEntry(bytes, objectBytes),
    );
    if (entry.ok) {
      const { headerBytes, base, sizeBytes } = entry.value;
      must(headerBytes <= input.length, "a header ends in its entry");
      must(Number.isSafeInteger(sizeBytes), "its size can be counted");
      if (typeof base === "number") must(base > 0, "a base is before it");
    }
    const sizes = { fileBytes: input.length, objectBytes };
    const index = decodeTwice(input, (bytes) => decodePackIndex(bytes, sizes));
    if (!index.ok) continue;
    const { longOffsetsAt, longOffsets, counts, objects } = index.value;
    const end = longOffsetsAt + 8 * longOffsets;
    must(end + 2 * objectBytes <= input.length, "tables end in their file");
    must(counts.at(-1) === objects, "all objects are counted");
  }
}

function readDelta(input: Uint8Array): void {
  const made = decodeTwice(input, (delta) => {
    const room = new Uint8Array(ROOM_BYTES);
    return applyDelta(GIT_FIRST, { delta, room });
  });
  const slowly = applySlowly(input);
  must(made.ok === (slowly !== null), "a delta is accepted as it is by hand");
  if (!made.ok || slowly === null) return;
  must(isEqual(made.value, slowly), "a delta makes what it makes by hand");
  const header = decodeDeltaHeader(input);
  const isSized = header.ok && header.value.resultBytes === slowly.length;
  must(isSized, "a delta has the size that it says");
}

/** The same, byte for byte from git's description; null when refused. */
function applySlowly(delta: Uint8Array): Uint8Array | null {
  const bytes = [...delta];
  const take = () => bytes.shift() ?? NaN;
  const size = () => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = take();
      if (Number.isNaN(byte)) return NaN;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value);
    }
  };
  const result: number[] = [];
  if (size() !== GIT_FIRST.length) return null;
  const wanted = size();
  if (!(wanted <= ROOM_BYTES)) return null;
  while (bytes.length > 0) {
    const code = take();
    if (code === 0) return null;
    if (code < 0x80) {
      for (let left = code; left > 0; left--) result.push(take());
    } else {
      let [from, count] = [0, 0];
      for (const bit of [0, 1, 2, 3]) {
        if (code & 1 << bit) from += take() * 2 ** (8 * bit);
      }
      for (const bit of [0, 1, 2]) {
        if (code & 0x10 << bit) count += take() * 2 ** (8 * bit);
      }
      if (Number.isNaN(from + count)) return null;
      for (let left = count === 0 ? 65_536 : count; left > 0; left--) {
        result.push(GIT_FIRST[from++] ?? NaN);
        if (result.length > wanted) return null;
      }
    }
    if (result.length > wanted || Number.isNaN(result.at(-1))) return null;
  }
  return result.length === wanted ? Uint8Array.from(result) : null;
}

function readDeflated(input: Uint8Array): void {
  // Any other method is refused at once, but as an error, which takes long.
  if ((input[0]! & 0x0f) !== Z_DEFLATED) return;
  const whole = decodeTwice(input, (bytes) => inflate(bytes, ROOM_BYTES));
  const start = decodeTwice(input, inflateStart);
  if (!whole.ok) return;
  const { length } = whole.value;
  must(length <= ROOM_BYTES, "no more is inflated than there is room");
  must(start.ok && isEqual(start.value, whole.value), "a start is a start");
  const again = inflate(deflate(whole.value), length);
  must(again.ok && isEqual(again.value, whole.value), "it can be deflated");
}

/** Two texts, and what is said of their difference. */
export function textDiffTarget(): Target {
  const seed = (before: Uint8Array, after: Uint8Array) =>
    concat([before, Uint8Array.of(SEPARATOR), after]);
  return {
    name: "text_diff",
    seeds: [
      seed(GIT_FIRST, GIT_SECOND),
      seed(ascii(""), ascii("a\nb")),
      seed(ascii("a\n".repeat(20)), ascii("a\n".repeat(9) + "b\r\na\n")),
    ],
    tokens: ["\n", "\r\n", "a\n", "\n\n\n", "\\ No", "@@ -1 +1 @@\n", "+", "-"]
      .map(ascii),
    ...{ maxBytes: MAX_BYTES, batch: BATCH },
    run(input) {
      // What is not ASCII is shown lossily, and cannot be applied.
      const bytes = input.map((byte) => byte & 0x7f);
      const at = bytes.indexOf(SEPARATOR);
      const before = bytes.subarray(0, Math.max(at, 0));
      const after = bytes.subarray(at + 1);
      const diff = decodeTwice(after, (each) => diffTexts(before, each));
      const isTextual = isText(before.length > 0 ? before : after) ||
        isText(after);
      const isSame = isEqual(before, after);
      must((diff === null) === (isSame || !isTextual), "there is a difference");
      if (diff !== null) checkDiff(diff, { before, after });
    },
  };
}

function checkDiff(
  diff: string,
  of: { before: Uint8Array; after: Uint8Array },
): void {
  must(diff.length <= 2 * MAX_BYTES + 10_000, "a diff is bounded");
  const [before, after] = [of.before, of.after].map((bytes) =>
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
  );
  const isCut = /^\\ \d+ more/m.test(diff) ||
    /[^\n]{300}/.test(before!) || /[^\n]{300}/.test(after!);
  if (isCut) return;
  const patch = `--- a\n+++ b\n${diff}`;
  const applied = applyPatch(before!, patch, { autoConvertLineEndings: false });
  must(applied === after, "a diff makes the one text of the other");
}
