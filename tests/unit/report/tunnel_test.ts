import assert from "node:assert/strict";
import { aggregate, countsOf } from "../../../agent/report/aggregate.ts";
import { renderMarkdown } from "../../../agent/report/markdown.ts";
import { renderTerminal } from "../../../agent/report/terminal.ts";
import { tunnelsOf, tunnelText } from "../../../agent/report/tunnel.ts";
import type { AgentEvent, Event } from "../../../agent/record/event.ts";
import { agent } from "./samples.ts";

const BY = { pid: 7, name: null, exe: "/usr/bin/python3" };
const EVENTS = [
  agent("tunnel", {
    ...{ second: 1, domain: "evil.example", sign: "longNames", by: BY },
    ...{ names: 40, nameBytes: 6000 },
  }),
  agent("tunnel", { second: 2, domain: "b.example", names: 90, nameBytes: 9 }),
  agent("tunnel", {
    ...{ second: 3, domain: "evil.example", sign: "nameBytes" },
    ...{ names: 400, nameBytes: 30_000 },
  }),
] as AgentEvent[] & Event[];

Deno.test("tunnelsOf() has one for each domain, by what was said last", () => {
  assert.deepEqual(tunnelsOf(EVENTS), [
    {
      ...{ domain: "evil.example", names: 400, nameBytes: 30_000 },
      ...{ sign: "longNames", exe: BY.exe },
    },
    { domain: "b.example", names: 90, nameBytes: 9, sign: null, exe: null },
  ]);
});

Deno.test("tunnelText() is a sentence", () => {
  const [first, second] = tunnelsOf(EVENTS);
  assert.equal(
    tunnelText(first!),
    "Look-ups under evil.example look like a tunnel: at least 400 names with " +
      "30000 bytes, too many names that are long, asked by /usr/bin/python3.",
  );
  assert.equal(
    tunnelText(second!),
    "Look-ups under b.example look like a tunnel: at least 90 names with " +
      "9 bytes.",
  );
});

Deno.test("a tunnel is no verdict, and is told by every form", () => {
  assert.equal(countsOf(EVENTS).dns.deny, 0);
  const summary = aggregate([
    agent("tunnel", { second: 1, domain: "\x1b[2J<b>@me.example" }),
  ]);
  const options = { columns: 200, color: false, egress: "audit" } as const;
  const terminal = renderTerminal(summary, options);
  const markdown = renderMarkdown(summary);
  assert.match(terminal, /look like a tunnel/);
  assert.match(markdown, /look like a tunnel/);
  assert.ok(!terminal.includes("\x1b"));
  assert.ok(!markdown.includes("\x1b"));
  assert.doesNotMatch(markdown, /<b>|@me/);
});
