import assert from "node:assert/strict";
import fc from "fast-check";
import type { Event } from "../../../agent/record/event.ts";
import { aggregate } from "../../../agent/report/aggregate.ts";
import { renderMarkdown } from "../../../agent/report/markdown.ts";
import { agent, connection, fixture, lookUp, summaryOf } from "./samples.ts";

const MAX_SUMMARY_BYTES = 1024 * 1024;

/** The tags that the renderer itself writes. */
const OWN_TAGS = /<\/?(?:code|details|summary)>|<br>/g;

for (
  const journal of [
    "audit_npm_view",
    "block_refused",
    "said_names",
    "hostile",
    "killed",
  ]
) {
  Deno.test(`renderMarkdown() lays ${journal} out`, () => {
    assert.equal(renderMarkdown(summaryOf(journal)), fixture(`${journal}.md`));
  });

  Deno.test(`renderMarkdown() gives every row of ${journal} eight cells`, () => {
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
    );
  }
  const text = renderMarkdown(aggregate(events));

  const bytes = new TextEncoder().encode(text).length;
  assert.ok(bytes < MAX_SUMMARY_BYTES, `${bytes} bytes`);
  assert.ok(bytes > MAX_SUMMARY_BYTES / 2, `${bytes} bytes`);
  assert.equal(text.match(/and \d+ more in the JSON report/g)!.length, 5);
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
    const part = { process, why, rule, container: name };
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
    ], [rule])));
  }));
});

/** No tag but our own, no unseen character, no cell more or less. */
function assertHarmless(markdown: string): void {
  assert.doesNotMatch(markdown.replaceAll("\n", ""), /(?! )[\p{C}\p{Z}]/u);
  assert.doesNotMatch(markdown, /^\s*::|##\[|@/m);
  for (const line of markdown.split("\n")) {
    if (line.startsWith("|")) assert.equal(line.split("|").length, 10, line);
    const rest = line.replace(OWN_TAGS, "").replace(/^> /, "");
    assert.doesNotMatch(rest, /[<>]/);
  }
}
