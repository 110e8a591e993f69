import assert from "node:assert/strict";
import {
  type ExplainedFile,
  explainFile,
  isFileTarget,
} from "../../../agent/decide/explain_file.ts";
import { parsePolicy } from "../../../agent/decide/policy_file.ts";

const POLICY = `
version: 1
source:
  ignore: [ "dist/**" ]
  allow:
    - { path: "src/**", process: /usr/bin/deno, step: Format }
    - { path: /usr/local/bin/* }
on: { overwritten: fail }
`;

const ROWS: readonly (ExplainedFile & { readonly said: readonly RegExp[] })[] =
  [
    {
      target: "./dist/a",
      said: [/not told: the entry "dist\/\*\*" of source/],
    },
    { target: "/dist/a", said: [/told as overwritten, and the job fails/] },
    {
      target: "./src/a",
      said: [/told as overwritten/, /"path: src.*Format" is for others/],
    },
    {
      target: "./src/a",
      process: "/usr/bin/deno",
      step: "Format",
      said: [/told, and may be: the entry is "path: src/],
    },
    {
      target: "./src/a",
      process: "/usr/bin/deno",
      step: "Build",
      said: [/told as overwritten/, /is for others/],
    },
    { target: "/usr/local/bin/cc", said: [/may be: .*local\/bin\/\*"/] },
    { target: "./ü\n", said: [/of "\.\/ü\\n" are told as overwritten/] },
  ];

for (const { said, ...asked } of ROWS) {
  const { target, step = "some" } = asked;
  Deno.test(`explainFile() explains ${JSON.stringify(target)} in ${step} step`, () => {
    const sentences = explainFile(parsePolicy(POLICY, "policy.yml"), asked);
    assert.equal(sentences.length, said.length, sentences.join("\n"));
    said.forEach((pattern, at) => assert.match(sentences[at]!, pattern));
  });
}

Deno.test("explainFile() says that nothing is told where nobody watches", () => {
  const policy = parsePolicy(
    "version: 1\nsource: { watch: false }",
    "policy.yml",
  );
  assert.deepEqual(explainFile(policy, { target: "./a" }), [
    'Changes of "./a" are not told: source.watch is false.',
  ]);
});

Deno.test("isFileTarget() tells a file from a host", () => {
  assert.equal(isFileTarget("./a"), true);
  assert.equal(isFileTarget("/a"), true);
  assert.equal(isFileTarget("a.example"), false);
  assert.equal(isFileTarget("192.0.2.0/24"), false);
});
