import assert from "node:assert/strict";
import { countTests, failedFiles } from "../run_tests.ts";

const ROWS: readonly { name: string; output: string; counts: number[] }[] = [
  {
    name: "nothing",
    output: "error: Type checking failed.",
    counts: [0, 0, 0],
  },
  {
    name: "a green run",
    output: "a ... ok (1ms)\n\nok | 7 passed | 0 failed (26ms)\n",
    counts: [7, 0, 0],
  },
  {
    name: "a red run",
    output: "FAILED | 65 passed | 6 failed (31ms)\n\nerror: Test failed\n",
    counts: [65, 6, 0],
  },
  {
    name: "steps and ignored tests",
    output:
      "FAILED | 3 passed (2 steps) | 1 failed (1 step) | 4 ignored (9ms)\n",
    counts: [3, 1, 4],
  },
  {
    name: "several runs",
    output:
      "ok | 1 passed | 0 failed (1ms)\nok | 2 passed | 0 failed | 1 ignored (1ms)",
    counts: [3, 0, 1],
  },
  {
    name: "a test that prints such a line in its own",
    output: '  "ok | 9 passed | 0 failed"\nok | 1 passed | 0 failed (1ms)\n',
    counts: [1, 0, 0],
  },
];

for (const { name, output, counts } of ROWS) {
  Deno.test(`countTests() counts ${name}`, () => {
    const { passed, failed, ignored } = countTests(output);

    assert.deepEqual([passed, failed, ignored], counts);
  });
}

Deno.test("failedFiles() names each file once, steps and odd names included", () => {
  const output = `a => ./tests/none_test.ts:1:1

 FAILURES 

outer ... a step => ./tests/unit/a_test.ts:1:55
x => y => ./tests/unit/a_test.ts:2:6
plain => ./tests/b_test.ts:2:6

FAILED | 1 passed | 3 failed (6ms)
`;

  assert.deepEqual(failedFiles(output), [
    "tests/unit/a_test.ts",
    "tests/b_test.ts",
  ]);
});

Deno.test("failedFiles() names none of a green run", () => {
  assert.deepEqual(failedFiles("ok | 1 passed | 0 failed (1ms)\n"), []);
});
