import assert from "node:assert/strict";
import fc from "fast-check";
import {
  renderTable,
  shortenMiddle,
  wrapWords,
} from "../../../agent/report/table.ts";

const COLUMNS = [
  { title: "NAME", least: 5 },
  { title: "PORT", align: "right", drop: 1 },
  { title: "END" },
] as const;

Deno.test("renderTable() aligns columns and leaves no space at the end", () => {
  assert.deepEqual(
    renderTable(COLUMNS, {
      rows: [["a", "443", "x"], ["bcdef", "1", "y"]],
      width: 80,
    }),
    [
      "NAME   PORT  END",
      "a       443  x",
      "bcdef     1  y",
    ],
  );
});

Deno.test("renderTable() counts wide characters as two", () => {
  assert.deepEqual(
    renderTable(COLUMNS, {
      rows: [["日本", "1", "x"], ["abcd", "2", "y"]],
      width: 80,
    }),
    [
      "NAME  PORT  END",
      "日本     1  x",
      "abcd     2  y",
    ],
  );
});

Deno.test("renderTable() shortens the middle of long cells first", () => {
  assert.deepEqual(
    renderTable(COLUMNS, { rows: [["abcdefghij", "1", "x"]], width: 18 }),
    [
      "NAME     PORT  END",
      "abc…hij     1  x",
    ],
  );
});

Deno.test("renderTable() drops a column when shortening is not enough", () => {
  assert.deepEqual(
    renderTable(COLUMNS, { rows: [["abcdefghij", "1", "x"]], width: 12 }),
    [
      "NAME     END",
      "abc…hij  x",
    ],
  );
});

const SHORTENED: readonly {
  readonly text: string;
  readonly width: number;
  readonly shortened: string;
}[] = [
  { text: "abcdef", width: 6, shortened: "abcdef" },
  { text: "abcdef", width: 5, shortened: "ab…ef" },
  { text: "abcdef", width: 4, shortened: "ab…f" },
  { text: "abcdef", width: 1, shortened: "…" },
  { text: "日本語日本語", width: 7, shortened: "日…語" },
  { text: "😀😀😀", width: 5, shortened: "😀…😀" },
];

for (const { text, width, shortened } of SHORTENED) {
  Deno.test(`shortenMiddle() cuts ${text} to ${width}`, () => {
    assert.equal(shortenMiddle(text, width), shortened);
  });
}

Deno.test("wrapWords() breaks between words", () => {
  assert.deepEqual(wrapWords("aa bb cc dd", 5), ["aa bb", "cc dd"]);
});

Deno.test("wrapWords() shortens a word that is too long", () => {
  assert.deepEqual(wrapWords("a bcdefghij k", 5), ["a", "bc…ij", "k"]);
});

Deno.test("renderTable() fits every width from its least on", () => {
  const cell = fc.string({
    unit: fc.constantFrom(..."abc.日本"),
    maxLength: 40,
  });
  const rows = fc.array(fc.tuple(cell, fc.constant("65535"), fc.constant("z")));
  fc.assert(
    fc.property(rows, fc.integer({ min: 12, max: 60 }), (cells, width) => {
      for (const line of renderTable(COLUMNS, { rows: cells, width: width })) {
        const wide = line.match(/[日本]/g)?.length ?? 0;
        assert.ok(Array.from(line).length + wide <= width, line);
      }
    }),
  );
});
