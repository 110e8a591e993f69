import assert from "node:assert/strict";
import { deflateRawSync, deflateSync } from "node:zlib";
import {
  deflate,
  inflate,
  INFLATE_START_BYTES,
  inflateStart,
} from "../../../agent/decode/inflate.ts";
import { hex } from "../../hex.ts";
import { GIT_FIRST, GIT_LOOSE } from "./git_samples.ts";
import { ascii } from "./hellos.ts";

const OBJECT_BYTES = GIT_FIRST.length + "blob 224\0".length;

const REFUSED: readonly { name: string; bytes: Uint8Array }[] = [
  { name: "no bytes", bytes: new Uint8Array(0) },
  { name: "NULs", bytes: new Uint8Array(50) },
  { name: "no zlib header", bytes: deflateRawSync(GIT_FIRST) },
  { name: "a wrong checksum", bytes: GIT_LOOSE.with(-1, 0) },
  // RFC 1950 section 2.2: FDICT, and the dictionary's checksum.
  { name: "a dictionary", bytes: hex("78bb 01020304 4bcac94f") },
  { name: "a block of type 3", bytes: hex("7801 07 00000000") },
];

Deno.test("inflate() inflates a loose object of git's", () => {
  const inflated = inflate(GIT_LOOSE, OBJECT_BYTES);

  assert.ok(inflated.ok);
  const header = ascii("blob 224\0");
  assert.deepEqual(inflated.value.subarray(0, header.length), header);
  assert.deepEqual(inflated.value.subarray(header.length), GIT_FIRST);
});

Deno.test("inflate() does not look at what follows", () => {
  const followed = Uint8Array.from([...GIT_LOOSE, ...GIT_LOOSE]);

  assert.deepEqual(
    inflate(followed, OBJECT_BYTES),
    inflate(GIT_LOOSE, OBJECT_BYTES),
  );
});

for (const { name, bytes } of REFUSED) {
  Deno.test(`inflate() refuses ${name}`, () => {
    const { ok } = inflate(bytes, 1_000);

    assert.equal(ok, false);
  });
}

Deno.test("inflate() refuses every truncation of a good stream", () => {
  for (let length = 0; length < GIT_LOOSE.length; length++) {
    const { ok } = inflate(GIT_LOOSE.subarray(0, length), OBJECT_BYTES);
    assert.equal(ok, false, `${length} bytes`);
  }
});

Deno.test("inflate() refuses one byte more than it may give", () => {
  for (const bytes of [0, 1, 2, 63, 64, 65, 100_000, 5_000_000]) {
    const stream = deflateSync(new Uint8Array(bytes));
    const inflated = inflate(stream, bytes);

    assert.equal(inflated.ok && inflated.value.length, bytes);
    if (bytes > 0) assert.equal(inflate(stream, bytes - 1).ok, false);
  }
});

Deno.test("inflateStart() gives what there is of a stream", () => {
  let longest = 0;
  for (let length = 2; length <= GIT_LOOSE.length; length++) {
    const started = inflateStart(GIT_LOOSE.subarray(0, length));
    assert.ok(started.ok, `${length} bytes`);
    assert.ok(started.value.length >= longest);
    longest = started.value.length;
  }
  assert.equal(longest, OBJECT_BYTES);
});

Deno.test("inflateStart() gives something of its shortest start", () => {
  // Bytes of very different frequencies have the longest of tables.
  const bytes = Uint8Array.from(
    { length: 1 << 16 },
    (_, index) => Math.clz32(Math.imul(index, 0x9e37_79b9)) * 8 + index % 7,
  );
  const stream = deflateSync(bytes, { level: 9 });
  const started = inflateStart(stream.subarray(0, INFLATE_START_BYTES));

  assert.ok(started.ok && started.value.length > 0);
});

Deno.test("inflateStart() gives no more than its bytes can stand for", () => {
  const stream = deflateSync(new Uint8Array(1 << 24));
  const started = inflateStart(stream.subarray(0, INFLATE_START_BYTES));

  assert.ok(started.ok);
  assert.ok(started.value.length <= INFLATE_START_BYTES * 1032);
});

Deno.test("deflate() makes what inflate() reads", () => {
  for (const bytes of [new Uint8Array(0), GIT_FIRST, GIT_LOOSE]) {
    assert.deepEqual(inflate(deflate(bytes), bytes.length), {
      ok: true,
      value: bytes,
    });
  }
});
