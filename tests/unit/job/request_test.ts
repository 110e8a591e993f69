import assert from "node:assert/strict";
import { readRequest } from "../../../agent/job/request.ts";
import { AgentError } from "../../../agent/errors.ts";

const GOOD = {
  version: 1,
  stage: "pre",
  inputs: { "egress-policy": "block" },
  environment: { RUNNER_TEMP: "/tmp" },
};

const REFUSED: readonly { readonly name: string; readonly text: string }[] = [
  { name: "nothing", text: "" },
  { name: "no object", text: "[]" },
  { name: "null", text: "null" },
  { name: "another version", text: JSON.stringify({ ...GOOD, version: 2 }) },
  { name: "another stage", text: JSON.stringify({ ...GOOD, stage: "end" }) },
  { name: "no inputs", text: JSON.stringify({ ...GOOD, inputs: undefined }) },
  {
    name: "an input that is no text",
    text: JSON.stringify({ ...GOOD, inputs: { deny: [] } }),
  },
  {
    name: "an environment that is a list",
    text: JSON.stringify({ ...GOOD, environment: ["A=1"] }),
  },
];

Deno.test("readRequest() reads what an entry writes", () => {
  const { inputs, environment, ...rest } = readRequest(JSON.stringify(GOOD));
  assert.deepEqual(rest, { version: 1, stage: "pre" });
  assert.deepEqual({ ...inputs }, GOOD.inputs);
  assert.deepEqual({ ...environment }, GOOD.environment);
});

Deno.test("readRequest() gives names of every object no meaning", () => {
  const text = '{"version":1,"stage":"main","inputs":{"__proto__":"x"},' +
    '"environment":{}}';
  assert.deepEqual(Object.keys(readRequest(text).inputs), ["__proto__"]);
});

for (const { name, text } of REFUSED) {
  Deno.test(`readRequest() refuses ${name}`, () => {
    assert.throws(
      () => readRequest(text),
      (error) =>
        error instanceof AgentError && error.code === "request_invalid",
    );
  });
}

Deno.test("readRequest() refuses every truncation of a good request", () => {
  const text = JSON.stringify(GOOD);
  for (let length = 0; length < text.length; length++) {
    assert.throws(() => readRequest(text.slice(0, length)), AgentError);
  }
});
