import assert from "node:assert/strict";
import { matchesGlob, parseGlob } from "../../../agent/decode/git_glob.ts";

// As `git check-attr` of git 2.39.5 has them; tried by
// tests/integration/git_oracle_test.ts on many more.
const MATCHES: readonly [pattern: string, path: string, wanted: boolean][] = [
  ["*", "a/b", true],
  ["**", "a/b", true],
  ["a", "a", true],
  ["a", "b/a", true],
  ["a", "b/aa", false],
  ["*.c", "d/x.c", true],
  ["*.c", "d/.c", true],
  ["*.c", "d.c/x", false],
  ["*.c*", "x.cc", true],
  ["/a", "a", true],
  ["/a", "b/a", false],
  ["a/b", "a/b", true],
  ["a/b", "x/a/b", false],
  ["a/*", "a/b", true],
  ["a/*", "a/b/c", false],
  ["a/**", "a/b/c", true],
  ["a/**", "a", false],
  ["**/b", "b", true],
  ["**/b", "a/c/b", true],
  ["a/**/b", "a/b", true],
  ["a/**/b", "a/x/y/b", true],
  ["a/**/b", "x/a/b", false],
  ["a**/b", "ab", true],
  ["a**/b", "ac/d/b", true],
  ["a/**b", "a/xb", true],
  ["a/**b", "a/x/b", false],
  ["a/**/c/**/d", "a/c/c/x/d", true],
  ["a?c", "abc", true],
  ["a?c", "a/c", false],
  ["[a-c]x", "bx", true],
  ["[!a-c]x", "bx", false],
  ["[^a-c]x", "dx", true],
  ["[]]x", "]x", true],
  ["[]-a]x", "^x", true],
  ["[a-]x", "-x", true],
  ["[[:digit:]]x", "7x", true],
  ["[![:digit:]]x", "7x", false],
  ["[\\]]x", "]x", true],
  ["\\*x", "*x", true],
  ["\\*x", "ax", false],
  ["a\\/b", "a/b", true],
  ["\xff?", "\xff\xfe", true],
];

for (const [pattern, path, wanted] of MATCHES) {
  Deno.test(`matchesGlob() says ${wanted} of ${pattern} for ${path}`, () => {
    assert.equal(match(pattern, path), wanted);
  });
}

for (const pattern of ["a/", "/", "[a", "[[:nothing:]]", "a\\", "[a\\"]) {
  Deno.test(`parseGlob() finds that ${pattern} matches no file`, () => {
    assert.equal(parseGlob(pattern), null);
  });
}

Deno.test("matchesGlob() gives up rather than take long", () => {
  const glob = parseGlob("*a".repeat(200) + "/" + "**/*b*".repeat(100));
  const path = "a".repeat(2_000) + "/" + "b/".repeat(900) + "c";
  assert.ok(glob !== null);
  const budget = { steps: 100_000 };

  assert.notEqual(matchesGlob(glob, { path, budget }), true);
  while (budget.steps > 0) matchesGlob(glob, { path, budget });
  assert.equal(matchesGlob(glob, { path, budget }), null);
});

function match(pattern: string, path: string): boolean | null {
  const glob = parseGlob(pattern);
  assert.ok(glob !== null);
  return matchesGlob(glob, { path, budget: { steps: 10_000 } });
}
