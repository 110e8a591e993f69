import assert from "node:assert/strict";
import { decodeObjectHeader } from "../../../agent/decode/git_object.ts";
import {
  decodePackEntry,
  decodePackHeader,
} from "../../../agent/decode/git_pack.ts";
import {
  decodeLongOffset,
  decodeOffset,
  decodePackIndex,
  PACK_INDEX_HEADER_BYTES,
} from "../../../agent/decode/git_pack_index.ts";
import { hex } from "../../hex.ts";
import {
  GIT_ENTRIES,
  GIT_ID_PACK,
  GIT_IDS,
  GIT_PACK,
  GIT_PACK_INDEX,
} from "./git_samples.ts";
import { ascii } from "./hellos.ts";

const INDEX_SIZES = { fileBytes: GIT_PACK_INDEX.length, objectBytes: 20 };

Deno.test("decodeObjectHeader() reads each type", () => {
  for (const type of ["commit", "tree", "blob", "tag"]) {
    const decoded = decodeObjectHeader(ascii(`${type} 1234\0content`));
    const headerBytes = type.length + 6;

    assert.deepEqual(decoded, {
      ok: true,
      value: { type, sizeBytes: 1234, headerBytes },
    });
  }
});

for (
  const text of [
    ...["", "blob", "blob 1", "blob \0", "blob 01\0", "blob -1\0", "blob 1 \0"],
    ...["Blob 1\0", "delta 1\0", " blob 1\0", "blob 9999999999999999\0"],
    ...["blob 1e3\0", "blob 12345678901234567\0"],
  ]
) {
  Deno.test(`decodeObjectHeader() refuses ${JSON.stringify(text)}`, () => {
    assert.equal(decodeObjectHeader(ascii(text)).ok, false);
  });
}

Deno.test("decodePackHeader() reads how many objects there are", () => {
  assert.deepEqual(decodePackHeader(GIT_PACK), { ok: true, value: 2 });
  const third = hex("5041434b 00000003 ffffffff");
  assert.deepEqual(decodePackHeader(third), { ok: true, value: 0xffff_ffff });
});

for (
  const dump of [
    ...["", "5041434b 00000002 000000", "5041434c 00000002 00000001"],
    ...["5041434b 00000001 00000001", "5041434b 00000004 00000001"],
  ]
) {
  Deno.test(`decodePackHeader() refuses "${dump}"`, () => {
    assert.equal(decodePackHeader(hex(dump)).ok, false);
  });
}

const ENTRIES: readonly { name: string; bytes: Uint8Array; entry: object }[] = [
  {
    name: "a blob",
    bytes: GIT_PACK.subarray(GIT_ENTRIES[0]),
    entry: { type: "blob", sizeBytes: 224, headerBytes: 2, base: null },
  },
  {
    name: "a delta of what is before",
    bytes: GIT_PACK.subarray(GIT_ENTRIES[1]),
    entry: { type: "delta", sizeBytes: 19, headerBytes: 3, base: 62 },
  },
  {
    name: "a delta of an id",
    bytes: GIT_ID_PACK.subarray(GIT_ENTRIES[1]),
    entry: { type: "delta", sizeBytes: 19, headerBytes: 22, base: GIT_IDS[0] },
  },
  {
    // Each further byte of a distance adds one, gitformat-pack.
    name: "a delta of what is far before",
    bytes: hex("60 ff ff 7f"),
    entry: { type: "delta", sizeBytes: 0, headerBytes: 4, base: 2113663 },
  },
  {
    name: "an empty tree",
    bytes: hex("20"),
    entry: { type: "tree", sizeBytes: 0, headerBytes: 1, base: null },
  },
  {
    name: "a blob of more than 4 GiB",
    bytes: hex("bf ffffffff 7f"),
    entry: {
      ...{ type: "blob", sizeBytes: 2 ** 39 - 1, headerBytes: 6, base: null },
    },
  },
];

for (const { name, bytes, entry } of ENTRIES) {
  Deno.test(`decodePackEntry() reads ${name}`, () => {
    assert.deepEqual(decodePackEntry(bytes, 20), { ok: true, value: entry });
  });

  Deno.test(`decodePackEntry() refuses every truncation of ${name}`, () => {
    const { value } = decodePackEntry(bytes, 20) as {
      value: { headerBytes: number };
    };
    for (let length = 0; length < value.headerBytes; length++) {
      const { ok } = decodePackEntry(bytes.subarray(0, length), 20);
      assert.equal(ok, false, `${length} bytes`);
    }
  });
}

for (
  const { name, dump } of [
    { name: "type 0", dump: "00" },
    { name: "type 5", dump: "50" },
    { name: "a size without an end", dump: "bf" + "ff".repeat(20) + "01" },
    { name: "a delta of itself", dump: "60 00" },
    { name: "a distance without an end", dump: "60" + "ff".repeat(20) + "01" },
  ]
) {
  Deno.test(`decodePackEntry() refuses ${name}`, () => {
    assert.equal(decodePackEntry(hex(dump), 20).ok, false);
  });
}

Deno.test("decodePackEntry() reads ids of 32 bytes", () => {
  const decoded = decodePackEntry(hex("70" + "ab".repeat(32)), 32);

  assert.ok(decoded.ok);
  assert.equal(decoded.value.base, "ab".repeat(32));
  assert.equal(decoded.value.headerBytes, 33);
});

Deno.test("decodePackIndex() tells where the tables are", () => {
  const decoded = decodePackIndex(GIT_PACK_INDEX, INDEX_SIZES);

  assert.ok(decoded.ok);
  const { counts, ...rest } = decoded.value;
  assert.deepEqual(
    [counts.length, counts[0x58], counts[0x59], counts[0x84], counts[0xff]],
    [256, 0, 1, 2, 2],
  );
  assert.deepEqual(rest, {
    ...{ objects: 2, idsAt: 1032, offsetsAt: 1032 + 48 },
    ...{ longOffsetsAt: 1032 + 56, longOffsets: 0 },
  });
  const ids = GIT_PACK_INDEX.subarray(rest.idsAt, rest.idsAt + 40).toHex();
  assert.equal(ids, GIT_IDS[1] + GIT_IDS[0]);
  const offsets = GIT_PACK_INDEX.subarray(rest.offsetsAt, rest.offsetsAt + 8);
  assert.deepEqual(
    [decodeOffset(offsets), decodeOffset(offsets.subarray(4))],
    [
      { ok: true, value: { offset: GIT_ENTRIES[1] } },
      { ok: true, value: { offset: GIT_ENTRIES[0] } },
    ],
  );
});

Deno.test("decodePackIndex() refuses every truncation", () => {
  for (let fileBytes = 0; fileBytes < GIT_PACK_INDEX.length; fileBytes++) {
    const bytes = GIT_PACK_INDEX.subarray(0, fileBytes);
    const { ok } = decodePackIndex(bytes, { fileBytes, objectBytes: 20 });
    assert.equal(ok, false, `${fileBytes} bytes`);
  }
});

for (
  const { name, at, byte } of [
    { name: "another signature", at: 0, byte: 0 },
    { name: "version 3", at: 7, byte: 3 },
    { name: "counts that go down", at: 8 + 3, byte: 3 },
    { name: "more objects than it has room for", at: 8 + 4 * 255, byte: 1 },
  ]
) {
  Deno.test(`decodePackIndex() refuses ${name}`, () => {
    const bytes = GIT_PACK_INDEX.slice(0, PACK_INDEX_HEADER_BYTES);
    bytes[at] = byte;

    assert.equal(decodePackIndex(bytes, INDEX_SIZES).ok, false);
  });
}

Deno.test("decodeOffset() and decodeLongOffset() read packs over 2 GiB", () => {
  assert.deepEqual(decodeOffset(hex("80000003")), {
    ok: true,
    value: { longIndex: 3 },
  });
  assert.deepEqual(decodeLongOffset(hex("00000001 00000002")), {
    ok: true,
    value: 2 ** 32 + 2,
  });
  assert.equal(decodeLongOffset(hex("00200000 00000000")).ok, false);
  assert.equal(decodeLongOffset(hex("00000000 000000")).ok, false);
  assert.equal(decodeOffset(hex("000000")).ok, false);
});
