import assert from "node:assert/strict";
import {
  decodeAlternates,
  decodeCommonDirectory,
  decodeGitLink,
} from "../../../agent/decode/git_link.ts";

// As git 2.39.5 writes them for `git worktree add` and `git submodule add`.
const LINKS: readonly [text: string, wanted: string | null][] = [
  ["gitdir: /work/a/.git/worktrees/w\n", "/work/a/.git/worktrees/w"],
  ["gitdir: ../../.git/modules/deps/b\n", "../../.git/modules/deps/b"],
  ["gitdir: /with a space \r\n\n", "/with a space "],
  ["gitdir: /with\na line feed", "/with\na line feed"],
  ["", null],
  ["gitdir:/a\n", null],
  ["gitdir: \n", null],
  ["gitdir: /a\0b\n", null],
  ["ref: refs/heads/main\n", null],
];

for (const [text, wanted] of LINKS) {
  Deno.test(`decodeGitLink() reads ${JSON.stringify(text)}`, () => {
    const decoded = decodeGitLink(text);
    assert.equal(decoded.ok ? decoded.value : null, wanted);
  });
}

Deno.test("decodeCommonDirectory() reads what git writes", () => {
  assert.deepEqual(decodeCommonDirectory("../..\n"), {
    ok: true,
    value: "../..",
  });
  assert.equal(decodeCommonDirectory("\n").ok, false);
  assert.equal(decodeCommonDirectory("a\0b").ok, false);
});

const ALTERNATES: readonly [text: string, wanted: string[]][] = [
  ["", []],
  ["/a/objects\n../../b/objects\n", ["/a/objects", "../../b/objects"]],
  ["# comment\n\n/a\n", ["/a"]],
  ['"/with \\"quotes\\"\\n\\303\\274"\n', ['/with "quotes"\n\u00c3\u00bc']],
  ['"/not closed\n/a\n', ["/a"]],
  ["/a\0b\n/c", ["/c"]],
  ["/a\n".repeat(1_000), Array(64).fill("/a")],
];

for (const [text, wanted] of ALTERNATES) {
  const name = JSON.stringify(text).slice(0, 60);
  Deno.test(`decodeAlternates() reads ${name}`, () => {
    assert.deepEqual(decodeAlternates(text), wanted);
  });
}
