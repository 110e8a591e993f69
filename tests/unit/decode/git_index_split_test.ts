import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeEwah } from "../../../agent/decode/ewah.ts";
import {
  GIT_MODE,
  type IndexEntry,
} from "../../../agent/decode/git_index_entry.ts";
import {
  decodeSplitBitmaps,
  mergeSplit,
} from "../../../agent/decode/git_index_split.ts";
import { hex } from "../../hex.ts";

/** From a split index of git 2.39.5: of three entries the last one is gone. */
const GONE = "00000003 00000002 0000000200000000 0000000000000004 00000000";
/** From the same: of three entries the first one is other. */
const OTHER = "00000001 00000002 0000000200000000 0000000000000001 00000000";
/** By hand: 64 bits that are set, then 64 of which one is. */
const RUN = "00000080 00000002 0000000200000003 8000000000000000 00000000";

const BITMAPS: readonly [
  name: string,
  dump: string,
  of: { count: number; set: readonly number[] | null },
][] = [
  ["one bit", GONE, { count: 3, set: [2] }],
  ["fewer bits than entries", OTHER, { count: 3, set: [0] }],
  [
    "a run",
    RUN,
    { count: 128, set: [...Array.from({ length: 64 }, (_, bit) => bit), 127] },
  ],
  ["no words", "00000000 00000000 00000000", { count: 0, set: [] }],
  ["a bit behind the entries", GONE, { count: 2, set: null }],
  ["a run behind the entries", RUN, { count: 63, set: null }],
  [
    "a run without end",
    "00000003 00000001 00000001ffffffff 00000000",
    { count: 1_000, set: null },
  ],
  [
    "more words than there are",
    "00000003 ffffffff 0000000200000000 0000000000000004 00000000",
    { count: 3, set: null },
  ],
  [
    "a run that is followed by less than it says",
    "00000003 00000002 0000000400000000 0000000000000004 00000000",
    { count: 200, set: null },
  ],
];

for (const [name, dump, { count, set }] of BITMAPS) {
  Deno.test(`decodeEwah() reads ${name}`, () => {
    const bytes = hex(dump);
    const decoded = decodeEwah(bytes, { at: 0, end: bytes.length, count });

    assert.equal(decoded.ok, set !== null);
    if (!decoded.ok) return;
    assert.deepEqual(setBits(decoded.value.bits), set);
    assert.equal(decoded.value.next, bytes.length);
  });
}

Deno.test("decodeEwah() refuses every truncation", () => {
  const bytes = hex(RUN);
  for (let end = 0; end < bytes.length; end++) {
    assert.equal(decodeEwah(bytes, { at: 0, end, count: 128 }).ok, false);
  }
});

Deno.test("decodeEwah() takes no time for long runs of nothing", () => {
  const words = 10_000;
  const bytes = new Uint8Array(12 + 8 * words).fill(0xfe);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, words);
  for (let word = 0; word < words; word++) {
    view.setUint32(8 + 8 * word, 1);
    view.setUint32(12 + 8 * word, 0xffff_fffe);
  }
  const where = { at: 0, end: bytes.length, count: 10 };
  assert.ok(decodeEwah(bytes, where).ok);
});

Deno.test("decodeSplitBitmaps() reads both, one or none", () => {
  const bytes = hex(GONE + OTHER);
  const read = (end: number) =>
    decodeSplitBitmaps(bytes, { link: { base: "", at: 0, end }, count: 3 });

  const both = read(bytes.length);
  assert.ok(both.ok);
  assert.deepEqual(setBits(both.value.deleted), [2]);
  assert.deepEqual(setBits(both.value.replaced), [0]);
  const none = read(0);
  assert.ok(none.ok);
  assert.deepEqual(setBits(none.value.deleted), []);
  for (let end = 1; end < bytes.length; end++) {
    assert.equal(read(end).ok, false, `${end} bytes`);
  }
});

const MERGED: readonly [
  name: string,
  of: {
    shared: string;
    split: string;
    deleted?: number[];
    replaced?: number[];
  },
  wanted: string | null,
][] = [
  ["nothing", { shared: "a b", split: "" }, "a b"],
  ["additions", { shared: "b d", split: "a c e" }, "a b c d e"],
  ["deletions", { shared: "a b c", split: "", deleted: [0, 2] }, "b"],
  [
    "replacements",
    { shared: "a b c", split: "=1 =2 d", replaced: [0, 2] },
    "a=1 b c=2 d",
  ],
  ["an addition of what is there", { shared: "a b", split: "b=1" }, "a b=1"],
  [
    "what is replaced and gone",
    { shared: "a b", split: "=1", deleted: [0], replaced: [0] },
    "b",
  ],
  ["all gone", { shared: "a", split: "b", deleted: [0] }, "b"],
  [
    "too few replacements",
    { shared: "a b", split: "=1", replaced: [0, 1] },
    null,
  ],
  ["too many replacements", { shared: "a", split: "=1", replaced: [] }, null],
];

for (const [name, { shared, split, deleted, replaced }, wanted] of MERGED) {
  Deno.test(`mergeSplit() merges ${name}`, () => {
    const both = { shared: entriesOf(shared), split: entriesOf(split) };
    const mask = (of: number[] = []) =>
      both.shared.map((_, index) => of.includes(index) ? 1 : 0);
    const merging = mergeSplit(both, {
      deleted: Uint8Array.from(mask(deleted)),
      replaced: Uint8Array.from(mask(replaced)),
    });
    const merged: string[] = [];
    for (;;) {
      const step = merging.next();
      if (step.done) {
        assert.equal(step.value.ok, wanted !== null);
        break;
      }
      const { path, oid } = step.value;
      merged.push(path + (oid === "" ? "" : `=${oid}`));
    }
    if (wanted !== null) assert.equal(merged.join(" "), wanted);
  });
}

Deno.test("mergeSplit() keeps the order of paths", () => {
  const paths = fc.uniqueArray(fc.stringMatching(/^[a-c]{1,3}$/))
    .map((all) => all.toSorted().join(" "));
  fc.assert(fc.property(paths, paths, (shared, split) => {
    const both = { shared: entriesOf(shared), split: entriesOf(split) };
    const none = new Uint8Array(both.shared.length);
    const merged = [...mergeSplit(both, { deleted: none, replaced: none })]
      .map(({ path }) => path);
    const all = `${shared} ${split}`.split(" ").filter((path) => path !== "");
    assert.deepEqual(merged, [...new Set(all)].toSorted());
  }));
});

/** `path` or `path=oid`, with spaces between. */
function entriesOf(text: string): IndexEntry[] {
  return text.split(" ").filter((word) => word !== "").map((word) => {
    const [path, oid = ""] = word.split("=");
    return {
      ...{ path: path!, mode: GIT_MODE.file, oid, stage: 0 },
      ...{ isSkipped: false, isIntended: false },
      stat: {
        ...{ ctimeSeconds: 0, ctimeNanoseconds: 0, inode: 0, bytes: 0 },
        ...{ mtimeSeconds: 0, mtimeNanoseconds: 0 },
      },
    };
  });
}

function setBits(bits: Uint8Array): number[] {
  return [...bits].flatMap((bit, index) => bit === 1 ? [index] : []);
}
