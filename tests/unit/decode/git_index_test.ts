import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeIndexEntries,
  decodeIndexHeader,
  whyMisplaced,
} from "../../../agent/decode/git_index.ts";
import type { Decoded } from "../../../agent/decode/bytes.ts";
import {
  GIT_MODE,
  type IndexEntry,
} from "../../../agent/decode/git_index_entry.ts";
import { decodeIndexExtensions } from "../../../agent/decode/git_index_extensions.ts";
import { hex } from "../../hex.ts";
import {
  INDEX_SHARED,
  INDEX_SPLIT,
  INDEX_V2,
  INDEX_V3,
  INDEX_V4,
} from "./git_index_samples.ts";

const FILE: IndexEntry = {
  path: "b.c",
  mode: GIT_MODE.file,
  oid: "587be6b4c3f93f93c489c0111bba5596147a26cb",
  stat: {
    ctimeSeconds: 0x6b047cb5,
    ctimeNanoseconds: 0x11e74829,
    mtimeSeconds: 1_700_000_000,
    mtimeNanoseconds: 123_456_789,
    inode: 0x98b062,
    bytes: 2,
  },
  stage: 0,
  isSkipped: false,
  isIntended: false,
};

/** Entries with their paths, and what the flags of the later versions say. */
const READ: readonly { name: string; dump: string; wanted: string[] }[] = [
  {
    name: "version 2",
    dump: INDEX_V2,
    wanted: ["100644 b.c", "100755 d/run", "120000 d/to"],
  },
  {
    name: "version 3",
    dump: INDEX_V3,
    wanted: [
      ...["100644 b.c skipped", "100755 d/run", "120000 d/to"],
      "100644 n intended",
    ],
  },
  {
    name: "version 4",
    dump: INDEX_V4,
    wanted: [
      ...["100644 b.c skipped", "100755 d/run", "120000 d/to"],
      "100644 n intended",
    ],
  },
  { name: "a split index", dump: INDEX_SPLIT, wanted: ["100644 ", "100644 c"] },
  {
    name: "permissions that only old git wrote",
    dump: INDEX_V2.replace("000081a4", "000081b4"),
    wanted: ["100644 b.c", "100755 d/run", "120000 d/to"],
  },
  {
    name: "a submodule",
    dump: INDEX_V2.replace("000081a4", "0000e000"),
    wanted: ["160000 b.c", "100755 d/run", "120000 d/to"],
  },
];

for (const { name, dump, wanted } of READ) {
  Deno.test(`decodeIndexEntries() reads ${name}`, () => {
    const entries = read(hex(dump));

    assert.ok(entries.ok, JSON.stringify(entries));
    assert.deepEqual(
      entries.value.map(({ mode, path, isSkipped, isIntended }) =>
        `${mode.toString(8)} ${path}` + (isSkipped ? " skipped" : "") +
        (isIntended ? " intended" : "")
      ),
      wanted,
    );
  });
}

Deno.test("decodeIndexEntries() reads all that lstat(2) said", () => {
  const entries = read(hex(INDEX_V2));

  assert.deepEqual(entries.ok && entries.value[0], FILE);
});

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  {
    name: "nothing",
    dump: "",
    why: "git index is 0 bytes, which is too short",
  },
  {
    name: "another file",
    dump: INDEX_V2.replace("44495243", "5041434b"),
    why: "git index is no index",
  },
  {
    name: "a version of the future",
    dump: INDEX_V2.replace("00000002", "00000005"),
    why: "git index has version 5",
  },
  {
    name: "more entries than there are",
    dump: INDEX_SHARED.replace("00000003", "00000004"),
    why: "git index entry 3 is cut short",
  },
  {
    name: "a mode of no file",
    dump: INDEX_V2.replace("000081a4", "000021a4"),
    why: "git index entry 0 has a mode that git does not know",
  },
  {
    name: "a path that is longer than it says",
    dump: INDEX_V2.replace("0003 622e63", "0002 622e63"),
    why: "git index entry 0 has a path of another length than it says",
  },
  {
    name: "flags of version 3 in version 2",
    dump: INDEX_V2.replace("0003 622e63", "4003 622e63"),
    why: "git index entry 0 has flags of version 3",
  },
  {
    name: "a path that keeps more than there is",
    dump: INDEX_V4.replace("0005 03 64", "0005 04 64"),
    why: "git index entry 1 keeps more of a path than there is",
  },
];

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeIndexEntries() refuses ${name}`, () => {
    assert.deepEqual(read(hex(dump)), { ok: false, why });
  });
}

for (
  const [name, dump] of Object.entries({ INDEX_V2, INDEX_V4, INDEX_SPLIT })
) {
  Deno.test(`decodeIndexEntries() refuses every truncation of ${name}`, () => {
    const bytes = hex(dump);
    const end = endOfEntries(bytes);
    for (let length = 0; length < end + 20; length++) {
      assert.equal(
        read(bytes.subarray(0, length)).ok,
        false,
        `${length} bytes`,
      );
    }
  });
}

const MISPLACED: readonly [path: string, mode: number, why: string | null][] = [
  ["a", GIT_MODE.file, null],
  [".gitignore", GIT_MODE.file, null],
  ["a/.git-x/..b/c.", GIT_MODE.file, null],
  ["d/", GIT_MODE.directory, null],
  ["", GIT_MODE.file, "has a path that git does not track"],
  ["/etc/passwd", GIT_MODE.file, "has a path that git does not track"],
  ["../a", GIT_MODE.file, "has a path that git does not track"],
  ["a/../../b", GIT_MODE.file, "has a path that git does not track"],
  ["a/..", GIT_MODE.file, "has a path that git does not track"],
  ["./a", GIT_MODE.file, "has a path that git does not track"],
  ["a//b", GIT_MODE.file, "has a path that git does not track"],
  ["a/", GIT_MODE.file, "has a path that git does not track"],
  [".git/config", GIT_MODE.file, "has a path that git does not track"],
  ["a/.GIT/hooks/x", GIT_MODE.file, "has a path that git does not track"],
  ["../d/", GIT_MODE.directory, "has a path that git does not track"],
  ["d", GIT_MODE.directory, "is a directory"],
];

for (const [path, mode, why] of MISPLACED) {
  Deno.test(`whyMisplaced() says ${why} of "${path}"`, () => {
    assert.equal(whyMisplaced({ ...FILE, path, mode }, null), why);
  });
}

const ORDER: readonly [
  before: [path: string, stage: number],
  entry: [path: string, stage: number],
  why: string | null,
][] = [
  [["a", 0], ["b", 0], null],
  [["a-b", 0], ["a/b", 0], null],
  [["a", 1], ["a", 3], null],
  [["b", 0], ["a", 0], "is out of order"],
  [["a\xff", 0], ["a\x7f", 0], "is out of order"],
  [["a", 0], ["a", 0], "is there more than once"],
  [["a", 0], ["a", 2], "is there more than once"],
  [["a", 2], ["a", 2], "is there more than once"],
  [["a", 3], ["a", 1], "is there more than once"],
];

for (const [before, entry, why] of ORDER) {
  Deno.test(`whyMisplaced() says ${why} of ${entry} behind ${before}`, () => {
    const [first, second] = [before, entry].map(([path, stage]) => ({
      ...{ ...FILE, path, stage },
    }));
    assert.equal(whyMisplaced(second!, first!), why);
  });
}

Deno.test("decodeIndexExtensions() finds what a split index leads to", () => {
  const bytes = hex(INDEX_SPLIT);
  const at = endOfEntries(bytes);
  const end = bytes.length - 20;
  const link = decodeIndexExtensions(bytes, { at, end, objectBytes: 20 });

  assert.deepEqual(link, {
    ok: true,
    value: {
      base: "86d83202c8f0a336722b427885461d0ef65e15db",
      at: at + 28,
      end: at + 84,
    },
  });
  for (let length = at + 1; length < end; length++) {
    // Between two of them, a file could end.
    if (length === at + 84) continue;
    const cut = { at, end: length, objectBytes: 20 };
    assert.equal(decodeIndexExtensions(bytes, cut).ok, false, `${length}`);
  }
});

const EXTENSIONS: readonly [name: string, dump: string, isTaken: boolean][] = [
  ["none", "", true],
  ["one for directories", "73646972 00000000", true],
  ["one that can be passed over", "5a5a5a5a 00000002 0000", true],
  ["one that must be known", "6e657721 00000000", false],
  ["one without a size", "54524545", false],
  ["one that is larger than the file", "54524545 ffffffff", false],
  ["a link without a name", "6c696e6b 00000004 00000000", false],
];

for (const [name, dump, isTaken] of EXTENSIONS) {
  Deno.test(`decodeIndexExtensions() reads ${name}: ${isTaken}`, () => {
    const bytes = hex(dump);
    const all = { at: 0, end: bytes.length, objectBytes: 20 };
    assert.equal(decodeIndexExtensions(bytes, all).ok, isTaken);
  });
}

Deno.test("decodeIndexEntries() reads what any version can hold", () => {
  const name = fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 40 })
    .map((text) => text.replaceAll("\0", "x"));
  const paths = fc.uniqueArray(name, { minLength: 1, maxLength: 20 })
    .map((all) => all.toSorted());
  fc.assert(fc.property(
    paths,
    fc.constantFrom(2, 3, 4),
    fc.constantFrom(20, 32),
    (paths, version, objectBytes) => {
      const entries = read(
        encode(paths, { version, objectBytes }),
        objectBytes,
      );
      assert.ok(entries.ok);
      assert.deepEqual(entries.value.map(({ path }) => path), paths);
    },
  ));
});

/** An index of empty files. */
function encode(
  paths: readonly string[],
  { version, objectBytes }: { version: number; objectBytes: number },
): Uint8Array {
  const bytes = [...[0x44, 0x49, 0x52, 0x43], ...[0, 0, 0, version]];
  bytes.push(0, 0, 0, paths.length);
  let previous = "";
  for (const path of paths) {
    const start = bytes.length;
    bytes.push(...new Uint8Array(24), ...[0, 0, 0x81, 0xa4]);
    bytes.push(...new Uint8Array(12 + objectBytes));
    bytes.push(0, path.length);
    const codes = [...path].map((char) => char.charCodeAt(0));
    if (version === 4) {
      let kept = 0;
      while (kept < path.length && path[kept] === previous[kept]) kept++;
      bytes.push(previous.length - kept, ...codes.slice(kept), 0);
    } else {
      bytes.push(...codes, 0);
      while ((bytes.length - start) % 8 !== 0) bytes.push(0);
    }
    previous = path;
  }
  return Uint8Array.from([...bytes, ...new Uint8Array(objectBytes)]);
}

function read(
  bytes: Uint8Array,
  objectBytes = 20,
): Decoded<readonly IndexEntry[]> {
  const header = decodeIndexHeader(bytes, objectBytes);
  if (!header.ok) return header;
  const entries: IndexEntry[] = [];
  const decoder = decodeIndexEntries(bytes, header.value);
  for (;;) {
    const { done, value } = decoder.next();
    if (done) return value.ok ? { ok: true, value: entries } : value;
    entries.push(value);
  }
}

function endOfEntries(bytes: Uint8Array): number {
  const header = decodeIndexHeader(bytes, 20);
  assert.ok(header.ok);
  const decoder = decodeIndexEntries(bytes, header.value);
  for (;;) {
    const { done, value } = decoder.next();
    if (!done) continue;
    assert.ok(value.ok);
    return value.value;
  }
}
