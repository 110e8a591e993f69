import assert from "node:assert/strict";
import { decodeProtobuf } from "../../../agent/decode/protobuf.ts";
import { hex } from "../../hex.ts";

/** The examples of the format's own documentation, behind each other. */
const GOOD = "089601" + "120774657374696e67" + "1a03089601" + "2d01000000";

Deno.test("decodeProtobuf() reads what its documentation gives as examples", () => {
  assert.deepEqual(decodeProtobuf(hex(GOOD)), {
    ok: true,
    value: [
      { number: 1, value: 150n },
      { number: 2, value: hex("74657374696e67") },
      { number: 3, value: hex("089601") },
      { number: 5, value: hex("01000000") },
    ],
  });
});

Deno.test("decodeProtobuf() refuses what is cut in a field", () => {
  const whole = new Set([0, 3, 12, 17]);
  const bytes = hex(GOOD);
  for (let length = 0; length < bytes.length; length++) {
    const decoded = decodeProtobuf(bytes.subarray(0, length));
    assert.equal(decoded.ok, whole.has(length), `${length}`);
  }
});

for (
  const { name, bytes } of [
    { name: "a field without a number", bytes: "0001" },
    { name: "a group", bytes: "0b0c" },
    { name: "an unknown type", bytes: "0f" },
    { name: "a number of eleven bytes", bytes: "08" + "80".repeat(10) + "00" },
    { name: "a number past 64 bits", bytes: "08" + "ff".repeat(9) + "02" },
    { name: "more bytes than there are", bytes: "1205616263" },
  ]
) {
  Deno.test(`decodeProtobuf() refuses ${name}`, () => {
    assert.equal(decodeProtobuf(hex(bytes)).ok, false);
  });
}
