/** What the action tells later steps, and how the runner reads it. */
import assert from "node:assert/strict";
import process from "node:process";
import * as core from "@actions/core";
import fc from "fast-check";
import { parse } from "yaml";
import { OUTPUTS, type Outputs } from "../../agent/action/outputs.ts";
import { setOutputs } from "../../agent/action/show.ts";
import { readPairs } from "../action/commands.ts";
import { ROOT } from "../style/tree.ts";

/** What ends a value, names another one, or looks like either. */
const VALUE = fc.array(
  fc.constantFrom(
    ..."a =<",
    ...["\n", "\r", "<<", "EOF", "end-", "guarded=true", "é", "::", "%0A"],
  ),
).map((parts) => parts.join(""));

/** What is written to the step's file of outputs meanwhile. */
function written(act: (path: string) => void): string {
  const path = Deno.makeTempFileSync();
  try {
    act(path);
    return Deno.readTextFileSync(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("action.yml names the outputs of the code, and what they mean", async () => {
  const { outputs } = parse(await Deno.readTextFile(`${ROOT}action.yml`));
  assert.deepEqual(
    outputs,
    Object.fromEntries(
      Object.entries(OUTPUTS).map(([name, description]) => [
        name,
        { description },
      ]),
    ),
  );
});

Deno.test("README explains the outputs as the code does, and no other", async () => {
  const readme = await Deno.readTextFile(`${ROOT}README.md`);
  const [, body] = /\n\| Output +\|[^\n]*\n\|[^\n]*\n((?:\|[^\n]*\n)+)/
    .exec(readme) ?? [];
  const rows = body?.trimEnd().split("\n").map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim())
  );
  assert.deepEqual(
    rows,
    Object.entries(OUTPUTS).map(([name, meaning]) => [`\`${name}\``, meaning]),
  );
});

Deno.test("setOutputs() writes any value so that the runner reads no other", () => {
  fc.assert(
    fc.property(VALUE, VALUE, VALUE, (guarded, mode, journal) => {
      const outputs: Outputs = { guarded, mode, journal };
      const text = written((path) =>
        setOutputs(outputs, { GITHUB_OUTPUT: path })
      );
      assert.deepEqual(readPairs(text), Object.entries(outputs));
    }),
  );
});

Deno.test("setOutputs() ends no two values alike", () => {
  const outputs: Outputs = { guarded: "true", mode: "audit", journal: "/a" };
  const text = written((path) => {
    setOutputs(outputs, { GITHUB_OUTPUT: path });
    setOutputs(outputs, { GITHUB_OUTPUT: path });
  });
  const ends = [...text.matchAll(/<<(.{20,})$/gm)].map(([, end]) => end);
  assert.equal(new Set(ends).size, 2 * Object.keys(OUTPUTS).length);
});

Deno.test("readPairs() of the stand-in reads what @actions/core writes", () => {
  fc.assert(
    fc.property(VALUE, VALUE, (first, second) => {
      const text = written((path) => {
        process.env.GITHUB_OUTPUT = path;
        try {
          core.setOutput("first", first);
          core.setOutput("second", second);
        } finally {
          delete process.env.GITHUB_OUTPUT;
        }
      });
      const pairs = [["first", first], ["second", second]];
      assert.deepEqual(readPairs(text), pairs);
    }),
  );
});
