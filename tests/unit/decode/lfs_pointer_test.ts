import assert from "node:assert/strict";
import { decodeLfsPointer } from "../../../agent/decode/lfs_pointer.ts";
import { ascii } from "./hellos.ts";

// From the specification of Git LFS, "The Pointer".
const SHA256 =
  "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
const POINTER = `version https://git-lfs.github.com/spec/v1
oid sha256:${SHA256}
size 12345
`;

Deno.test("decodeLfsPointer() reads what the specification shows", () => {
  assert.deepEqual(decodeLfsPointer(ascii(POINTER)), {
    ok: true,
    value: { sha256: SHA256, bytes: 12_345 },
  });
});

Deno.test("decodeLfsPointer() refuses every truncation", () => {
  for (let end = 0; end < POINTER.length; end++) {
    assert.equal(decodeLfsPointer(ascii(POINTER.slice(0, end))).ok, false);
  }
});

const REFUSED: readonly [name: string, text: string][] = [
  ["another version", POINTER.replace("v1", "v2")],
  ["a hash of another kind", POINTER.replace("sha256:", "sha512:")],
  ["a hash in upper case", POINTER.replace("4d7a", "4D7A")],
  ["a size that is no number", POINTER.replace("12345", "1e5")],
  [
    "a size that is larger than a number",
    POINTER.replace("12345", "9".repeat(17)),
  ],
  ["an extension", POINTER.replace("oid", "ext-0-a sha256:00\noid")],
  ["text behind it", POINTER + "x\n"],
  ["a large file", POINTER + " ".repeat(2_000)],
];

for (const [name, text] of REFUSED) {
  Deno.test(`decodeLfsPointer() refuses ${name}`, () => {
    assert.equal(decodeLfsPointer(ascii(text)).ok, false);
  });
}
