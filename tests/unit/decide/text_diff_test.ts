import assert from "node:assert/strict";
import { applyPatch } from "diff";
import fc from "fast-check";
import { diffTexts, MAX_TEXT_BYTES } from "../../../agent/decide/text_diff.ts";
import { ascii } from "../decode/hellos.ts";

/** What GNU diff 3.8 prints with `-u3`, counts of 1 written out. */
const DIFFS: readonly {
  name: string;
  before: string;
  after: string;
  diff: string | null;
}[] = [
  { name: "nothing", before: "a\n", after: "a\n", diff: null },
  {
    name: "a new file",
    before: "",
    after: "a\nb\n",
    diff: "@@ -0,0 +1,2 @@\n+a\n+b\n",
  },
  {
    name: "an emptied file",
    before: "a\nb\n",
    after: "",
    diff: "@@ -1,2 +0,0 @@\n-a\n-b\n",
  },
  {
    name: "a line within",
    before: "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
    after: "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
    diff: "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n",
  },
  {
    name: "a line that came in a run of its like",
    before: "a\na\na\na\na\n",
    after: "a\na\na\na\na\na\n",
    diff: "@@ -3,3 +3,4 @@\n a\n a\n a\n+a\n",
  },
  {
    name: "a line feed that went",
    before: "a\nb\n",
    after: "a\nb",
    diff: "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n",
  },
  {
    name: "line ends",
    before: "a\r\nb\n",
    after: "a\nb\n",
    diff: "@@ -1,2 +1,2 @@\n-a\r\n+a\n b\n",
  },
  {
    name: "bytes that are not UTF-8",
    before: "\xff\n",
    after: "\xfe\n",
    diff: "@@ -1,1 +1,1 @@\n-\ufffd\n+\ufffd\n",
  },
  {
    name: "a text that became a program",
    before: "a\n",
    after: "\x7fELF\0\0\0\0",
    diff: "@@ -1,1 +1,1 @@\n-a\n+\x7fELF\0\0\0\0\n" +
      "\\ No newline at end of file\n",
  },
  {
    name: "no text on either side",
    before: "\x7fELF\0\0\0\0",
    after: "\x7fELF\0\0\0\x01",
    diff: null,
  },
];

for (const { name, before, after, diff } of DIFFS) {
  Deno.test(`diffTexts() tells of ${name}`, () => {
    assert.equal(diffTexts(ascii(before), ascii(after)), diff);
  });
}

Deno.test("diffTexts() gives what turns the one text into the other", () => {
  const line = fc.constantFrom(
    "\n",
    "a\n",
    "b\n",
    "b\r\n",
    "c",
    "@@ -1 +1 @@\n",
  );
  const text = fc.array(line, { maxLength: 40 }).map((lines) => lines.join(""));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const diff = diffTexts(ascii(before), ascii(after));
      if (before === after) assert.equal(diff, null);
      else assert.equal(apply(before, diff!), after);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("diffTexts() gives it for far and near changes of a long text", () => {
  const at = fc.array(fc.nat(300), { maxLength: 20 });
  fc.assert(
    fc.property(at, at, (removed, changed) => {
      const lines = Array.from({ length: 301 }, (_, index) => `${index}\n`);
      const now = lines
        .map((each, index) => changed.includes(index) ? `x${each}` : each)
        .filter((_, index) => !removed.includes(index));
      const [before, after] = [lines.join(""), now.join("")];
      const diff = diffTexts(ascii(before), ascii(after));
      if (before === after) assert.equal(diff, null);
      else assert.equal(apply(before, diff!), after);
    }),
  );
});

Deno.test("diffTexts() shows what came even where much more has gone", () => {
  const before = repeat(5_000, (index) => `old ${index}\n`);
  const diff = diffTexts(ascii(before), ascii("evil()\n"))!;

  assert.ok(diff.startsWith("@@ -1,5000 +1,1 @@\n-old 0\n"), diff);
  assert.ok(
    diff.endsWith("-old 99\n\\ 4900 more lines are not shown\n+evil()\n"),
    diff,
  );
});

Deno.test("diffTexts() shows the part of a long line that differs", () => {
  const [before, after] = ["", "evil();"].map((inner) =>
    `${"x".repeat(9_000)}${inner}${"y".repeat(9_000)}\n`
  );
  const diff = diffTexts(ascii(before!), ascii(after!))!;

  assert.ok(diff.includes(`\n+[8960 bytes] ${"x".repeat(40)}evil();yyy`), diff);
  assert.ok(diff.length < 1_000);
});

Deno.test("diffTexts() shows what stands far to the right of nothing", () => {
  const blanks = " \t".repeat(5_000);
  const texts = [["", `${blanks}evil()\n`], ["a;\n", `a;${blanks}evil()\n`]];
  for (const [before, after] of texts) {
    const diff = diffTexts(ascii(before!), ascii(after!))!;
    assert.match(diff, /\n\+.*evil\(\)\n/);
    assert.ok(diff.length < 1_000);
  }
});

Deno.test("diffTexts() shows the last change behind much that changed", () => {
  // Twenty changes of forty lines each, and one of a single line at the end.
  const long = "x".repeat(200);
  const before = repeat(1_000, (index) => `${index} ${long}\n`);
  const after = repeat(
    1_000,
    (index) =>
      index % 50 === 0
        ? repeat(5, (count) => `${count}${long}\n`)
        : index === 990
        ? `${index} ${long}evil();\n`
        : `${index} ${long}\n`,
  );
  const diff = diffTexts(ascii(before), ascii(after))!;

  assert.match(diff, /\n\+.*evil\(\);\n/);
  assert.ok(diff.length < 33_000, `${diff.length}`);
});

Deno.test("diffTexts() has bounds, whatever it is given", () => {
  const pairs: [string, string][] = [
    [repeat(90_000, () => "a\n"), repeat(90_000, () => "\n")],
    [
      repeat(9_000, (at) => `${at % 3}\n`),
      repeat(9_000, (at) => `${at % 7}\n`),
    ],
    [
      repeat(9_000, (at) => `${at}\n`),
      repeat(9_000, (at) => at % 9 ? `${at}\n` : "x\n"),
    ],
    ["x".repeat(MAX_TEXT_BYTES), `\n${"x".repeat(MAX_TEXT_BYTES - 1)}`],
    ["\x80".repeat(MAX_TEXT_BYTES), "\x81\n".repeat(MAX_TEXT_BYTES / 2)],
  ];
  for (const [before, after] of pairs) {
    const diff = diffTexts(ascii(before), ascii(after))!;
    assert.match(diff, /^@@ -1,\d+ \+1,\d+ @@\n/);
    assert.ok(diff.length < 40_000, `${diff.length}`);
  }
});

Deno.test("diffTexts() gives none for what is too long", () => {
  const long = new Uint8Array(MAX_TEXT_BYTES + 1).fill(0x61);

  assert.equal(diffTexts(new Uint8Array(0), long), null);
  assert.notEqual(diffTexts(new Uint8Array(0), long.subarray(1)), null);
});

function repeat(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("");
}

function apply(before: string, hunks: string): string | false {
  const patch = `--- a\n+++ b\n${hunks}`;
  return applyPatch(before, patch, { autoConvertLineEndings: false });
}
