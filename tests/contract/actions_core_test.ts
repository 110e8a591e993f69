/**
 * GitHub's own package as the oracle for what we write and read ourselves.
 *
 * In tests only: it brings an HTTP client, which is nothing for a root process.
 */
import assert from "node:assert/strict";
import process from "node:process";
import * as core from "@actions/core";
import fc from "fast-check";
import { gatherRequest } from "../../agent/action/request.ts";
import { readInputs } from "../../agent/job/inputs.ts";
import { annotationLine } from "../../agent/report/annotations.ts";
import { inputVariables } from "../action/action_file.ts";
import { readCommands } from "../action/commands.ts";

const LEVELS = ["error", "warning", "notice"] as const;
/** What an escape may be needed for, and what looks like one. */
const TEXT = fc.array(
  fc.constantFrom(..."a1 %:,=;.-", "\n", "%0A", "%25", "%3A", "é"),
).map((parts) => `x${parts.join("")}x`);

/** What a function writes to the step's log. */
function written(act: () => void): string {
  const { write } = process.stdout;
  let text = "";
  process.stdout.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof write;
  try {
    act();
  } finally {
    process.stdout.write = write;
  }
  return text;
}

/** What a job's step gets to see of its `with:`. */
function withInputs<T>(
  given: Readonly<Record<string, string>>,
  act: () => T,
): T {
  const action = {
    ...{ directory: "", using: "node24", pre: null, main: "", post: null },
    ...{ preIf: "", postIf: "", inputs: {} },
  };
  const expand = (text: string) => text;
  const variables = inputVariables(action, { given, expand });
  for (const [name, value] of Object.entries(variables)) {
    process.env[name] = value;
  }
  try {
    return act();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

Deno.test("annotationLine() escapes as @actions/core does", () => {
  fc.assert(
    fc.property(fc.constantFrom(...LEVELS), TEXT, TEXT, (level, ...texts) => {
      const [title, message] = texts as [string, string];
      assert.equal(
        `${annotationLine({ level, title, message })}\n`,
        written(() => core[level](message, { title })),
      );
    }),
  );
});

Deno.test("readCommands() of the stand-in reads what @actions/core writes", () => {
  fc.assert(
    fc.property(fc.constantFrom(...LEVELS), TEXT, TEXT, (level, ...texts) => {
      const [title, message] = texts as [string, string];
      const text = written(() => core[level](message, { title }));
      const properties = { title };
      assert.deepEqual(readCommands(text), [
        { command: level, properties, message },
      ]);
    }),
  );
});

for (const name of ["egress-policy", "allowed-endpoints", "disable-sudo"]) {
  Deno.test(`gatherRequest() reads ${name} where @actions/core does`, () => {
    const given = { [name]: "a.test:443\nb.test:443" };
    withInputs(given, () => {
      const { inputs } = gatherRequest("pre", process.env);
      assert.equal(inputs[name], core.getInput(name));
    });
  });
}

/** Both refuse the rest: what YAML reads otherwise, too. */
const BOOLEANS = ["true", "True", "TRUE", "false", "False", "FALSE", " true "];
for (const word of [...BOOLEANS, "yes", "no", "on", "1", "0", "tru"]) {
  Deno.test(`disable-sudo: ${JSON.stringify(word)} is what @actions/core says`, () => {
    withInputs({ "disable-sudo": word }, () => {
      const { inputs } = gatherRequest("pre", process.env);
      const read = readInputs({ ...inputs, "egress-policy": "block" });
      if (!BOOLEANS.includes(word)) {
        assert.throws(() => core.getBooleanInput("disable-sudo"), TypeError);
        assert.equal(read.ok, false);
        return;
      }
      assert(read.ok);
      const theirs = core.getBooleanInput("disable-sudo");
      assert.equal(read.order.disableSudo, theirs);
    });
  });
}
