import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { parsePolicy } from "../../../agent/decide/policy_file.ts";
import schema from "../../../agent/decide/policy.schema.json" with {
  type: "json",
};
import { AgentError } from "../../../agent/errors.ts";
import { ACCEPTED, REFUSED } from "./policy_fixtures.ts";

const validate = new Ajv2020({ strictTypes: false }).compile(schema);

for (const { name, text } of ACCEPTED) {
  Deno.test(`policy.schema.json accepts ${name}, as parsePolicy() does`, () => {
    assert.equal(validate(parse(text)), true, JSON.stringify(validate.errors));
    parsePolicy(text, "policy.yml");
  });
}

for (const { name, text } of REFUSED) {
  Deno.test(`policy.schema.json refuses ${name}, as parsePolicy() does`, () => {
    assert.equal(validate(parse(text)), false);
    assert.throws(
      () => parsePolicy(text, "policy.yml"),
      (error) => error instanceof AgentError && error.code === "policy_invalid",
    );
  });
}
