/**
 * The readers of git's files: anybody who can write to a checkout can put bytes
 * there that git would never write.
 *
 * @module
 */
import { decodeEwah } from "../../agent/decode/ewah.ts";
import { decodeGitAttributes } from "../../agent/decode/git_attributes.ts";
import { decodeGitConfig } from "../../agent/decode/git_config.ts";
import { GitConversion } from "../../agent/decode/git_conversion.ts";
import {
  decodeIndexEntries,
  decodeIndexHeader,
  whyMisplaced,
} from "../../agent/decode/git_index.ts";
import type { IndexEntry } from "../../agent/decode/git_index_entry.ts";
import { decodeIndexExtensions } from "../../agent/decode/git_index_extensions.ts";
import {
  decodeSplitBitmaps,
  mergeSplit,
} from "../../agent/decode/git_index_split.ts";
import {
  decodeAlternates,
  decodeGitLink,
} from "../../agent/decode/git_link.ts";
import { storedForms } from "../../agent/decode/git_stored.ts";
import { decodeLfsPointer } from "../../agent/decode/lfs_pointer.ts";
import { hex } from "../hex.ts";
import {
  INDEX_SPLIT,
  INDEX_V2,
  INDEX_V3,
  INDEX_V4,
} from "../unit/decode/git_index_samples.ts";
import { ascii } from "../unit/decode/hellos.ts";
import { decodeTwice } from "./purity.ts";
import { must, type Target } from "./target.ts";

const MAX_PATH_BYTES = 4096;
/** Of a shared index, of which only the number of entries is needed here. */
const SHARED = 70;

const TEXTS = [
  "*.c text eol=crlf\n/a/**/b[a-z]? -text filter=lfs\n[attr]x y=z\n* x\n",
  '[core]\n\tautocrlf = input # a\n[filter "lfs"]\n\tsmudge = "a \\"b\\"" \\\nc\n',
  "gitdir: ../../.git/modules/a\n",
  '/a/objects\n"/b\\303\\274"\n# c\n',
];
const PATHS = ["a", "a/b", "d/e/bc1", "x.c", "a/".repeat(50) + "b"];
const SETTINGS = { isAutomatic: false, isCrlf: true };

/** Indexes. */
export function gitIndexTarget(): Target {
  return {
    name: "git_index",
    seeds: [INDEX_V2, INDEX_V3, INDEX_V4, INDEX_SPLIT].map(hex),
    tokens: [
      ...["6c696e6b", "73646972", "0000000100000000", "4000", "0fff", "e000"]
        .map(hex),
      ...[hex("000081a4"), hex("00000004"), ascii("../"), ascii(".git/")],
    ],
    ...{ maxBytes: 1024, batch: 256 },
    run(input) {
      for (const objectBytes of [20, 32]) {
        decodeTwice(input, (bytes) => readIndex(bytes, objectBytes));
      }
      decodeTwice(
        input,
        (bytes) =>
          decodeEwah(bytes, { at: 0, end: bytes.length, count: SHARED }),
      );
    },
  };
}

/** Settings, attributes and what leads from one place to another. */
export function gitTextTarget(): Target {
  return {
    name: "git_text",
    seeds: TEXTS.map(ascii),
    tokens: [
      ...["\n", "[attr]", '"', "\\", "/", "**/", "[[:alpha:]]", "[!", "eol="],
      ...["!", "-", "gitdir: ", "[a.b]", "#", "=", "\0", "binary"],
    ].map(ascii),
    ...{ maxBytes: 512, batch: 256 },
    run(input) {
      const text = String.fromCharCode(...input);
      const config = decodeGitConfig(text);
      for (const { name } of config.ok ? config.value : []) {
        must(/^(?:.+\.)?[a-z][a-z0-9-]*$/s.test(name), "a setting has a name");
      }
      const lines = decodeGitAttributes(text);
      const sources = [{ directory: "", lines }, { directory: "a/", lines }];
      const conversion = new GitConversion(sources, SETTINGS);
      for (const path of PATHS) {
        const found = conversion.conversionOf(path);
        if (found !== null) storedForms(input, found);
      }
      const link = decodeGitLink(text);
      const paths = [...decodeAlternates(text), ...link.ok ? [link.value] : []];
      for (const path of paths) {
        must(path !== "" && !path.includes("\0"), "a path can be opened");
      }
      decodeTwice(input, decodeLfsPointer);
    },
  };
}

/** Everything that can be read out of an index; null when it is refused. */
function readIndex(bytes: Uint8Array, objectBytes: number): unknown {
  const header = decodeIndexHeader(bytes, objectBytes);
  if (!header.ok) return header;
  const entries: IndexEntry[] = [];
  const decoder = decodeIndexEntries(bytes, header.value);
  for (;;) {
    const { done, value } = decoder.next();
    if (!done) {
      must(value.path.length <= MAX_PATH_BYTES, "a path is not too long");
      must(!value.path.includes("\0"), "a path can be opened");
      must(value.oid.length === 2 * objectBytes, "an object id is whole");
      const isOdd = value.path.split("/").includes("..");
      must(!isOdd || whyMisplaced(value, null) !== null, "no path leads out");
      entries.push(value);
      continue;
    }
    if (!value.ok) return value;
    const end = header.value.checksumAt;
    const where = { at: value.value, end, objectBytes };
    const link = decodeIndexExtensions(bytes, where);
    if (!link.ok || link.value === null) return [entries, link];
    const count = entries.length;
    const bitmaps = decodeSplitBitmaps(bytes, { link: link.value, count });
    if (!bitmaps.ok) return [entries, bitmaps];
    const both = { shared: entries, split: entries };
    return [entries, [...mergeSplit(both, bitmaps.value)]];
  }
}
