import assert from "node:assert/strict";
import { whyNoName } from "../../../agent/processes/step_message.ts";
import { stepSocketPath } from "../../../agent/processes/step_place.ts";

for (
  const name of ["", " ", "a\nb", "\x1b[31m", "a\u202eb", "\0", "\ud800"]
) {
  Deno.test(`whyNoName() refuses ${JSON.stringify(name)}`, () => {
    assert.equal(typeof whyNoName(name), "string");
  });
}

for (const name of ["a", "Build & test", "::error::", "é".repeat(100)]) {
  Deno.test(`whyNoName() takes ${JSON.stringify(name)}`, () => {
    assert.equal(whyNoName(name), null);
  });
}

Deno.test("whyNoName() refuses what is longer than a board has room for", () => {
  assert.match(whyNoName("é".repeat(101))!, /202 bytes/);
});

Deno.test("stepSocketPath() is short, one for each state directory", () => {
  const path = stepSocketPath("/run/sluice");

  assert.equal(path.length, "/run/sluice-steps/0123456789abcdef".length);
  assert.equal(stepSocketPath("//run/sluice/"), path);
  assert.notEqual(stepSocketPath("/run/sluice/run-1"), path);
});
