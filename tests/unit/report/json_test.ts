import assert from "node:assert/strict";
import { aggregate } from "../../../agent/report/aggregate.ts";
import {
  allowanceFor,
  proxiesFor,
  withheldFrom,
} from "../../../agent/report/allowance.ts";
import { renderJson } from "../../../agent/report/json.ts";
import { summaryOf } from "./samples.ts";

for (
  const journal of [
    "audit_npm_view",
    "block_refused",
    "said_names",
    "steps",
    "hostile",
    "killed",
  ]
) {
  Deno.test(`renderJson() tells of ${journal} all that the summary holds`, () => {
    const summary = summaryOf(journal);
    const report = JSON.parse(renderJson(summary));

    const { version, rows, allowance, proxies, withheld, ...rest } = report;
    const { rows: wanted, ...facts } = summary;
    assert.equal(version, 1);
    assert.deepEqual(rest, facts);
    assert.deepEqual(
      rows.map((row: Record<string, unknown>) => {
        const { meaning, remedy, entries, ...facts } = row;
        assert.equal(typeof meaning, "string");
        assert.equal(typeof remedy, "string");
        assert.ok(Array.isArray(entries));
        return facts;
      }),
      wanted,
    );
    assert.deepEqual(allowance, {
      seen: allowanceFor(summary, "seen"),
      refused: allowanceFor(summary, "refused"),
    });
    assert.deepEqual(proxies, {
      seen: proxiesFor(summary, "seen"),
      refused: proxiesFor(summary, "refused"),
    });
    assert.deepEqual(withheld, withheldFrom(summary, "seen"));
  });
}

Deno.test("renderJson() keeps its members and their order", () => {
  const report = JSON.parse(renderJson(summaryOf("block_refused")));

  assert.deepEqual(Object.keys(report), [
    "version",
    "egress",
    "scope",
    "counts",
    "steps",
    "privileges",
    "files",
    "sources",
    "processes",
    "hearsAll",
    "coverage",
    "lost",
    "floods",
    "tunnels",
    "tampered",
    "isTampered",
    "impaired",
    "packets",
    "lostEvents",
    "problems",
    "rows",
    "allowance",
    "proxies",
    "withheld",
  ]);
  assert.deepEqual(Object.keys(report.rows[0]), [
    "name",
    "names",
    "sni",
    "asked",
    "addresses",
    "port",
    "protocol",
    "process",
    "step",
    "container",
    "decision",
    "enforced",
    "why",
    "rule",
    "times",
    "first",
    "last",
    "types",
    "servers",
    "answered",
    "meaning",
    "remedy",
    "entries",
  ]);
});

Deno.test("renderJson() shows no unseen character", () => {
  const json = renderJson(summaryOf("hostile"));

  assert.doesNotMatch(json.replaceAll("\n", ""), /(?! )[\p{C}\p{Z}]/u);
});

Deno.test("renderJson() writes an empty report", () => {
  const report = JSON.parse(renderJson(aggregate([])));

  assert.equal(report.egress, null);
  assert.deepEqual(report.rows, []);
});
