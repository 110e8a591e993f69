import assert from "node:assert/strict";
import { readVarint } from "../../../agent/decode/quic_varint.ts";
import { hex } from "../../hex.ts";

// The samples of RFC 9000 appendix A.1, and the edges of each length.
const READ: readonly { dump: string; value: number }[] = [
  { dump: "00", value: 0 },
  { dump: "25", value: 37 },
  { dump: "3f", value: 63 },
  { dump: "4025", value: 37 },
  { dump: "7bbd", value: 15_293 },
  { dump: "7fff", value: 16_383 },
  { dump: "9d7f3e7d", value: 494_878_333 },
  { dump: "bfffffff", value: 1_073_741_823 },
  { dump: "c2197c5eff14e88c", value: Number(151_288_809_941_952_652n) },
  { dump: "c000000000000005", value: 5 },
];

for (const { dump, value } of READ) {
  Deno.test(`readVarint() reads ${dump}`, () => {
    const bytes = hex(`ff ${dump} ff`);
    const end = bytes.length - 1;

    assert.deepEqual(readVarint(bytes, 1), { value, end });
  });

  Deno.test(`readVarint() finds every truncation of ${dump}`, () => {
    const bytes = hex(dump);
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(readVarint(bytes.subarray(0, length), 0), null);
    }
  });
}

Deno.test("readVarint() reads nothing behind the end", () => {
  assert.equal(readVarint(hex("00"), 7), null);
});
