import assert from "node:assert/strict";
import { hex } from "../../hex.ts";

Deno.test("hex() reads pairs, spaces and comments", () => {
  const bytes = hex("00 Ff # ab\n\t1 2");
  assert.deepEqual(bytes, Uint8Array.of(0, 255, 0x12));
});

for (const dump of ["0", "0g", "0x00", "00 1"]) {
  Deno.test(`hex() throws on ${JSON.stringify(dump)}`, () => {
    assert.throws(() => hex(dump), SyntaxError);
  });
}
