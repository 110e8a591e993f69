import assert from "node:assert/strict";
import {
  buildPolicy,
  type PolicyFlags,
  policyWarnings,
  unwatchedWarnings,
} from "../../../agent/decide/policy_flags.ts";
import { AgentError } from "../../../agent/errors.ts";
import { parsePolicy } from "../../../agent/decide/policy_file.ts";
import { policyOf, type PolicyTexts } from "./policies.ts";

const NO_FLAGS: PolicyFlags = { file: null, egress: null, allow: [], deny: [] };
const FILE = {
  text: "version: 1\negress: audit\nallow: [ a.example ]\ndeny: [ b.example ]",
  name: "policy.yml",
};

const EGRESS: readonly {
  name: string;
  flags: Partial<PolicyFlags>;
  egress: "audit" | "block";
}[] = [
  { name: "the file's egress", flags: { file: FILE }, egress: "audit" },
  {
    name: "block for a file that says nothing",
    flags: { file: { text: "version: 1", name: "p" } },
    egress: "block",
  },
  {
    name: "--egress before the file's",
    flags: { file: FILE, egress: "block" },
    egress: "block",
  },
  { name: "--egress alone", flags: { egress: "audit" }, egress: "audit" },
  {
    name: "block when something is allowed",
    flags: { allow: ["a.example"] },
    egress: "block",
  },
  {
    name: "--egress before what --allow means",
    flags: { egress: "audit", allow: ["a.example"] },
    egress: "audit",
  },
];

for (const { name, flags, egress } of EGRESS) {
  Deno.test(`buildPolicy() takes ${name}`, () => {
    assert.equal(buildPolicy({ ...NO_FLAGS, ...flags }).egress, egress);
  });
}

Deno.test("buildPolicy() puts the flags' entries behind the file's", () => {
  const { allow, deny } = buildPolicy({
    ...NO_FLAGS,
    file: FILE,
    allow: ["c.example", "d.example"],
    deny: ["e.example"],
  });
  assert.deepEqual(allow.map((entry) => entry.text), [
    "a.example",
    "c.example",
    "d.example",
  ]);
  assert.deepEqual(deny.map((entry) => entry.text), ["b.example", "e.example"]);
});

Deno.test("buildPolicy() gives a denied endpoint every port", () => {
  const { deny } = buildPolicy({ ...NO_FLAGS, egress: "audit", deny: ["a.b"] });
  assert.equal(deny[0]?.port, null);
});

const REFUSED: readonly {
  name: string;
  flags: Partial<PolicyFlags>;
  code: string;
}[] = [
  { name: "no flags at all", flags: {}, code: "usage" },
  { name: "--deny alone", flags: { deny: ["a.example"] }, code: "usage" },
  { name: "a bad --allow", flags: { allow: ["a b"] }, code: "policy_invalid" },
  {
    name: "a bad --deny",
    flags: { egress: "audit", deny: ["*"] },
    code: "policy_invalid",
  },
  {
    name: "a bad file",
    flags: { file: { text: "", name: "p" } },
    code: "policy_invalid",
  },
];

for (const { name, flags, code } of REFUSED) {
  Deno.test(`buildPolicy() refuses ${name}`, () => {
    assert.throws(
      () => buildPolicy({ ...NO_FLAGS, ...flags }),
      (error) => error instanceof AgentError && error.code === code,
    );
  });
}

const WARNINGS: readonly {
  name: string;
  policy: PolicyTexts;
  about: readonly string[];
}[] = [
  {
    name: "nothing in a good policy",
    policy: {
      allow: ["a.example", "*.a.example", "a.example:80", "192.0.2.0/24"],
      deny: ["b.a.example:80", "192.0.2.1"],
    },
    about: [],
  },
  {
    name: "nothing of an allow entry for a step",
    policy: { allow: [{ text: "a.example", step: "Publish" }] },
    about: [],
  },
  {
    name: "a deny entry for a step",
    policy: { deny: [{ text: "a.example", step: "Publish" }] },
    about: ["a.example"],
  },
  {
    name: "an allow entry that is denied",
    policy: { allow: ["a.example"], deny: ["a.example"] },
    about: ["a.example"],
  },
  {
    name: "an allow entry that a pattern denies",
    policy: { allow: ["b.a.example"], deny: ["*.a.example"] },
    about: ["*.a.example"],
  },
  {
    name: "a pattern that a wider one denies",
    policy: { allow: ["*.b.a.example"], deny: ["*.a.example"] },
    about: ["*.a.example"],
  },
  {
    name: "nothing when a narrower pattern is denied",
    policy: { allow: ["*.a.example"], deny: ["*.b.a.example", "b*.a.example"] },
    about: [],
  },
  {
    name: "a network inside one that is denied",
    policy: { allow: ["192.0.2.0/25"], deny: ["192.0.2.0/24"] },
    about: ["192.0.2.0/24"],
  },
  {
    name: "nothing when a network beside it is denied",
    policy: {
      allow: ["192.0.2.0/25"],
      deny: ["192.0.2.128/25", "2001:db8::/32"],
    },
    about: [],
  },
  {
    name: "nothing when another protocol is denied",
    policy: { allow: ["a.example"], deny: ["a.example/udp", "a.example/dns"] },
    about: [],
  },
  {
    name: "nothing when one process is denied",
    policy: {
      allow: ["a.example"],
      deny: [{ text: "a.example", process: "/usr/bin/nc" }],
    },
    about: [],
  },
  {
    name: "two entries that say the same",
    policy: { allow: ["a.example", "A.example.:443/tcp"] },
    about: ["A.example.:443/tcp"],
  },
  {
    name: "an entry for every address",
    policy: { allow: ["0.0.0.0/0:*"] },
    about: ["0.0.0.0/0:*"],
  },
];

for (const { name, policy, about } of WARNINGS) {
  Deno.test(`policyWarnings() tells of ${name}`, () => {
    const warnings = policyWarnings(policyOf(policy));
    assert.equal(warnings.length, about.length, warnings.join("\n"));
    for (const [at, text] of about.entries()) {
      assert.ok(warnings[at]!.includes(JSON.stringify(text)), warnings[at]);
    }
  });
}

const SOURCES: readonly { text: string; about: readonly RegExp[] }[] = [
  {
    text: "source: { allow: [ { path: '**' } ] }",
    about: [/"path: \*\*" lets/],
  },
  { text: "source: { allow: [ { path: '/**' } ] }", about: [/every file/] },
  { text: "source: { allow: [ { path: '**', step: Format } ] }", about: [] },
  { text: "source: { allow: [ { path: 'src/**' } ] }", about: [] },
  {
    text: "source: { watch: false }\non: { overwritten: fail }",
    about: [/source\.watch is false/],
  },
  { text: "source: { watch: false }", about: [] },
];

for (const { text, about } of SOURCES) {
  Deno.test(`policyWarnings() says ${about.length} of ${text.slice(0, 40)}`, () => {
    const policy = parsePolicy(`version: 1\n${text}`, "policy.yml");
    const warnings = policyWarnings(policy);
    assert.equal(warnings.length, about.length, warnings.join("\n"));
    about.forEach((wanted, at) => assert.match(warnings[at]!, wanted));
  });
}

const UNWATCHED: readonly {
  name: string;
  policy: PolicyTexts;
  scope: "host" | "command";
  about: readonly RegExp[];
}[] = [
  {
    name: "nothing to a command without steps",
    policy: { allow: ["a.example"] },
    scope: "command",
    about: [],
  },
  {
    name: "each allow entry for a step",
    policy: {
      allow: [{ text: "a.example", step: "Publish" }, "b.example"],
      // Such an entry then holds for everybody, which is said anyway.
      deny: [{ text: "c.example", step: "Publish" }],
    },
    scope: "command",
    about: [/^The entry "a.example" never matches/],
  },
  {
    name: "a blocked runner",
    policy: { allow: ["a.example"] },
    scope: "host",
    about: [/runner's own endpoints are refused/],
  },
  {
    name: "nothing to a runner that is only audited",
    policy: { egress: "audit" },
    scope: "host",
    about: [],
  },
];

for (const { name, policy, scope, about } of UNWATCHED) {
  Deno.test(`unwatchedWarnings() tells of ${name}`, () => {
    const warnings = unwatchedWarnings(policyOf(policy), scope);
    assert.equal(warnings.length, about.length, warnings.join("\n"));
    for (const [at, what] of about.entries()) {
      assert.match(warnings[at]!, what);
    }
  });
}
