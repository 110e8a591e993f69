import assert from "node:assert/strict";
import { whyText } from "../../../agent/report/why.ts";

// The report may not import the decider, so the codes are read from its source.
const SOURCE = Deno.readTextFileSync(
  new URL("../../../agent/decide/decision.ts", import.meta.url),
);
const UNION = /export type Why =([^;]*);/.exec(SOURCE)![1]!;
const CODES = Array.from(UNION.matchAll(/"([a-z_]+)"/g), ([, code]) => code!);

Deno.test("decision.ts still has its codes where this test reads them", () => {
  assert.ok(CODES.length >= 16);
});

for (const code of CODES) {
  Deno.test(`whyText() explains ${code}`, () => {
    const { meaning, remedy } = whyText(code);

    assert.doesNotMatch(meaning, /The agent says/);
    for (const sentence of [meaning, remedy]) {
      assert.match(sentence, /^[A-Z][^`]*\.$/);
      assert.ok(sentence.length <= 76, sentence);
    }
  });
}

for (const code of ["from_the_future", "__proto__", "constructor", ""]) {
  Deno.test(`whyText() quotes the code "${code}" that it does not know`, () => {
    assert.equal(whyText(code).meaning, `The agent says "${code}".`);
  });
}

Deno.test("whyText() quotes no more than 40 characters", () => {
  assert.ok(whyText("x".repeat(1e6)).meaning.length < 70);
});
