import assert from "node:assert/strict";
import fc from "fast-check";
import type { Event } from "../../../agent/record/event.ts";
import { aggregate } from "../../../agent/report/aggregate.ts";
import { renderMarkdown } from "../../../agent/report/markdown.ts";
import {
  agent,
  connection,
  execution,
  fileChange,
  fixture,
  lookUp,
  privilege,
  step,
  summaryOf,
} from "./samples.ts";

const MAX_SUMMARY_BYTES = 1024 * 1024;

/** The tags that the renderer itself writes. */
const OWN_TAGS = /<\/?(?:code|details|summary)>|<br>/g;

/** A fence, which ends with as many marks as it begins with. */
const FENCE = /^(`{3,})(?:diff|yaml)\n[^]*?\n\1$/gm;

for (
  const journal of [
    "audit_npm_view",
    "block_refused",
    "said_names",
    "steps",
    "files",
    "hostile",
    "killed",
  ]
) {
  Deno.test(`renderMarkdown() lays ${journal} out`, () => {
    assert.equal(renderMarkdown(summaryOf(journal)), fixture(`${journal}.md`));
  });

  Deno.test(`renderMarkdown() gives every row of ${journal} its cells`, () => {
    assertHarmless(renderMarkdown(summaryOf(journal)));
  });
}

Deno.test("renderMarkdown() says that nothing was contacted", () => {
  const summary = aggregate([
    agent("armed", { second: 0 }),
    agent("stopped", { second: 1 }),
  ]);

  assert.match(renderMarkdown(summary), /^## Sluice: nothing contacted\n/);
});

Deno.test("renderMarkdown() folds a long table", () => {
  const events = Array.from(
    { length: 16 },
    (_, index) => connection({ names: [`h${index}.example`] }),
  );

  assert.doesNotMatch(renderMarkdown(aggregate(events.slice(1))), /<details>/);
  assert.match(
    renderMarkdown(aggregate(events)),
    /<details><summary>16 rows<\/summary>\n\n\| Name/,
  );
});

Deno.test("renderMarkdown() stays below 1 MiB whatever happened", () => {
  // Each of these characters takes fourteen when it is escaped.
  const hostile = "\u{e0001}".repeat(60);
  const names = ["a".repeat(60), "b".repeat(60), "c".repeat(60)].join(".");
  const events: Event[] = [];
  for (let index = 0; index < 5000; index++) {
    const name = `h${index}.${names}.example`;
    events.push(
      connection({ names: [name], enforced: true, rule: hostile }),
      connection({ names: [`${hostile}${index}`] }),
      connection({ names: [`x.${name}`], decision: "allow" }),
      agent("tampered", { second: 1, message: `${hostile}${index}` }),
      step(`${hostile}${index}`),
      privilege({ reason: hostile, step: `${hostile}${index}` }),
      privilege({ rule: "sudo-used", step: `${hostile}${index}` }),
      fileChange({ path: `/${hostile}${index}`, diff: `+${hostile}` }),
    );
  }
  const text = renderMarkdown(aggregate(events));

  const bytes = new TextEncoder().encode(text).length;
  assert.ok(bytes < MAX_SUMMARY_BYTES, `${bytes} bytes`);
  assert.ok(bytes > MAX_SUMMARY_BYTES / 2, `${bytes} bytes`);
  assert.equal(text.match(/and \d+ more in the JSON report/g)!.length, 8);
  assertHarmless(text);
});

Deno.test("renderMarkdown() stays below 1 MiB for one argument of megabytes", () => {
  const args = Array.from({ length: 100 }, () => "|".repeat(1e5));
  const process = {
    pid: 1,
    exe: "/" + "`".repeat(1e6),
    args,
    uid: 0,
    ancestors: [],
  };
  const text = renderMarkdown(aggregate([connection({ process })]));

  assert.ok(text.length < 10_000);
});

Deno.test("renderMarkdown() is harmless whatever the build calls itself", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "|",
      "`",
      "```",
      "<img>",
      "\n",
      "::error::",
      "@me",
      "</code>",
    ),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  const text = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(""));
  fc.assert(fc.property(text, text, text, text, (name, exe, why, rule) => {
    const process = { pid: 1, exe, args: [name, rule], uid: 0, ancestors: [] };
    const part = { process, why, rule, container: name, step: rule };
    assertHarmless(renderMarkdown(aggregate([
      connection({ ...part, names: [name], protocol: exe }),
      connection({
        ...part,
        destination: { address: rule, port: 1 },
        names: [],
      }),
      connection({ ...part, names: [exe], sni: name }),
      lookUp({ ...part, name, answers: [exe] }),
      agent("tampered", { second: 0, message: why }),
      step(name, { source: "path" }),
      execution({ process, step: why, cwd: rule }),
      privilege({ process, rule, reason: name, step: exe, path: why }),
      privilege({ process, rule: "sudo-used", reason: why, step: rule }),
      fileChange({ process, path: name, diff: `${exe}\n${why}`, step: rule }),
      fileChange({ subject: "secret", path: why, overwritten: false }),
    ], [rule])));
  }));
});

/** No tag but our own, no unseen character, no cell more or less than above. */
function assertHarmless(markdown: string): void {
  assert.doesNotMatch(markdown.replaceAll("\n", ""), /(?! )[\p{C}\p{Z}]/u);
  assert.doesNotMatch(markdown, /^\s*::|##\[/m);
  assert.doesNotMatch(markdown.replace(FENCE, ""), /@/);
  let cells = 0;
  // In a fence GitHub shows everything as it is; each has to end.
  const outside = markdown.replace(FENCE, "");
  assert.doesNotMatch(outside, /^```/m);
  for (const line of outside.split("\n")) {
    const found = line.startsWith("|") ? line.split("|").length : 0;
    if (cells === 0) assert.ok([0, 8, 9, 10].includes(found), line);
    else if (found !== 0) assert.equal(found, cells, line);
    cells = found;
    const rest = line.replace(OWN_TAGS, "").replace(/^> /, "");
    assert.doesNotMatch(rest, /[<>]/);
  }
}
