import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeGitConfig,
  readGitBoolean,
} from "../../../agent/decode/git_config.ts";

// As `git config --list` of git 2.39.5 shows them; tried by
// tests/integration/git_oracle_test.ts as well.
const READ: readonly [name: string, text: string, wanted: string[]][] = [
  ["nothing", "", []],
  ["a setting without a section", "a = b\n", ["a=b"]],
  ["a setting", "[core]\n\teol = lf\n", ["core.eol=lf"]],
  ["a setting behind its section", "[core] eol = lf", ["core.eol=lf"]],
  ["names in any case", "[CoRe]\nEOL=lf", ["core.eol=lf"]],
  ["a subsection as it is", '[Filter "L f\\"s"]\na=b', ['filter.L f"s.a=b']],
  ["a subsection of old", "[a.B]\nc=d", ["a.b.c=d"]],
  ["a key alone", "[core]\nbare\n", ["core.bare"]],
  ["no value", "[core]\neol =\n", ["core.eol="]],
  ["comments", "# a\n[core] ; b\n\teol = lf # c\n;d", ["core.eol=lf"]],
  ["quotes", '[a]\nb = " c ; d "e\n', ["a.b= c ; d e"]],
  ["white space within", "[a]\nb = c \t d  \n", ["a.b=c \t d"]],
  ["escapes", '[a]\nb = "\\t\\n\\b\\\\\\""\n', ['a.b=\t\n\b\\"']],
  ["a value that goes on", "[a]\nb = c\\\nd\n", ["a.b=cd"]],
  ["line ends of Windows", "[a]\r\nb = c\r\n", ["a.b=c"]],
  ["a byte order mark", "\u00ef\u00bb\u00bf[a]\nb=c", ["a.b=c"]],
  ["two of a name", "[a]\nb=1\nb=2\n", ["a.b=1", "a.b=2"]],
  ["an equals sign in a value", "[a]\nb=c=d", ["a.b=c=d"]],
];

for (const [name, text, wanted] of READ) {
  Deno.test(`decodeGitConfig() reads ${name}`, () => {
    const decoded = decodeGitConfig(text);

    assert.ok(decoded.ok, JSON.stringify(decoded));
    assert.deepEqual(
      decoded.value.map(({ name, value }) =>
        value === null ? name : `${name}=${value}`
      ),
      wanted,
    );
  });
}

const REFUSED: readonly [name: string, text: string][] = [
  ["a section that is not closed", "[core\na = b\n"],
  ["a subsection over two lines", '[a "b\nc"]\nd = e\n'],
  ["a key that begins with a digit", "[a]\n1b = c\n"],
  ["a key with something behind it", "[a]\nb c\n"],
  ["a quote that is not closed", '[a]\nb = "c\n'],
  ["an escape that is none", "[a]\nb = \\x\n"],
  ["a backslash at the end", "[a]\nb = \\"],
];

for (const [name, text] of REFUSED) {
  Deno.test(`decodeGitConfig() refuses ${name}`, () => {
    assert.equal(decodeGitConfig(text).ok, false);
  });
}

const BOOLEANS: readonly [value: string | null, wanted: boolean | null][] = [
  [null, true],
  ["", false],
  ["True", true],
  ["yes", true],
  ["ON", true],
  ["1", true],
  ["2k", true],
  ["false", false],
  ["No", false],
  ["off", false],
  ["0", false],
  ["input", null],
  ["tru", null],
];

for (const [value, wanted] of BOOLEANS) {
  Deno.test(`readGitBoolean() takes "${value}" for ${wanted}`, () => {
    assert.equal(readGitBoolean(value), wanted);
  });
}

Deno.test("decodeGitConfig() reads every beginning of a file", () => {
  const text = '[a "b"]\n\tc = "d" # e\n\tf = g\\\nh\n';
  for (let end = 0; end <= text.length; end++) {
    const decoded = decodeGitConfig(text.slice(0, end));
    if (!decoded.ok) continue;
    for (const { name } of decoded.value) assert.match(name, /^a\.b\.[cf]$/);
  }
});

Deno.test("decodeGitConfig() gives back what was written", () => {
  const key = fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/);
  const value = fc.string().map((text) => text.replaceAll("\0", ""));
  fc.assert(fc.property(fc.array(fc.tuple(key, value)), (pairs) => {
    const text = pairs.map(([key, value]) =>
      `${key} = "${
        value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')
          .replaceAll("\n", "\\n")
      }"\n`
    );
    const decoded = decodeGitConfig(`[s]\n${text.join("")}`);
    assert.ok(decoded.ok);
    assert.deepEqual(
      decoded.value.map(({ name, value }) => [name, value]),
      pairs.map(([key, value]) => [`s.${key}`, value]),
    );
  }));
});

Deno.test("decodeGitConfig() reads long files in time that grows with them alone", () => {
  for (const unit of ["[a]\n", "b\n", '"', "\\\n", " ", "#", "[a", "c=d\n"]) {
    decodeGitConfig("[a]\nb=" + unit.repeat(2e5));
  }
});
