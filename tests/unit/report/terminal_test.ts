import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { aggregate } from "../../../agent/report/aggregate.ts";
import { allowanceFor } from "../../../agent/report/allowance.ts";
import { renderTerminal } from "../../../agent/report/terminal.ts";
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

const ESCAPE = "\x1b";

const PLAIN = { columns: 100, color: false } as const;

const GOLDEN = [
  { journal: "audit_npm_view", columns: 100, egress: "audit" },
  { journal: "audit_npm_view", columns: 60, egress: "audit" },
  { journal: "block_refused", columns: 100, egress: "block" },
  { journal: "said_names", columns: 100, egress: "block" },
  { journal: "hostile", columns: 100, egress: "audit" },
  { journal: "killed", columns: 80, egress: "block" },
  { journal: "steps", columns: 100, egress: "block" },
  { journal: "files", columns: 100, egress: "block" },
  { journal: "files", columns: 60, egress: "block" },
] as const;

for (const { journal, columns, egress } of GOLDEN) {
  Deno.test(`renderTerminal() lays ${journal} out on ${columns} columns`, () => {
    const options = { columns, color: false, egress };
    const text = renderTerminal(summaryOf(journal), options);

    assert.equal(text, fixture(`${journal}.${columns}.txt`));
  });
}

Deno.test("renderTerminal() says in one line that nothing was contacted", () => {
  const summary = aggregate([
    agent("armed", { second: 0 }),
    agent("stopped", { second: 1 }),
  ]);

  assert.equal(
    renderTerminal(summary, { ...PLAIN, egress: "audit" }),
    "sluice (audit): nothing contacted\n",
  );
});

Deno.test("renderTerminal() prints a policy that YAML reads back", () => {
  const summary = summaryOf("audit_npm_view");
  const text = renderTerminal(summary, { ...PLAIN, egress: "audit" });
  const yaml = text.slice(text.indexOf("  version: 1"));

  assert.deepEqual(parse(yaml), {
    version: 1,
    egress: "block",
    allow: allowanceFor(summary, "seen"),
  });
});

Deno.test("renderTerminal() prints no policy in block mode", () => {
  const summary = summaryOf("block_refused");
  const text = renderTerminal(summary, { ...PLAIN, egress: "block" });

  assert.doesNotMatch(text, /version: 1/);
});

Deno.test("renderTerminal() tells of a refusal that holds in audit too", () => {
  const summary = aggregate([
    agent("armed", { second: 0 }),
    connection({ enforced: true, why: "denied_by_rule", rule: "*.example" }),
  ]);
  const text = renderTerminal(summary, { ...PLAIN, egress: "audit" });

  assert.match(text, /^Refused: A deny entry names it/m);
  assert.match(text, /The entry is \*\.example\./);
  assert.doesNotMatch(text, /--allow/);
});

Deno.test("renderTerminal() shows at most 40 rows, refusals and entries", () => {
  const events = Array.from(
    { length: 50 },
    (_, index) => lookUp({ name: `h${index}.example`, enforced: true }),
  );
  const summary = aggregate(events);
  const lines = renderTerminal(summary, { ...PLAIN, egress: "block" })
    .split("\n");

  assert.equal(count(lines, / dns .* refused$/), 40);
  assert.equal(count(lines, /^ {2}h\d+\.example \(look-up\)/), 40);
  assert.equal(count(lines, /^and 10 more \(see the report\)$/), 2);
  assert.equal(count(lines, /^ {4}- h\d+\.example/), 40);
  assert.equal(count(lines, /# and 10 more: see the report$/), 1);
});

Deno.test("renderTerminal() colours the outcome and nothing else", () => {
  const summary = summaryOf("hostile");
  const options = { columns: 100, egress: "audit" } as const;
  const colored = renderTerminal(summary, { ...options, color: true });

  assert.ok(colored.includes(`${ESCAPE}[33mwould refuse${ESCAPE}[0m\n`));
  const pieces = colored.split(ESCAPE);
  assert.equal(pieces.length - 1, 2 * (summary.rows.length + 1));
  assert.equal(
    pieces.map((piece) => piece.replace(/^\[[0-9;]+m/, "")).join(""),
    renderTerminal(summary, { ...options, color: false }),
  );
});

Deno.test("renderTerminal() marks a refusal with red and an allowance with green", () => {
  const summary = summaryOf("block_refused");
  const text = renderTerminal(summary, {
    columns: 100,
    color: true,
    egress: "block",
  });

  assert.ok(text.includes(`${ESCAPE}[1;31mrefused${ESCAPE}[0m\n`));
  assert.ok(text.includes(`${ESCAPE}[32mallowed${ESCAPE}[0m\n`));
});

Deno.test("renderTerminal() fits the width and gives the runner no order", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "::error::",
      "##[group]",
      "\x1b[2J",
      "\n",
      "\u202e",
      " ",
      "日",
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const text = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(""));
  const world = fc.record({
    name: text,
    exe: text,
    args: fc.array(text, { maxLength: 4 }),
    address: text,
    sni: text,
    rule: text,
    message: text,
    protocol: text,
    columns: fc.integer({ min: 0, max: 140 }),
  });
  fc.assert(fc.property(world, (one) => {
    const { name, exe, args, address, rule, message, protocol, columns } = one;
    const { sni } = one;
    const process = { pid: 1, exe, args, uid: 0, ancestors: [] };
    const part = { enforced: true, process, rule, step: sni };
    const summary = aggregate([
      connection({ ...part, names: [name], destination: { address, port: 1 } }),
      connection({ ...part, names: [], protocol, why: name }),
      connection({ ...part, names: [name], sni, why: "sni_not_allowed" }),
      lookUp({ ...part, name }),
      agent("tampered", { second: 0, message }),
      step(name, { source: "path" }),
      step(rule),
      execution({ process, step: name }),
      privilege({ process, rule, reason: message, step: name, path: exe }),
      privilege({ process, rule: "sudo-used", reason: rule, step: sni }),
      fileChange({
        process,
        path: name,
        reason: rule,
        diff: message,
        step: sni,
      }),
      fileChange({ subject: "secret", path: exe, overwritten: false }),
    ], [message]);
    const shown = renderTerminal(summary, {
      columns,
      color: false,
      egress: "audit",
    });
    const width = Math.max(40, columns);
    assert.doesNotMatch(shown.replaceAll("\n", ""), /(?! )[\p{C}\p{Z}]/u);
    assert.doesNotMatch(shown, /##\[/);
    for (const line of shown.split("\n")) {
      assert.doesNotMatch(line, /^\s*::/);
      const isToCopy = /^ {4}(?:--allow|- )|^ {2}\S+:/.test(line);
      if (!isToCopy) assert.ok(Array.from(line).length <= width, line);
    }
  }));
});

function count(lines: readonly string[], pattern: RegExp): number {
  return lines.filter((line) => pattern.test(line)).length;
}
