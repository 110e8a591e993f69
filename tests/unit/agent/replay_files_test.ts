import assert from "node:assert/strict";
import { parsePolicy } from "../../../agent/decide/policy_file.ts";
import type { Event } from "../../../agent/record/event.ts";
import { recommend } from "../../../agent/report/recommendation.ts";
import { renderRecommendation } from "../../../agent/report/recommendation_text.ts";
import { compareReplay, renderReplay } from "../../../agent/report/replay.ts";
import { compareFiles } from "../../../agent/report/replay_files.ts";
import { replayFiles } from "../../../agent/replay_files.ts";
import { agent, fileChange, step } from "../report/samples.ts";

const ARMED = agent("armed", { second: 0, workspaces: ["/w"] });
const RULE = { overwritten: false, rule: "path: src/*.c" } as const;
const ALLOWED = fileChange({ ...RULE, step: "B" });

/** What a policy's `source:` makes of some events. */
function compared(events: readonly Event[], source: string) {
  const text = `version: 1\nsource: { ${source} }`;
  const policy = parsePolicy(text, "policy.yml");
  return compareFiles(replayFiles([ARMED, ...events], policy));
}

const PASSING: readonly { source: string; rule: string }[] = [
  { source: 'ignore: [ "src/**" ]', rule: "ignore" },
  { source: "ignore: [ /w/src/a.c ]", rule: "ignore" },
  { source: "watch: false", rule: "watch: false" },
  { source: "allow: [ { path: src/a.c } ]", rule: "path: src/a.c" },
  {
    source: "allow: [ { path: src/*.c, process: /usr/bin/sed, step: B } ]",
    rule: "path: src/*.c, process: /usr/bin/sed, step: B",
  },
];

for (const { source, rule } of PASSING) {
  Deno.test(`replayFiles() lets pass what was overwritten by ${source}`, () => {
    const { newlyAllowed } = compared([fileChange({ step: "B" })], source);
    assert.deepEqual(newlyAllowed.map((file) => file.rule), [rule]);
    assert.deepEqual(compared([ALLOWED], source).newlyOverwritten, []);
  });
}

for (
  const source of [
    "",
    "ignore: [ a.c ]",
    "allow: [ { path: src/a.c, process: /bin/ed } ]",
    "allow: [ { path: src/a.c, step: C } ]",
  ]
) {
  Deno.test(`replayFiles() tells of what an entry let pass then by {${source}}`, () => {
    const { newlyOverwritten } = compared([ALLOWED], source);
    assert.deepEqual(newlyOverwritten.map(({ row }) => row.path), [
      "/w/src/a.c",
    ]);
    assert.deepEqual(compared([fileChange()], source).newlyAllowed, []);
  });
}

Deno.test("replayFiles() says nothing of what no entry is about", () => {
  const quiet = { overwritten: false, rule: null } as const;
  const found = compared([
    fileChange({ ...quiet, change: "rewritten" }),
    fileChange({ ...quiet, change: "checkout" }),
  ], "");
  assert.deepEqual(found, { newlyOverwritten: [], newlyAllowed: [] });
});

Deno.test("replayFiles() lets pass all that recommend() names", () => {
  const events = [
    ARMED,
    step("B"),
    step("C"),
    fileChange({ step: "B" }),
    fileChange({ step: "C", path: "/w/ü?" }),
    fileChange({ subject: "tool", path: "/usr/bin/cc" }),
  ];
  const text = renderRecommendation(recommend(events, { scope: "process" }));
  const policy = parsePolicy(text, "policy.yml");
  const rules = replayFiles(events, policy).map(({ rule }) => rule);
  assert.equal(rules.length, 3);
  assert.ok(!rules.includes(null), `${rules}`);
});

Deno.test("renderReplay() tells what is otherwise about files", () => {
  const policy = parsePolicy(
    "version: 1\nsource: { allow: [ { path: b } ] }",
    "policy.yml",
  );
  const events = [ARMED, ALLOWED, fileChange({ path: "/w/b", step: "B" })];
  const files = replayFiles(events, policy);
  const text = renderReplay(compareReplay([], { files }));
  assert.match(
    text,
    /Would be findings now:\n {2}\/w\/src\/a\.c, modified, 1 time, by \/usr/,
  );
  assert.match(
    text,
    /^Findings then, let pass now:\n {2}\/w\/b, .*"B"\n {4}The entry is path/m,
  );
});
