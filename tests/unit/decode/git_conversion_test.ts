import assert from "node:assert/strict";
import { decodeGitAttributes } from "../../../agent/decode/git_attributes.ts";
import { GitConversion } from "../../../agent/decode/git_conversion.ts";

const LINES: readonly [text: string, wanted: string[]][] = [
  ["", []],
  ["# a\n\n \t\n", []],
  ["a b", ["a: b"]],
  ["  a\tb -c !d e=f=g  ", ["a: b -c !d e=f=g"]],
  ["a b\r\nc d\r\n", ["a: b", "c: d"]],
  ["\u00ef\u00bb\u00bfa b", ["a: b"]],
  ['"a b\\t\\303" c', ["a b\t\u00c3: c"]],
  ['"a b c', []],
  ["!a b", []],
  ["a/ b", []],
  ["a b! c", []],
  ["a -", []],
  ["a builtin_b", []],
  ["[attr]x -y", ["[x]: -y"]],
  ["[attr] x y", ["[x]: y"]],
  ["a " + "b ".repeat(2_000), []],
];

for (const [text, wanted] of LINES) {
  const name = JSON.stringify(text).slice(0, 60);
  Deno.test(`decodeGitAttributes() reads ${name}`, () => {
    const lines = decodeGitAttributes(text).map(
      ({ glob, macro, attributes }) => {
        const what = glob?.kind === "name" ? glob.name : `[${macro}]`;
        const words = attributes.map(({ name, value }) =>
          value === true
            ? name
            : value === false
            ? `-${name}`
            : value === null
            ? `!${name}`
            : `${name}=${value}`
        );
        return `${what}: ${words.join(" ")}`;
      },
    );
    assert.deepEqual(lines, wanted);
  });
}

const PLAIN = { isAutomatic: false, isCrlf: false };
/** `core.autocrlf=true` and `core.eol=crlf`. */
const AUTOMATIC = { isAutomatic: true, isCrlf: true };
const CRLF = { isAutomatic: false, isCrlf: true };

// convert_attrs() and output_eol() of git, gitattributes(5).
const CONVERTED: readonly [
  attributes: string,
  wanted: [plain: boolean, automatic: boolean, crlf: boolean],
][] = [
  ["", [false, true, false]],
  ["* text", [false, true, true]],
  ["* text=auto", [false, true, true]],
  ["* text eol=lf", [false, false, false]],
  ["* text eol=crlf", [true, true, true]],
  ["* eol=crlf", [true, true, true]],
  ["* -text eol=crlf", [false, false, false]],
  ["* binary", [false, false, false]],
  ["* text=input", [false, false, false]],
  ["* crlf", [false, true, true]],
  ["* -crlf", [false, false, false]],
  ["* crlf=input", [false, false, false]],
  ["* !text crlf", [false, true, true]],
  ["* text -crlf", [false, true, true]],
  ["* -text ident", [true, true, true]],
  ["* -text filter=lfs", [true, true, true]],
  ["* -text filter", [false, false, false]],
  ["* -text working-tree-encoding=UTF-16", [true, true, true]],
  ["* -text\nd/* !text", [false, true, false]],
  ["* eol=crlf\n*.c -text", [false, false, false]],
  ["*.c -text\n* eol=crlf text", [true, true, true]],
  ["[attr]w eol=crlf\n*.c w", [true, true, true]],
  ["[attr]v w\n[attr]w eol=crlf\n*.c v", [true, true, true]],
  ["[attr]w w eol=crlf\n*.c w", [true, true, true]],
  ["[attr]w eol=crlf\n*.c -w", [false, true, false]],
  ["[attr]w eol=crlf\n*.c w\nd/x.c -w", [false, true, false]],
  ["*.c eol=crlf eol=lf", [false, false, false]],
];

for (const [text, wanted] of CONVERTED) {
  Deno.test(`GitConversion says ${wanted} of ${JSON.stringify(text)}`, () => {
    const sources = [{ directory: "", lines: decodeGitAttributes(text) }];
    const said = [PLAIN, AUTOMATIC, CRLF].map((settings) =>
      new GitConversion(sources, settings).conversionOf("d/x.c") !== null
    );
    assert.deepEqual(said, wanted);
  });
}

Deno.test("GitConversion takes the file that is nearest", () => {
  const sources = ["", "a/", "a/b/"].map((directory, depth) => ({
    directory,
    lines: decodeGitAttributes(depth === 1 ? "/*.c -text" : "*.c eol=crlf"),
  }));
  const conversion = new GitConversion(sources, PLAIN);

  assert.notEqual(conversion.conversionOf("x.c"), null);
  assert.equal(conversion.conversionOf("a/x.c"), null);
  assert.notEqual(conversion.conversionOf("a/c/x.c"), null);
  assert.notEqual(conversion.conversionOf("a/b/x.c"), null);
  assert.notEqual(conversion.conversionOf("ab/x.c"), null);
  assert.equal(conversion.conversionOf("a/x.h"), null);
});

Deno.test("GitConversion takes no macro from further down", () => {
  const conversion = new GitConversion([
    { directory: "a/", lines: decodeGitAttributes("[attr]w eol=crlf\n* w") },
  ], PLAIN);

  assert.equal(conversion.conversionOf("a/x"), null);
});

const EXCESSIVE: readonly [name: string, text: string][] = [
  ["lines", "*.x text\n".repeat(5_000)],
  [
    "macros",
    Array.from({ length: 50_000 }, (_, n) => `[attr]m${n} m${n + 1}\n`).join(
      "",
    ) + "* m0\n",
  ],
];

for (const [name, text] of EXCESSIVE) {
  Deno.test(`GitConversion takes all for converted with too many ${name}`, () => {
    const sources = [{ directory: "", lines: decodeGitAttributes(text) }];
    const conversion = new GitConversion(sources, PLAIN);
    assert.notEqual(conversion.conversionOf("a"), null);
  });
}

Deno.test("GitConversion gives up rather than take long", () => {
  const pattern = "/" + "*a".repeat(900);
  const text = `${pattern} text\n`.repeat(1_500);
  const sources = [{ directory: "", lines: decodeGitAttributes(text) }];
  const conversion = new GitConversion(sources, PLAIN);
  const startedMs = performance.now();
  for (let count = 0; count < 3_000; count++) {
    const path = `${"a".repeat(3_000)}${count}`;
    assert.notEqual(conversion.conversionOf(path), null);
  }

  // Without a limit it would be hours.
  assert.ok(performance.now() - startedMs < 60_000);
});

const LOCAL: readonly [name: string, lines: string[], wanted: boolean][] = [
  ["a filter that is tracked", ["* filter=x", ""], false],
  ["a filter that is not tracked", ["", "* filter=x"], true],
  [
    "one that stands in for the tracked one",
    ["* filter=x", "* filter=y"],
    true,
  ],
  ["what is said of other paths", ["* filter=x", "b filter=y"], false],
  ["a macro that is not tracked", ["* m", "[attr]m filter=x"], true],
];

for (const [name, [tracked, local], wanted] of LOCAL) {
  Deno.test(`conversionOf() says whether it is tracked of ${name}`, () => {
    const conversion = new GitConversion([
      { directory: "", lines: decodeGitAttributes(tracked!) },
      {
        ...{ directory: "", isTracked: false },
        lines: decodeGitAttributes(local!),
      },
    ], PLAIN);
    assert.equal(conversion.conversionOf("a")?.isLocal, wanted);
  });
}
