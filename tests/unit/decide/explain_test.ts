import assert from "node:assert/strict";
import { explain } from "../../../agent/decide/explain.ts";
import { AgentError } from "../../../agent/errors.ts";
import { policyOf, type PolicyTexts } from "./policies.ts";

const POLICY: PolicyTexts = {
  allow: [
    "a.example",
    "*.b.example:8443",
    { text: "up.example", step: "Publish", process: "/usr/bin/twine" },
    "192.0.2.0/24:5432",
    "only.example/dns",
  ],
  deny: ["bad.b.example", { text: "a.example:25", process: "/usr/bin/nc" }],
};

// `says` is in one sentence each, in this order; nothing else is said.
const EXPLAINED: readonly {
  target: string;
  why: string;
  rule?: string;
  says: readonly string[];
}[] = [
  {
    target: "a.example",
    why: "allowed_name",
    rule: "a.example",
    says: ['TCP to "a.example", port 443 is let out', "look-up"],
  },
  {
    target: "A.Example.:443/tcp",
    why: "allowed_name",
    rule: "a.example",
    says: ['"a.example"', "is let out"],
  },
  {
    target: "a.example:80",
    why: "port_not_allowed",
    says: ["another port", "look-up"],
  },
  {
    target: "a.example/udp",
    why: "port_not_allowed",
    says: ["UDP", "look-up"],
  },
  {
    target: "a.example:25",
    why: "denied_by_rule",
    rule: "a.example:25",
    says: ["is refused", "cannot be found", "look-up"],
  },
  {
    target: "c.b.example:8443",
    why: "allowed_name",
    rule: "*.b.example:8443",
    says: ['"*.b.example:8443"', "look-up"],
  },
  {
    target: "bad.b.example:8443",
    why: "denied_by_rule",
    rule: "bad.b.example",
    says: ["audit too", "audit too"],
  },
  {
    target: "up.example",
    why: "process_not_allowed",
    says: ["is refused", '"Publish" by "/usr/bin/twine"', "is refused"],
  },
  {
    target: "evil.example",
    why: "name_not_allowed",
    says: ["no allow entry names", "no allow entry names"],
  },
  {
    target: "evil.example:5432",
    why: "name_not_allowed",
    says: ["is refused", "is refused", '"192.0.2.0/24:5432" decides if'],
  },
  {
    target: "only.example/dns",
    why: "allowed_name",
    rule: "only.example/dns",
    says: ['The look-up of "only.example" is let out'],
  },
  {
    target: "192.0.2.9:5432",
    why: "allowed_address",
    rule: "192.0.2.0/24:5432",
    says: ["TCP to 192.0.2.9, port 5432 is let out"],
  },
  {
    target: "[2001:DB8::1]:22",
    why: "address_not_allowed",
    says: ["TCP to 2001:db8::1, port 22 is refused"],
  },
  {
    target: "192.0.2.9/icmp",
    why: "protocol_not_allowed",
    says: ["ICMP to 192.0.2.9 is refused"],
  },
];

for (const { target, why, rule = null, says } of EXPLAINED) {
  Deno.test(`explain() tells of ${target}: ${why}`, () => {
    const { sentences, ...explanation } = explain(policyOf(POLICY), target);
    const decision = why.startsWith("allowed_") ? "allow" : "deny";
    assert.deepEqual(explanation, { decision, enforced: true, why, rule });
    assert.equal(sentences.length, says.length, sentences.join("\n"));
    for (const [at, part] of says.entries()) {
      assert.ok(sentences[at]!.includes(part), sentences[at]);
    }
  });
}

Deno.test("explain() says that an audit refuses nothing but deny entries", () => {
  const audit = policyOf({ ...POLICY, egress: "audit" });
  const refused = explain(audit, "evil.example");
  assert.equal(refused.enforced, false);
  assert.match(refused.sentences[1]!, /only audits/);
  const denied = explain(audit, "bad.b.example");
  assert.equal(denied.enforced, true);
  assert.doesNotMatch(denied.sentences.join(), /only audits/);
});

const REFUSED: readonly string[] = [
  "*.b.example",
  "192.0.2.0/24",
  "a.example:*",
  "a b",
  "",
  "https://a.example/",
];

for (const target of REFUSED) {
  Deno.test(`explain() refuses ${JSON.stringify(target)}`, () => {
    assert.throws(
      () => explain(policyOf(POLICY), target),
      (error) => error instanceof AgentError && error.code === "policy_invalid",
    );
  });
}

Deno.test("explain() escapes what a policy's author wrote", () => {
  const policy = policyOf({
    allow: [{ text: "a.example", step: "Build\x1b[2J\u202e" }],
  });
  const { sentences } = explain(policy, "a.example");
  assert.equal(sentences.length, 3);
  assert.doesNotMatch(sentences.join(""), /[\p{Cc}\p{Cf}]/u);
});

Deno.test("explain() says of a proxy that what it is asked for counts", () => {
  const policy = policyOf({ proxy: ["proxy.example:3128"] });
  const { decision, sentences } = explain(policy, "proxy.example:3128");

  assert.equal(decision, "allow");
  assert.match(sentences[0]!, /: the proxy entry "proxy\.example:3128" names/);
  assert.match(sentences.at(-1)!, /proxy entry .*proxy\.example:3128/);
});

Deno.test("explain() decides for the sender that is named", () => {
  const policy = policyOf(POLICY);
  const twine = {
    target: "up.example",
    step: "Publish",
    process: "/usr/bin/twine",
  };
  const allowed = explain(policy, twine);
  assert.equal(allowed.decision, "allow");
  assert.match(
    allowed.sentences[0]!,
    /port 443 in step "Publish" by "\/usr\/bin\/twine" is let out/,
  );
  const other = explain(policy, { ...twine, step: "Build" });
  assert.equal(other.why, "process_not_allowed");
  const known = explain(policy, {
    target: "a.example:25",
    process: "/usr/bin/curl",
  });
  assert.equal(known.why, "port_not_allowed");
});

Deno.test("explain() names every scope of an entry", () => {
  const policy = policyOf({
    allow: [{
      text: "a.example",
      process: "/a",
      sha256: "ab".repeat(32),
      ancestor: "/b",
    }],
  });
  const { sentences } = explain(policy, "a.example");
  assert.match(
    sentences[1]!,
    /sent by "\/a" with the SHA-256 (?:ab){32} below "\/b"\.$/,
  );
});

Deno.test("explain() tells of what is for the runner's own processes", () => {
  const { why, sentences } = explain(policyOf({}), "api.github.com");
  assert.equal(why, "name_not_allowed");
  assert.match(
    sentences.at(-1)!,
    /runner's own processes .*"api\.github\.com"/,
  );
  const off = explain({ ...policyOf({}), runner: "deny" }, "api.github.com");
  assert.doesNotMatch(off.sentences.join(), /runner/);
});
