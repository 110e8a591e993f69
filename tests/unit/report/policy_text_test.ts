import assert from "node:assert/strict";
import { parse } from "yaml";
import {
  allowFlags,
  policyLines,
  yamlEntry,
} from "../../../agent/report/policy_text.ts";

const ENTRIES: readonly { readonly text: string; readonly line: string }[] = [
  { text: "a.example", line: "- a.example" },
  { text: "a.example:8080/udp", line: "- a.example:8080/udp" },
  { text: "_http._tcp.a.example/dns", line: "- _http._tcp.a.example/dns" },
  { text: "192.0.2.1:80", line: "- 192.0.2.1:80" },
  { text: "192.0.2.1/icmp", line: "- 192.0.2.1/icmp" },
  { text: "[2001:db8::1]:80", line: '- "[2001:db8::1]:80"' },
  { text: "null", line: '- "null"' },
  { text: "true", line: '- "true"' },
  { text: "no", line: '- "no"' },
  { text: "1e3", line: '- "1e3"' },
  { text: "1.e5", line: '- "1.e5"' },
  { text: "0x1f", line: '- "0x1f"' },
];

for (const { text, line } of ENTRIES) {
  Deno.test(`yamlEntry() writes ${text} so that it is read as text`, () => {
    assert.equal(yamlEntry(text), line);
    assert.deepEqual(parse(yamlEntry(text)), [text]);
    assert.deepEqual(parse(yamlEntry(text), { version: "1.1" }), [text]);
  });
}

Deno.test("policyLines() writes a policy", () => {
  const lines = policyLines(["a.example", "[2001:db8::1]:80"]);

  assert.deepEqual(parse(lines.join("\n")), {
    version: 1,
    egress: "block",
    allow: ["a.example", "[2001:db8::1]:80"],
  });
});

Deno.test("policyLines() writes a policy that allows nothing", () => {
  assert.deepEqual(parse(policyLines([]).join("\n")), {
    version: 1,
    egress: "block",
    allow: [],
  });
});

Deno.test("policyLines() says how many entries it leaves out", () => {
  const lines = policyLines(["a.example", "b.example", "c.example"], 1);

  assert.equal(lines.at(-1), "  # and 2 more: see the report");
  assert.deepEqual(parse(lines.join("\n")).allow, ["a.example"]);
});

Deno.test("allowFlags() quotes what a shell would expand", () => {
  assert.equal(
    allowFlags(["a.example:80", "[2001:db8::1]:80"]),
    "--allow a.example:80 --allow '[2001:db8::1]:80'",
  );
});
