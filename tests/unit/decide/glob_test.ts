import assert from "node:assert/strict";
import fc from "fast-check";
import { matchGlob, parseGlob } from "../../../agent/decide/glob.ts";
import { Refusal } from "../../../agent/decide/refusal.ts";
import { BAD_GLOBS } from "./policy_fixtures.ts";

interface Row {
  readonly glob: string;
  readonly path: string;
}

const MATCHES: readonly Row[] = [
  { glob: "package.json", path: "package.json" },
  { glob: "*", path: "a" },
  { glob: "*.ts", path: ".ts" },
  { glob: "src/*.ts", path: "src/a.ts" },
  { glob: "src/*/b", path: "src/.a/b" },
  { glob: "dist/**", path: "dist/a" },
  { glob: "dist/**", path: "dist/a/b/c" },
  { glob: "**", path: "a" },
  { glob: "**", path: "a/b" },
  { glob: "**/*.snap", path: "a.snap" },
  { glob: "**/*.snap", path: "a/b/c.snap" },
  { glob: "a/**/b", path: "a/b" },
  { glob: "a/**/b", path: "a/x/y/b" },
  { glob: "a/**/b/**/c", path: "a/b/b/x/c" },
  { glob: "a/**/b*/c/**/d", path: "a/b1/x/b2/c/d" },
  { glob: "**/**/a", path: "a" },
  { glob: "a/**/**", path: "a/b" },
  { glob: "app/[id]/{a}.ts", path: "app/[id]/{a}.ts" },
  { glob: "a\\b", path: "a\\b" },
  { glob: "...", path: "..." },
];

const DIFFERENT: readonly Row[] = [
  { glob: "package.json", path: "a/package.json" },
  { glob: "package.json", path: "package.json/a" },
  { glob: "package.json", path: "Package.json" },
  { glob: "*", path: "" },
  { glob: "*", path: "a/b" },
  { glob: "src/*.ts", path: "src/a/b.ts" },
  { glob: "dist/**", path: "dist" },
  { glob: "dist/**", path: "distant/a" },
  { glob: "dist/**", path: "a/dist/b" },
  { glob: "a/**/b", path: "a" },
  { glob: "a/**/b", path: "a/bb" },
  { glob: "a/**/b", path: "a/b/c" },
  { glob: "a/**/b/**/c", path: "a/c/b" },
  { glob: "a/**/b/c/**/d", path: "a/b/x/c/d" },
  { glob: "a/**/b/**/b", path: "a/b" },
  { glob: "**/x/a", path: "a" },
  { glob: "app/[id].ts", path: "app/i.ts" },
];

for (const { glob, path } of MATCHES) {
  Deno.test(`matchGlob() takes "${path}" for ${glob}`, () => {
    assert.equal(matchGlob(parseGlob(glob), path), true);
  });
}

for (const { glob, path } of DIFFERENT) {
  Deno.test(`matchGlob() does not take "${path}" for ${glob}`, () => {
    assert.equal(matchGlob(parseGlob(glob), path), false);
  });
}

Deno.test("matchGlob() compares bytes when a name is no ASCII", () => {
  const path = String.fromCharCode(...new TextEncoder().encode("é/ß.ts"));
  assert.equal(matchGlob(parseGlob("é/*.ts"), path), true);
  assert.equal(matchGlob(parseGlob("é/*.ts"), "é/ß.ts"), false);
  assert.equal(matchGlob(parseGlob("*/a"), "\xff\xfe/a"), true);
});

/** The same rules, by trying everything. */
function matchSlowly(
  glob: readonly string[],
  path: readonly string[],
): boolean {
  const [wanted, ...rest] = glob;
  if (wanted === undefined) return path.length === 0;
  if (wanted === "**") {
    const least = rest.length === 0 ? 1 : 0;
    for (let skip = least; skip <= path.length; skip++) {
      if (rest.length === 0 || matchSlowly(rest, path.slice(skip))) return true;
    }
    return false;
  }
  const [name, ...others] = path;
  if (name === undefined) return false;
  const isName = new RegExp(`^${wanted.replaceAll("*", ".*")}$`).test(name) &&
    name !== "";
  return isName && matchSlowly(rest, others);
}

Deno.test("matchGlob() agrees with trying everything", () => {
  const name = fc.stringMatching(/^[ab]{1,3}$/);
  const wanted = fc.oneof(
    fc.stringMatching(/^[ab*]{1,3}$/).filter((text) => !text.includes("**")),
    fc.constant("**"),
  );
  fc.assert(
    fc.property(
      fc.array(wanted, { minLength: 1, maxLength: 7 }),
      fc.array(name, { minLength: 1, maxLength: 8 }),
      (glob, path) => {
        const is = matchGlob(parseGlob(glob.join("/")), path.join("/"));
        assert.equal(is, matchSlowly(glob, path));
      },
    ),
    { numRuns: 3_000 },
  );
});

Deno.test("matchGlob() ends soon for a hostile glob and path", () => {
  const path = `${"a/".repeat(2_047)}a`;
  const globs = [
    `${"**/a/".repeat(700)}b`,
    `**/${"a/".repeat(1_000)}b/**`,
    `${"*a".repeat(2_000)}b`,
  ];
  for (const glob of globs) {
    assert.equal(matchGlob(parseGlob(glob), path), false);
    assert.equal(matchGlob(parseGlob(glob), "a".repeat(4_095)), false);
  }
});

for (const { glob, name } of BAD_GLOBS) {
  Deno.test(`parseGlob() refuses ${name}`, () => {
    assert.throws(() => parseGlob(glob), Refusal);
  });
}

Deno.test("parseGlob() refuses what no path can be", () => {
  parseGlob("ä".repeat(2_048));
  assert.throws(() => parseGlob("ä".repeat(2_049)), Refusal);
});
