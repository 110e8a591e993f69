import assert from "node:assert/strict";
import fc from "fast-check";
import {
  applyDelta,
  decodeDeltaHeader,
} from "../../../agent/decode/git_delta.ts";
import { inflate } from "../../../agent/decode/inflate.ts";
import { hex } from "../../hex.ts";
import { GIT_ENTRIES, GIT_FIRST, GIT_PACK, GIT_SECOND } from "./git_samples.ts";
import { ascii } from "./hellos.ts";

const BASE = ascii("0123456789");

const REFUSED: readonly { name: string; dump: string; why: RegExp }[] = [
  { name: "no bytes", dump: "", why: /base/ },
  { name: "no size of the result", dump: "0a", why: /size of its result/ },
  { name: "another base", dump: "0b 01 0161", why: /another base/ },
  { name: "a result that is too large", dump: "0a 15", why: /21 bytes/ },
  { name: "the operation 0", dump: "0a 01 00", why: /not known/ },
  { name: "an insert that is cut off", dump: "0a 02 0261", why: /cut off/ },
  { name: "a copy that is cut off", dump: "0a 02 9103", why: /cut off/ },
  { name: "a copy past the base", dump: "0a 02 91 09 02", why: /not there/ },
  { name: "a copy of size 0", dump: "0a 02 81 00", why: /not there/ },
  { name: "more than its result", dump: "0a 01 026161", why: /not there/ },
  { name: "less than its result", dump: "0a 02 0161", why: /too early/ },
  { name: "a size without an end", dump: "ff".repeat(20), why: /base/ },
];

Deno.test("applyDelta() makes the file that git made a delta of", () => {
  const [, start] = GIT_ENTRIES;
  const delta = inflate(GIT_PACK.subarray(start + 3), 19);
  assert.ok(delta.ok);

  assert.deepEqual(decodeDeltaHeader(delta.value), {
    ok: true,
    value: { baseBytes: 224, resultBytes: 224, headerBytes: 4 },
  });
  assert.deepEqual(
    applyDelta(GIT_FIRST, { delta: delta.value, room: new Uint8Array(224) }),
    { ok: true, value: GIT_SECOND },
  );
  for (let length = 0; length < delta.value.length; length++) {
    const cut = delta.value.subarray(0, length);
    const { ok } = applyDelta(GIT_FIRST, {
      delta: cut,
      room: new Uint8Array(224),
    });
    assert.equal(ok, false, `${length} bytes`);
  }
});

for (const { name, dump, why } of REFUSED) {
  Deno.test(`applyDelta() refuses ${name}`, () => {
    const result = applyDelta(BASE, {
      delta: hex(dump),
      room: new Uint8Array(20),
    });

    assert.ok(!result.ok);
    assert.match(result.why, why);
  });
}

Deno.test("applyDelta() takes a size of zero for 65536", () => {
  const base = new Uint8Array(0x1_0000).fill(7);
  const delta = hex("808004 808004 80");

  assert.deepEqual(
    applyDelta(base, { delta, room: new Uint8Array(0x1_0000) }),
    {
      ok: true,
      value: base,
    },
  );
});

Deno.test("applyDelta() makes an empty file", () => {
  assert.deepEqual(
    applyDelta(BASE, { delta: hex("0a00"), room: new Uint8Array(0) }),
    {
      ok: true,
      value: new Uint8Array(0),
    },
  );
});

Deno.test("applyDelta() does what was written down, in any order", () => {
  const base = Uint8Array.from({ length: 70_000 }, (_, at) => at % 251);
  const insert = fc.uint8Array({ minLength: 1, maxLength: 127 });
  const copy = fc.tuple(fc.nat(base.length - 1), fc.integer({ min: 1 }))
    .map(([from, size]) => ({ from, size: size % (base.length - from) || 1 }));
  fc.assert(
    fc.property(fc.array(fc.oneof(insert, copy)), (operations) => {
      const expected = operations.flatMap((each) => [
        ...(each instanceof Uint8Array
          ? each
          : base.subarray(each.from, each.from + each.size)),
      ]);
      const delta = Uint8Array.from([
        ...sizeBytes(base.length),
        ...sizeBytes(expected.length),
        ...operations.flatMap((each) =>
          each instanceof Uint8Array
            ? [each.length, ...each]
            : copyBytes(each.from, each.size)
        ),
      ]);
      assert.deepEqual(
        applyDelta(base, { delta, room: new Uint8Array(expected.length) }),
        { ok: true, value: Uint8Array.from(expected) },
      );
    }),
    { numRuns: 50 },
  );
});

function sizeBytes(size: number): number[] {
  return size < 0x80
    ? [size]
    : [size & 0x7f | 0x80, ...sizeBytes(Math.floor(size / 0x80))];
}

function copyBytes(from: number, size: number): number[] {
  const bytes = [0, 8, 16, 24].map((shift) => from >>> shift & 0xff);
  const sizes = [0, 8, 16].map((shift) => size >>> shift & 0xff);
  const all = [...bytes, ...sizes];
  const bits = all.reduce(
    (sum, byte, index) => byte === 0 ? sum : sum | 1 << index,
    0x80,
  );
  return [bits, ...all.filter((byte) => byte !== 0)];
}
