import assert from "node:assert/strict";
import { aggregate } from "../../../agent/report/aggregate.ts";
import {
  fileCautions,
  filesTally,
  quietText,
  statesText,
  treeText,
} from "../../../agent/report/file_words.ts";
import { filesOf, hasOverwritten } from "../../../agent/report/files.ts";
import { agent, at, fileChange, SED } from "./samples.ts";

const QUIET = { overwritten: false } as const;
const CHECKOUT = fileChange({ ...QUIET, change: "checkout", files: 7 });
const SAME = fileChange({ ...QUIET, change: "rewritten" });
const ALLOWED = fileChange({ ...QUIET, rule: "path: a" });
const TOLD = fileChange({ ...QUIET, change: "created" });
const SECRET = fileChange({ ...QUIET, subject: "secret", change: "read" });

Deno.test("filesOf() joins what was done alike, and keeps its two ends", () => {
  const state = (bytes: number) => ({
    ...{ blob: null, sha256: null, mode: "100644" },
    bytes,
  });
  const [row, ...others] = filesOf([
    fileChange({ before: state(1), after: state(2), diff: "+a" }),
    fileChange({ before: state(2), after: state(3), diff: null, time: at(1) }),
    fileChange({ before: state(3), after: state(4), diff: "+c", time: at(2) }),
  ]);
  assert.deepEqual(others, []);
  assert.deepEqual([row!.before?.bytes, row!.after?.bytes], [1, 4]);
  assert.deepEqual([row!.times, row!.first, row!.diff], [3, at(0), "+c"]);
});

Deno.test("filesOf() tells apart what differs in anything", () => {
  const rows = filesOf([
    fileChange(),
    fileChange({ path: "/w/b" }),
    fileChange({ step: "Build" }),
    fileChange({ process: null }),
    fileChange({ change: "restored", changedMs: 2 }),
    fileChange({ overwritten: false, rule: "path: a" }),
  ]);
  assert.deepEqual(rows.map(({ times }) => times), [1, 1, 1, 1, 1, 1]);
});

Deno.test("filesOf() keeps the longest time for which a file was another", () => {
  const [row] = filesOf(
    [2, 9, 3].map((changedMs) => fileChange({ change: "restored", changedMs })),
  );
  assert.equal(row!.changedMs, 9);
});

Deno.test("filesOf() puts the pressing first", () => {
  const rows = filesOf([CHECKOUT, SAME, ALLOWED, TOLD, SECRET, fileChange()]);
  assert.deepEqual(rows.map(({ change }) => change), [
    ...["modified", "read", "created", "modified", "rewritten", "checkout"],
  ]);
});

Deno.test("filesOf() names no process above a guarded command", () => {
  const armed = (scope: "host" | "command") =>
    agent("armed", { second: 0, scope, pid: 4380 });
  const above = (scope: "host" | "command") =>
    filesOf([armed(scope), fileChange()])[0]!.process!.ancestors.length;
  assert.equal(above("command"), 1);
  assert.equal(above("host"), 2);
});

Deno.test("hasOverwritten() minds what the policy does, and nothing else", () => {
  const has = (...events: Parameters<typeof filesOf>[0]) =>
    hasOverwritten({ files: filesOf(events) });
  assert.equal(has(fileChange()), true);
  assert.equal(has(CHECKOUT, SAME, ALLOWED, TOLD, SECRET), false);
});

Deno.test("filesTally() and quietText() count files, not events", () => {
  const files = filesOf([
    ...[fileChange(), fileChange({ change: "restored" })],
    ...[ALLOWED, ALLOWED, SAME, CHECKOUT, CHECKOUT],
  ]);
  assert.equal(filesTally(files), "1 file overwritten");
  assert.equal(
    quietText(files),
    "Files: 1 changed as the policy allows, 1 written with the content that " +
      "they had, 14 put in place by git.",
  );
  assert.equal(filesTally([]), "");
  assert.equal(quietText([]), "");
});

Deno.test("fileCautions() names some files, and how many more there are", () => {
  const paths = ["/a", "/b", "/c", "/d", "/e"];
  const files = filesOf(paths.map((path) => fileChange({ path })));
  assert.deepEqual(fileCautions(files), [
    "OVERWRITTEN during the build: /a, /b, /c and 2 more.",
  ]);
  assert.deepEqual(fileCautions(filesOf([SECRET])), [
    "Credentials in /w/src/a.c: read by /usr/bin/sed.",
  ]);
  assert.deepEqual(fileCautions(filesOf([ALLOWED, CHECKOUT, TOLD])), []);
});

Deno.test("statesText() says nothing, and what was not seen", () => {
  const text = (part: Parameters<typeof fileChange>[0]) =>
    statesText(filesOf([fileChange(part)])[0]!);
  assert.match(text({ change: "created", before: null }), /^nothing → 100644/);
  assert.match(text({ change: "deleted", after: null }), / → nothing$/);
  assert.match(text({ change: "restored", before: null }), /^not seen → /);
  assert.equal(text({ before: null, after: null }), "");
});

Deno.test("treeText() ends a long line of ancestors", () => {
  const ancestors = Array.from(
    { length: 20 },
    (_, pid) => ({ pid, exe: null }),
  );
  assert.equal(treeText(null), "");
  assert.equal(treeText(SED), "/usr/bin/dash < /usr/bin/node");
  assert.match(treeText({ ...SED, ancestors }), /^pid 0 < .* < pid 11 < …$/);
});

Deno.test("aggregate() says by what sources were heard of, and what was lost", () => {
  const armed = agent("armed", {
    ...{ second: 0, files: "fanotify", processes: "bpf" },
  });
  const message = "Some changes were lost.";
  const lost = agent("coverage_lost", {
    ...{ second: 1, what: "sources", from: at(0), to: at(1), message },
  });
  const summary = aggregate([armed, lost, agent("stopped", { second: 2 })]);
  assert.equal(summary.sources, "fanotify");
  assert.deepEqual(summary.impaired, [message]);
  // Packets were judged and programs heard of all the same.
  assert.deepEqual(summary.lost, []);
  assert.equal(summary.hearsAll, true);
});
