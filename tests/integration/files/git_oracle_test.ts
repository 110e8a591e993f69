import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeGitAttributes } from "../../../agent/decode/git_attributes.ts";
import { decodeGitConfig } from "../../../agent/decode/git_config.ts";
import { matchesGlob } from "../../../agent/decode/git_glob.ts";
import { GitGround } from "../../lab/git.ts";

/** Of each kind; git is asked about all at once. */
const SAMPLES = 4_000;
const LINES = 200;

Deno.test("matchesGlob() matches what git matches", () => {
  using ground = new GitGround();
  Deno.mkdirSync(ground.at("a"));
  ground.git("a", "init", "-q");
  const patterns = fc.sample(
    fc.oneof(
      fc.array(
        fc.constantFrom("a", "b", "/", "*", "**", "**/", "?", "/**"),
        { minLength: 1, maxLength: 6 },
      ).map((parts) => parts.join("")),
      fc.string({
        unit: fc.constantFrom(..."ab/*?[]!-\\^.:"),
        minLength: 1,
        maxLength: 8,
      }),
      fc.constantFrom("[[:alpha:]]", "[![:punct:]]?", "a[[:space:]b]", "[a-]"),
    )
      // In "**\\/", git takes the escaped slash for less than a slash.
      .filter((text) => !text.includes("\\/")),
    { numRuns: SAMPLES, seed: 7 },
  );
  const paths = [
    ...new Set(fc.sample(
      fc.array(
        fc.string({
          unit: fc.constantFrom(..."ab-]^.\\:[*"),
          minLength: 1,
          maxLength: 3,
        }),
        {
          minLength: 1,
          maxLength: 4,
        },
      ).map((parts) => parts.join("/")),
      { numRuns: 300, seed: 7 },
    )),
  ].filter((path) => !path.split("/").some((part) => /^\.{1,2}$/.test(part)));
  let matches = 0;
  for (let from = 0; from < SAMPLES; from += LINES) {
    const some = patterns.slice(from, from + LINES);
    const lines = some.map((pattern, index) => `${pattern} x${index}\n`);
    ground.write("a/.gitattributes", lines.join(""));
    const names = some.map((_, index) => `x${index}`);
    const told = ask(ground, { names, paths });
    for (const [index, line] of lines.entries()) {
      const [decoded] = decodeGitAttributes(line);
      for (const path of paths) {
        const budget = { steps: 100_000 };
        const isMatch = decoded !== undefined && decoded.glob !== null &&
          matchesGlob(decoded.glob, { path, budget });
        const wanted = told.get(`${path}\0x${index}`) === "set";
        assert.equal(isMatch, wanted, `${JSON.stringify(line)} for ${path}`);
        if (wanted) matches++;
      }
    }
  }
  assert.ok(matches > SAMPLES, `${matches} matches`);
});

Deno.test("decodeGitConfig() reads what git reads", () => {
  using ground = new GitGround();
  Deno.mkdirSync(ground.at("a"));
  const texts = fc.sample(
    fc.array(
      fc.oneof(
        fc.constantFrom(
          ...["[core]", '[a "b"]', "[A.B]", "\n", "\n\t", "key", " = ", "="],
          ...['"', "\\n", '\\"', "\\\n", "# c", ";", " ", "\t", "x", "\r\n"],
          ...["1", "-", "\\", "]", "["],
        ),
        fc.constantFrom("[s]\nk = v\n", "[s]\nk\n", 'z = "a b"\n'),
      ),
      { maxLength: 12 },
    ).map((parts) => parts.join("")),
    { numRuns: 400, seed: 7 },
  );
  let taken = 0;
  for (const text of texts) {
    ground.write("config", text);
    let wanted: string[] | null;
    try {
      const told = ground.git(
        "a",
        ...["config", "-z", "--list", "-f", ground.at("config")],
      );
      wanted = new TextDecoder().decode(told).split("\0").slice(0, -1);
      taken++;
    } catch {
      wanted = null;
    }
    const decoded = decodeGitConfig(text);
    const found = decoded.ok
      ? decoded.value.map(({ name, value }) =>
        value === null ? name : `${name}\n${value}`
      )
      : null;
    assert.deepEqual(found, wanted, JSON.stringify(text));
  }
  assert.ok(taken > 50, `${taken} taken`);
});

/** What git says of each path and attribute. */
function ask(
  ground: GitGround,
  of: { readonly names: readonly string[]; readonly paths: readonly string[] },
): Map<string, string> {
  ground.write("paths", of.paths.map((path) => `${path}\0`).join(""));
  const list = `git check-attr -z --stdin ${of.names.join(" ")} < ` +
    ground.at("paths");
  const told = new TextDecoder().decode(
    ground.git("a", "-c", `alias.ask=!${list}`, "ask"),
  ).split("\0");
  const found = new Map<string, string>();
  for (let at = 0; at + 2 < told.length; at += 3) {
    found.set(`${told[at]}\0${told[at + 1]}`, told[at + 2]!);
  }
  return found;
}
