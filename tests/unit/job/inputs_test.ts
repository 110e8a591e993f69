import assert from "node:assert/strict";
import { readInputs } from "../../../agent/job/inputs.ts";
import type { JobOrder } from "../../../agent/job/job_order.ts";

/** Each oddity of real lists once, with made-up hosts. */
const LISTS: Readonly<Record<string, readonly [text: string, names: string]>> =
  {
    "a folded list": [
      "a.example:443 b.example:80\n",
      "a.example:443 b.example:80",
    ],
    "a literal list": [
      "a.example:443\nb.example:80\n\n\n",
      "a.example:443 b.example:80",
    ],
    "commas, with and without spaces": [
      "a.example:443,b.example:80, c.example",
      "a.example:443 b.example:80 c.example",
    ],
    "a tab behind an entry and twelve spaces in a row": [
      "a.example:443\t b.example:443            c.example:443",
      "a.example:443 b.example:443 c.example:443",
    ],
    "line ends of DOS": [
      "a.example:443\r\nb.example:443\r\n",
      "a.example:443 b.example:443",
    ],
    "a line end that a fold has kept": [
      "a.example:443 b.example:443\n c.example:443\n",
      "a.example:443 b.example:443 c.example:443",
    ],
    "a comment in a folded list": [
      "# Azure Wire Server IP 192.0.2.1:80 a.example:443\n",
      "192.0.2.1:80 a.example:443",
    ],
    "a comment in the middle of a folded list": [
      "a.example:443 # packages b.example:443\n",
      "a.example:443 b.example:443",
    ],
    "comments in a folded list of two paragraphs": [
      "# GitHub a.example:443 b.example:443\n# packages c.example:443\n",
      "a.example:443 b.example:443 c.example:443",
    ],
    "a comment in a folded list without ports": [
      "# packages a.example b.example\n",
      "a.example b.example",
    ],
    "a comment behind an entry of a literal list": [
      "a.example:443 # for b/c -> d.example\ne.example:443\n",
      "a.example:443 e.example:443",
    ],
    "an entry of a literal list that a # takes out": [
      "a.example:443\n# b.example:443\n#c.example:443\n",
      "a.example:443",
    ],
    "a comment in another script": [
      "a.example:443 # 以下、Task 5 の で確定した\n",
      "a.example:443",
    ],
    "no port": ["a.example", "a.example"],
    "ports of other services": [
      "a.example:22 b.example:11371 c.example:65535 d.example:433",
      "a.example:22 b.example:11371 c.example:65535 d.example:433",
    ],
    "the port of DNS, which is asked over UDP": [
      "a.example:53",
      "a.example:53 a.example:53/udp",
    ],
    "upper case and a last dot": [
      "A.Example:443 b.example.:443",
      "a.example:443 b.example:443",
    ],
    "wildcards in odd places": [
      "*.a.example:443 cp*.b.example:443 *.c.*.d.example:443 e.*.f.example",
      "*.a.example:443 cp*.b.example:443 *.c.*.d.example:443 e.*.f.example",
    ],
    "the names of services": [
      "_http._tcp.a.example:443",
      "_http._tcp.a.example:443",
    ],
    "addresses": [
      "192.0.2.1 192.0.2.2:80 198.51.100.0/24:443 [2001:db8::1]:443",
      "192.0.2.1 192.0.2.2:80 198.51.100.0/24:443 [2001:db8::1]:443",
    ],
    "the same thing said three times": [
      "a.example:443 a.example A.example:443",
      "a.example:443",
    ],
    "dashes and quotes of a YAML list": [
      "- 'a.example:443'\n- \"b.example:443\"\n",
      "a.example:443 b.example:443",
    ],
    "nothing": [" \n", ""],
  };

for (const [name, [text, names]] of Object.entries(LISTS)) {
  Deno.test(`readInputs() reads ${name}`, () => {
    const order = ordered({
      "egress-policy": "block",
      "allowed-endpoints": text,
    });
    assert.deepEqual(order.allow, names.match(/\S+/g) ?? []);
  });
}

const WRONG: readonly {
  name: string;
  inputs: Record<string, string>;
  input: string;
  token: string;
  at?: { line: number; column: number };
  hint: RegExp;
}[] = [
  endpoint("a letter behind the port", "a.example\nb.example:443q", {
    token: "b.example:443q",
    at: { line: 2, column: 1 },
  }),
  endpoint("a letter before the port", "x.example a.example:g443", {
    token: "a.example:g443",
    at: { line: 1, column: 11 },
  }),
  endpoint("a colon without a port", "a.example:", { token: "a.example:" }),
  endpoint("port 0", "a.example:0", { token: "a.example:0" }),
  endpoint("port 65536", "a.example:65536", { token: "a.example:65536" }),
  endpoint("a URL", "https://a.example/b", { token: "https://a.example/b" }),
  endpoint("an expression", "${{ vars.A || 'b c' }}:443", {
    token: "${{ vars.A || 'b c' }}:443",
  }),
  { ...endpoint("every host", "*:443", { token: "*:443" }), hint: /audit/ },
  endpoint("an address of five numbers", "1.2.3.4.5", { token: "1.2.3.4.5" }),
  {
    name: "a misspelt mode",
    inputs: { "egress-policy": "audti" },
    input: "egress-policy",
    token: "audti",
    hint: /audit$/,
  },
  {
    name: "a mode in two words",
    inputs: { "egress-policy": "audit - name: Checkout" },
    input: "egress-policy",
    token: "audit - name: Checkout",
    hint: /audit or block/,
  },
  {
    name: "a boolean in other words, in audit too",
    inputs: { "egress-policy": "audit", "disable-sudo": "yes" },
    input: "disable-sudo",
    token: "yes",
    hint: /true or false/,
  },
  {
    name: "an input that is spelt with _, in audit too",
    inputs: { "egress-policy": "audit", "disable_sudo": "true" },
    input: "disable_sudo",
    token: "disable_sudo",
    hint: /disable-sudo$/,
  },
  {
    name: "an input of Bullfrog's",
    inputs: { "allowed-domains": "a.example" },
    input: "allowed-domains",
    token: "allowed-domains",
    hint: /sluice migrate/,
  },
  {
    name: "a policy that only a store knows",
    inputs: { policy: "build" },
    input: "policy",
    token: "build",
    hint: /allowed-endpoints/,
  },
  {
    name: "containers that are both filtered and refused",
    inputs: { "disable-sudo-and-containers": "true", containers: "filter" },
    input: "containers",
    token: "filter",
    hint: /disable-sudo/,
  },
  {
    name: "a finding that nobody looks for",
    inputs: { "disable-file-monitoring": "true", "on-overwritten": "fail" },
    input: "on-overwritten",
    token: "fail",
    hint: /Remove/,
  },
  {
    name: "a policy file outside of the work space",
    inputs: { "policy-file": "../egress.yml" },
    input: "policy-file",
    token: "../egress.yml",
    hint: /github/,
  },
  {
    name: "a place for the report that there is not",
    inputs: { report: "summary mail" },
    input: "report",
    token: "mail",
    hint: /artifact/,
  },
  {
    name: "a path with alternatives",
    inputs: { "exempt-files": "dist/**\nsrc/{a,b}.ts" },
    input: "exempt-files",
    token: "src/{a,b}.ts",
    at: { line: 2, column: 1 },
    hint: /entry/,
  },
];

for (const { name, inputs, input, token, at, hint } of WRONG) {
  Deno.test(`readInputs() refuses ${name}`, () => {
    const outcome = readInputs(inputs);
    assert.ok(!outcome.ok);
    const [problem, ...others] = outcome.problems;
    assert.deepEqual(others, []);
    assert.equal(problem!.input, input);
    assert.equal(problem!.token, token);
    if (at !== undefined) assert.deepEqual(problem!.at, at);
    assert.match(problem!.hint, hint);
    assert.equal(outcome.isAudit, false);
  });
}

Deno.test("readInputs() blocks when no mode is given, and says so", () => {
  const order = ordered({ "allowed-endpoints": "a.example" });
  assert.equal(order.egress, "block");
  assert.equal(order.isEgressGiven, false);
  assert.match(order.notices.join(), /block/);
});

Deno.test("readInputs() tells in audit of words that are no endpoints", () => {
  const order = ordered({
    "egress-policy": "audit",
    "allowed-endpoints": "a.example:443q b.example",
  });
  assert.deepEqual(order.allow, ["b.example"]);
  assert.match(order.notices.join(), /a\.example:443q/);
});

Deno.test("readInputs() has one notice for all words of comments", () => {
  const { notices } = ordered({
    "egress-policy": "block",
    "allowed-endpoints": "a.example:443 # one\nb.example:443 # two\n",
  });
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /one two/);
});

Deno.test("readInputs() has one notice for all that needs a cloud", () => {
  const { notices } = ordered({
    "egress-policy": "audit",
    "policy": "build",
    "api-key": "secret",
    "disable-telemetry": "true",
  });
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /api-key, disable-telemetry/);
  assert.doesNotMatch(notices[0]!, /secret/);
});

Deno.test("readInputs() takes containers away with sudo", () => {
  const order = ordered({ "Disable-Sudo-And-Containers": " TRUE " });
  assert.equal(order.disableSudo, true);
  assert.equal(order.containers, "refuse");
});

Deno.test("readInputs() says that containers are a way around without sudo", () => {
  const order = ordered({ containers: "filter" });
  assert.equal(order.disableSudo, false);
  assert.match(order.notices.join(), /disable-sudo is not set/);
});

Deno.test("readInputs() reads Sluice's own inputs", () => {
  const order = ordered({
    "egress-policy": "audit",
    "policy-file": ".github/egress.yml",
    deny: "*.bad.example",
    "on-denied": "fail",
    "on-overwritten": "ignore",
    "on-failure": "continue",
    report: "none",
    "exempt-files": "dist/**\n# made\nCHANGELOG.md\n",
    "alert-slack": "https://hooks.example/x",
  });
  assert.equal(order.policyFile, ".github/egress.yml");
  assert.deepEqual(order.deny, ["*.bad.example"]);
  assert.equal(order.onDenied, "fail");
  assert.equal(order.onOverwritten, "ignore");
  assert.equal(order.onFailure, "continue");
  assert.deepEqual(order.report, []);
  assert.deepEqual(order.ignoreSources, ["dist/**", "CHANGELOG.md"]);
  assert.deepEqual(order.alerts, { slack: "https://hooks.example/x" });
});

Deno.test("readInputs() lets an audit go on where nothing was to be enforced", () => {
  const outcome = readInputs({ "egress-policy": "audit", report: "mail" });
  assert.ok(!outcome.ok);
  assert.equal(outcome.isAudit, true);
});

Deno.test("readInputs() is not led by the names of an object's own members", () => {
  const outcome = readInputs({ constructor: "x", "__proto__x": "y" });
  assert.ok(!outcome.ok);
  assert.equal(outcome.problems.length, 2);
});

function ordered(inputs: Record<string, string>): JobOrder {
  const outcome = readInputs(inputs);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.order;
}

function endpoint(
  name: string,
  text: string,
  wrong: { token: string; at?: { line: number; column: number } },
) {
  return {
    name,
    inputs: { "egress-policy": "block", "allowed-endpoints": text },
    input: "allowed-endpoints",
    hint: /^[A-Z]/,
    ...wrong,
  };
}
