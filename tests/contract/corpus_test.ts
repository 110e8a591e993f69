import assert from "node:assert/strict";
import { readInputs } from "../../agent/job/inputs.ts";
import type { InputProblem, ReadInputs } from "../../agent/job/job_order.ts";
import { findGuardSteps, inputsOf } from "../../agent/migrate/guard_steps.ts";
import { migrate } from "../../agent/migrate/migrate.ts";
import { readTarget } from "../../agent/migrate/target.ts";
import { type CorpusRow, readCorpus } from "./corpus.ts";

const CORPUS = readCorpus();
const ROWS = (CORPUS ?? []).filter(({ action }) =>
  action.startsWith("step-security/harden-runner")
);

Deno.test({
  name: CORPUS === null
    ? "NOT RUN: there is no shared/corpus/workflows.ndjson above this checkout"
    : "the corpus holds the real configurations",
  ignore: CORPUS === null,
  fn() {
    assert.equal(CORPUS!.length, 1129);
    assert.ok(ROWS.length > 1000);
  },
});

/** What no endpoint can be: everything else in 1,077 blocks is read. */
const WRONG: readonly string[] = [
  "egress-policy audti",
  "egress-policy audti",
  "allowed-endpoints npm.registry.test:g443",
  "allowed-endpoints codecov.io:443q",
  "allowed-endpoints sigstore-tuf-root.storage.googleapis.com:",
  "allowed-endpoints newrelic.com:0",
];

Deno.test({
  name: "readInputs() refuses in real configurations what cannot be meant",
  ignore: CORPUS === null,
  fn() {
    const problems = ROWS.flatMap((row) => problemsOf(read(row)));
    const wrong = problems.filter(({ why }) => !/store/.test(why));
    assert.deepEqual(
      wrong.map(({ input, token }) => `${input} ${token}`).toSorted(),
      WRONG.toSorted(),
    );
    for (const { at, input } of wrong) {
      assert.equal(at !== null, input === "allowed-endpoints");
    }
  },
});

Deno.test({
  name: "readInputs() loses no endpoint of a real configuration",
  ignore: CORPUS === null,
  fn() {
    let count = 0;
    for (const row of ROWS) {
      const outcome = read(row);
      if (!outcome.ok) continue;
      const { allow } = outcome.order;
      const withPorts = new Set(allow.map(withPort));
      for (const word of endpointsOf(valueOf(row, "allowed-endpoints"))) {
        assert.ok(
          withPorts.has(withPort(word)),
          `${row.repo} ${row.path}: ${word}`,
        );
        count++;
      }
      assert.equal(withPorts.size, allow.length);
    }
    assert.ok(count > 8000, `${count}`);
  },
});

Deno.test({
  name: "readInputs() takes the mode, the locks and the watch as written",
  ignore: CORPUS === null,
  fn() {
    for (const row of ROWS) {
      const outcome = read(row);
      if (!outcome.ok) continue;
      const { order } = outcome;
      const egress = valueOf(row, "egress-policy");
      assert.equal(order.egress, egress === "" ? "block" : egress);
      assert.equal(order.isEgressGiven, egress !== "");
      const all = valueOf(row, "disable-sudo-and-containers") === "true";
      assert.equal(
        order.disableSudo,
        all || valueOf(row, "disable-sudo") === "true",
      );
      assert.equal(order.containers, all ? "refuse" : "allow");
      assert.equal(
        order.watchSources,
        valueOf(row, "disable-file-monitoring") !== "true",
      );
    }
  },
});

Deno.test({
  name: "readInputs() takes no expression that nobody has evaluated for a word",
  ignore: CORPUS === null,
  fn() {
    let count = 0;
    for (const { with: given } of ROWS) {
      const texts = asTexts(given);
      const list = texts["allowed-endpoints"] ?? "";
      if (!list.includes("${{")) continue;
      const outcome = readInputs({ ...texts, "egress-policy": "block" });
      assert.ok(!outcome.ok);
      assert.ok(outcome.problems.every(({ token }) => token.includes("${{")));
      count++;
    }
    assert.ok(count > 70, `${count}`);
  },
});

Deno.test({
  name: "migrate() rewrites real configurations, which are read as before",
  ignore: CORPUS === null,
  fn() {
    const target = readTarget(`o/sluice@${"0".repeat(40)}`);
    const broken: string[] = [];
    for (const row of CORPUS!) {
      const { text, inputs } = workflowOf(row);
      const { text: after, problems, changed } = migrate(text, target);
      if (problems.length > 0) {
        broken.push(row.repo);
        continue;
      }
      assert.equal(changed.length, 1);
      const found = findGuardSteps(after, target.uses);
      assert.ok(found.ok);
      const given = inputsOf(found.steps[0]!);
      if (row.action.startsWith("step-security/")) {
        const wanted = text.replace(/uses: \S+/, `uses: ${target.uses}`);
        assert.equal(after, wanted);
        assert.deepEqual(given, inputs);
      } else assertSameAsBullfrog(given, inputs);
    }
    // YAML that GitHub does not read either.
    assert.deepEqual(broken, ["hiero-ledger/hiero-sdk-js"]);
  },
});

/** A workflow with one row's block as it is written. */
function workflowOf(row: CorpusRow) {
  const end = row.raw.includes("\r\n") ? "\r\n" : "\n";
  const indent = " ".repeat((/^ */.exec(row.raw)![0].length || 4) - 2);
  const head = `steps:${end}${indent}- uses: ${row.action}@v1${end}`;
  const text = `${head}${row.raw}${indent}- run: x${end}`;
  const found = findGuardSteps(text);
  return { text, inputs: found.ok ? inputsOf(found.steps[0]!) : {} };
}

function assertSameAsBullfrog(
  given: Record<string, string>,
  before: Record<string, string>,
): void {
  const outcome = readInputs(given);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  const { order } = outcome;
  assert.equal(order.egress, before["egress-policy"] ?? "audit");
  assert.equal(order.disableSudo, before["enable-sudo"] === "false");
  const words = (name: string) =>
    (before[name] ?? "").split("\n").map((word) => word.trim())
      .filter((word) => word !== "");
  assert.deepEqual(order.allow, [
    ...words("allowed-domains").map((word) => `${word}:*`),
    ...words("allowed-ips").flatMap((word) => [`${word}:*`, `${word}:*/udp`]),
  ]);
}

/** As the runner would hand it over: expressions evaluated. */
function read(row: CorpusRow): ReadInputs {
  return readInputs(
    Object.fromEntries(
      Object.keys(asTexts(row.with)).map((name) => [name, valueOf(row, name)]),
    ),
  );
}

function valueOf(row: CorpusRow, name: string): string {
  let text = asTexts(row.with)[name] ?? "";
  // What the workflow says for an expression may hold another one.
  for (let depth = 0; depth < 3; depth++) {
    text = text.replace(/\$\{\{\s*(.*?)\s*\}\}/gs, (_, inner: string) => {
      const known = row.refs?.[inner];
      if (known !== undefined) return known;
      if (name === "egress-policy") return "block";
      return name === "allowed-endpoints" ? "evaluated.example" : "false";
    });
  }
  return text;
}

/** GitHub refuses a workflow in which a value is no scalar. */
function asTexts(
  given: Readonly<Record<string, unknown>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === "object" ? "" : String(value),
    ]),
  );
}

/** Harden-Runner takes each word for one; what is prose has no dot. */
function endpointsOf(text: string): string[] {
  return text.split(/\s+/).map((word) => word.toLowerCase())
    .filter((word) => /^[a-z0-9*_-]+(\.[a-z0-9*_-]+)+(:[0-9]+)?$/.test(word));
}

function withPort(word: string): string {
  return word.includes(":") ? word : `${word}:443`;
}

function problemsOf(outcome: ReadInputs): readonly InputProblem[] {
  return outcome.ok ? [] : outcome.problems;
}
