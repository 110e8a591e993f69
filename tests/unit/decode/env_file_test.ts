import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeEnvFile } from "../../../agent/decode/env_file.ts";

// As `EnvFileKeyValuePairs` of the runner reads them (FileCommandManager.cs).
const FILES: readonly [
  name: string,
  text: string,
  entries: readonly [string, string][],
][] = [
  ["nothing", "", []],
  ["a variable", "A=1\n", [["A", "1"]]],
  ["a variable without its line feed", "A=1", [["A", "1"]]],
  ["a byte order mark", "\ufeffA=1\n", [["A", "1"]]],
  ["an equals sign in a value", "A=1=2\n", [["A", "1=2"]]],
  ["an empty value", "A=\n", [["A", ""]]],
  ["empty lines", "\n\nA=1\n\n", [["A", "1"]]],
  ["a carriage return", "A=1\r\n", [["A", "1\r"]]],
  ["blanks, which belong to the name", " A =1\n", [[" A ", "1"]]],
  ["several lines", "A<<E\nx\ny\nE\nB=2\n", [["A", "x\ny"], ["B", "2"]]],
  ["no lines at all", "A<<E\nE\n", [["A", ""]]],
  ["a heredoc that is not closed", "A<<E\nx\n", [["A", "x\n"]]],
  ["a delimiter with an equals sign", "A<<E=1\nx\nE=1\n", [["A", "x"]]],
  ["an equals sign before a heredoc's", "A=x<<E\n", [["A", "x<<E"]]],
  ["a delimiter inside a line", "A<<E\nxE\nE\n", [["A", "xE"]]],
  ["a variable inside a heredoc", "A<<E\nB=1\nE\n", [["A", "B=1"]]],
  ["a second value", "A=1\nA=2\n", [["A", "1"], ["A", "2"]]],
  ["a line that is neither", "A=1\nnonsense\nB=2\n", [["A", "1"]]],
  ["an empty name", "A=1\n=2\nB=2\n", [["A", "1"]]],
  ["an empty delimiter", "A<<\nx\n", []],
  ["a heredoc without a name", "<<E\nx\nE\n", []],
];
for (const [name, text, entries] of FILES) {
  Deno.test(`decodeEnvFile() reads ${name}`, () => {
    const pairs = decodeEnvFile(text).map(({ name, value }) => [name, value]);
    assert.deepEqual(pairs, entries);
  });
}

Deno.test("decodeEnvFile() reads every beginning of a file", () => {
  const text = "A=1\nB<<E\nx\nE\nC=3\n";
  for (let end = 0; end <= text.length; end++) {
    for (const { name } of decodeEnvFile(text.slice(0, end))) {
      assert.match(name, /^[ABC]$/);
    }
  }
});

Deno.test("decodeEnvFile() gives back what was written", () => {
  const name = fc.stringMatching(/^[A-Z_]{1,8}$/);
  const value = fc.stringMatching(/^[^\n]*$/);
  fc.assert(fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
    const text = pairs.map(([n, v]) => `${n}=${v}\n`).join("");
    const read = decodeEnvFile(text).map((e) => [e.name, e.value]);
    assert.deepEqual(read, pairs);
  }));
});

Deno.test("decodeEnvFile() reads a long file in time that grows with it alone", () => {
  const text = "A<<E\n".repeat(2e5);
  assert.equal(decodeEnvFile(text).length, 1);
  assert.equal(decodeEnvFile("A<<E\nE\n".repeat(1e5)).length, 1e5);
});
