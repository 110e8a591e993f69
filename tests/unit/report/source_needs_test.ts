import assert from "node:assert/strict";
import fc from "fast-check";
import { parseGlob } from "../../../agent/decide/glob.ts";
import { parsePolicy } from "../../../agent/decide/policy_file.ts";
import { SourceScope } from "../../../agent/decide/source_scope.ts";
import type { Event } from "../../../agent/record/event.ts";
import { recommend } from "../../../agent/report/recommendation.ts";
import { renderRecommendation } from "../../../agent/report/recommendation_text.ts";
import type { ScopeChoice } from "../../../agent/report/scope.ts";
import { agent, fileChange, fixture, SED, step } from "./samples.ts";
import { readJournal } from "../../../agent/record/read.ts";

const ARMED = agent("armed", { second: 0, workspaces: ["/w"] });
const STEPS = [ARMED, step("Build"), step("Publish")];

function allowOf(events: readonly Event[], scope: ScopeChoice = "step") {
  const text = renderRecommendation(recommend(events, { scope }));
  return parsePolicy(text, "policy.yml").source.allow
    .map(({ path, process, step }) => ({ path, process, step }));
}

const ROWS: readonly {
  readonly name: string;
  readonly events: readonly Event[];
  readonly scope?: ScopeChoice;
  readonly allow: ReturnType<typeof allowOf>;
}[] = [
  { name: "no change", events: [ARMED], allow: [] },
  {
    name: "a change by a program in one of two steps",
    events: [...STEPS, fileChange({ step: "Build" })],
    allow: [{ path: "src/a.c", process: "/usr/bin/sed", step: "Build" }],
  },
  {
    name: "a change in the only step",
    events: [ARMED, fileChange({ step: "run" })],
    allow: [{ path: "src/a.c", process: "/usr/bin/sed", step: null }],
  },
  {
    name: "a change with no scope wanted",
    events: [...STEPS, fileChange({ step: "Build" })],
    scope: "none",
    allow: [{ path: "src/a.c", process: null, step: null }],
  },
  {
    name: "a change by nobody known",
    events: [ARMED, fileChange({ process: null })],
    allow: [{ path: "src/a.c", process: null, step: null }],
  },
  {
    name: "a change by a program that is gone",
    events: [
      ARMED,
      fileChange({ process: { ...SED, exe: "/tmp/x (deleted)" } }),
    ],
    allow: [{ path: "src/a.c", process: null, step: null }],
  },
  {
    name: "a tool, which is in no work space",
    events: [ARMED, fileChange({ subject: "tool", path: "/usr/bin/cc" })],
    allow: [{ path: "/usr/bin/cc", process: "/usr/bin/sed", step: null }],
  },
  {
    name: "changes of which one is allowed, one the same, one by git",
    events: [
      ARMED,
      fileChange({ overwritten: false, rule: "path: src/**" }),
      fileChange({ overwritten: false, change: "rewritten" }),
      fileChange({ overwritten: false, change: "checkout" }),
    ],
    allow: [],
  },
  {
    name: "what no entry is for",
    events: [ARMED, fileChange({ change: "mounted" })],
    allow: [],
  },
  {
    name: "who reads credentials",
    events: [
      ARMED,
      fileChange({
        ...{ subject: "secret", change: "read", overwritten: false },
        path: "/root/.netrc",
      }),
    ],
    allow: [{ path: "/root/.netrc", process: "/usr/bin/sed", step: null }],
  },
  {
    name: "two steps that change one file twice",
    events: [
      ...STEPS,
      fileChange({ step: "Publish" }),
      fileChange({ step: "Build" }),
      fileChange({ step: "Build", change: "restored" }),
    ],
    allow: ["Build", "Publish"].map((step) => ({
      path: "src/a.c",
      process: "/usr/bin/sed",
      step,
    })),
  },
  {
    name: "many files of one kind",
    events: [
      ARMED,
      ...Array.from(
        { length: 21 },
        (_, at) => fileChange({ path: `/w/src/${at % 2}/${at}.ts` }),
      ),
    ],
    allow: [{ path: "src/**/*.ts", process: "/usr/bin/sed", step: null }],
  },
  {
    name: "many files of several kinds",
    events: [
      ARMED,
      ...Array.from(
        { length: 21 },
        (_, at) => fileChange({ path: `/w/gen/a/${at}.${at}x` }),
      ),
    ],
    allow: [{ path: "gen/a/**", process: "/usr/bin/sed", step: null }],
  },
];

for (const { name, events, scope, allow } of ROWS) {
  Deno.test(`recommend() allows what ${name} needs`, () => {
    assert.deepEqual(allowOf(events, scope), allow);
  });
}

Deno.test("recommend() tells paths from the innermost work space", () => {
  const armed = agent("armed", { second: 0, workspaces: ["/w", "/w/src"] });
  const [entry] = allowOf([armed, fileChange()]);
  assert.equal(entry?.path, "a.c");
});

Deno.test("recommend() writes what lets a run pass, whatever files are called", () => {
  const name = fc.string({ unit: "binary", minLength: 1, maxLength: 8 })
    .map((text) => new TextDecoder().decode(new TextEncoder().encode(text)))
    .map((text) => text.replaceAll(/[/\0]/g, "_"))
    .filter((text) => text !== "." && text !== "..");
  const odd = fc.constantFrom("*", "a?b", "!x", "{a,b}", "[id]", "a**b", "\n");
  fc.assert(fc.property(
    fc.array(fc.oneof(name, odd), { minLength: 1, maxLength: 4 }),
    (names) => {
      const path = `/w/${names.join("/")}`;
      const [entry] = allowOf([ARMED, fileChange({ path })]);
      parseGlob(entry!.path);
      const source = { ignore: [], allow: [{ text: "", ...entry! }] };
      const bytes = new TextEncoder().encode(path);
      const place = {
        path: String.fromCharCode(...bytes),
        workspace: "/w",
      };
      const isProgram = () => true;
      const writer = { step: null, isProgram };
      assert.ok(new SourceScope(source).allowanceFor(place, writer), path);
    },
  ));
});

Deno.test("recommend() writes what was overwritten in a whole journal", () => {
  const { events } = readJournal(fixture("files.ndjson"));
  const paths = allowOf(events).map(({ path }) => path);
  assert.deepEqual(paths.sort(), [
    "\u001b[31m::error::\n@x|y",
    "/home/runner/.netrc",
    "/usr/local/bin/cc",
    "src/a.c",
    "src/crypto.js",
    "src/run.sh",
  ]);
});
