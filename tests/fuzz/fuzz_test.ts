import assert from "node:assert/strict";
import { describeCrash, describeHunt, hunt } from "./hunt.ts";
import { minimize } from "./minimize.ts";
import { makeInput } from "./mutator.ts";
import { Random } from "./random.ts";
import { readRegressions } from "./regressions.ts";
import { TARGET_NAMES } from "./targets.ts";

/** In all. */
const SECONDS = 60;
/** The pipeline is all of them together. */
const PIPELINE_SHARE = 3;
/** The same each time: a change is red for what it changed, or not at all. */
const SEED = 20260101;

for (const target of TARGET_NAMES) {
  Deno.test(`${target} holds what it must for hostile bytes`, async () => {
    const share = target === "pipeline" ? PIPELINE_SHARE : 1;
    const result = await hunt({
      target,
      seconds: SECONDS * share / (TARGET_NAMES.length - 1 + PIPELINE_SHARE),
      seed: SEED,
      inputs: readRegressions(target),
    });

    console.log(describeHunt(target, result));
    const { crash } = result;
    if (crash !== null) {
      assert.fail(describeCrash(crash, { target, seed: SEED }));
    }
    // A hunt that came nowhere would prove nothing.
    assert.ok(result.runs > 100, `${result.runs} inputs`);
    assert.ok(result.characters > 1_000, `${result.characters} characters`);
  });
}

Deno.test("makeInput() makes the same inputs from the same seed", () => {
  const material = {
    corpus: [Uint8Array.of(1, 2, 3, 4), new Uint8Array(40)],
    tokens: [Uint8Array.of(9, 9)],
    maxBytes: 50,
  };
  const [one, other] = [new Random(7), new Random(7)];
  for (let count = 0; count < 10_000; count++) {
    const input = makeInput(material, one);
    assert.deepEqual(input, makeInput(material, other));
    assert.ok(input.length <= material.maxBytes);
  }
  assert.deepEqual(material.corpus[0], Uint8Array.of(1, 2, 3, 4));
});

Deno.test("minimize() leaves what the failure needs", () => {
  const input = Uint8Array.from({ length: 1000 }, (_, at) => at);
  const short = minimize(
    input,
    (bytes) => bytes.includes(77) && bytes.includes(200),
  );

  assert.deepEqual(short, Uint8Array.of(77, 200));
});
