import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePolicy } from "../../../agent/decide/policy_file.ts";
import { UNSCOPED } from "../../../agent/decide/scope.ts";
import { AgentError } from "../../../agent/errors.ts";

/** The error that a text is refused with. */
function refusalOf(text: string, file = "policy.yml"): AgentError {
  try {
    parsePolicy(text, file);
  } catch (error) {
    assert.ok(error instanceof AgentError);
    assert.equal(error.code, "policy_invalid");
    return error;
  }
  assert.fail("not refused");
}

Deno.test("parsePolicy() fills in every default", () => {
  assert.deepEqual(parsePolicy("version: 1", "policy.yml"), {
    egress: "block",
    allow: [],
    deny: [],
    names: "said",
    proxy: [],
    inbound: "listening",
    dns: { unseen: 32_768 },
    runner: "allow",
    protect: { runnerMemory: false },
    source: { watch: true, ignore: [], allow: [] },
    on: { denied: "warn", overwritten: "warn" },
  });
});

Deno.test("parsePolicy() reads what a file sets", () => {
  const policy = parsePolicy(
    `version: 1
egress: audit
allow: [ "*.a.example:8443" ]
deny:
  - b.example
names: said
inbound: allow
dns: { unseen: any }
runner: deny
protect: { runner-memory: true }
source:
  watch: false
  ignore: [ "dist/**" ]
  allow: [ { path: a.lock, step: Build }, { process: /bin/sed, path: "*" } ]
on: { denied: fail, overwritten: ignore }
`,
    "policy.yml",
  );
  assert.deepEqual(policy, {
    egress: "audit",
    allow: [{
      text: "*.a.example:8443",
      target: { kind: "host", pattern: "*.a.example" },
      port: 8443,
      protocol: "tcp",
      ...UNSCOPED,
    }],
    deny: [{
      text: "b.example",
      target: { kind: "host", pattern: "b.example" },
      port: null,
      protocol: null,
      ...UNSCOPED,
    }],
    names: "said",
    inbound: "allow",
    proxy: [],
    dns: { unseen: "any" },
    runner: "deny",
    protect: { runnerMemory: true },
    source: {
      watch: false,
      ignore: ["dist/**"],
      allow: [
        {
          text: "path: a.lock, step: Build",
          path: "a.lock",
          process: null,
          step: "Build",
        },
        {
          text: "path: *, process: /bin/sed",
          path: "*",
          process: "/bin/sed",
          step: null,
        },
      ],
    },
    on: { denied: "fail", overwritten: "ignore" },
  });
});

Deno.test("parsePolicy() reads an entry that is a mapping", () => {
  const { allow } = parsePolicy(
    `version: 1
allow:
  - host: Upload.example
    step: Publish it
    process: /usr/bin/twine
  - { address: 192.0.2.0/24, port: "*", protocol: udp }
`,
    "policy.yml",
  );
  assert.deepEqual(allow, [{
    text:
      '{ host: Upload.example, step: "Publish it", process: /usr/bin/twine }',
    target: { kind: "host", pattern: "upload.example" },
    port: 443,
    protocol: "tcp",
    ...UNSCOPED,
    step: "Publish it",
    process: "/usr/bin/twine",
  }, {
    text: '{ address: 192.0.2.0/24, port: "*", protocol: udp }',
    target: {
      kind: "network",
      address: Uint8Array.of(192, 0, 2, 0),
      prefixBits: 24,
    },
    port: null,
    protocol: "udp",
    ...UNSCOPED,
  }]);
});

Deno.test("parsePolicy() reads whom an entry is for", () => {
  const digits = "0123456789ABCDEF".repeat(4);
  const { allow: [entry] } = parsePolicy(
    `version: 1
allow:
  - host: a.example
    process: /usr/bin/curl
    sha256: ${digits}
    ancestor: /usr/bin/make
`,
    "policy.yml",
  );
  assert.equal(entry?.process, "/usr/bin/curl");
  assert.equal(entry?.sha256, digits.toLowerCase());
  assert.equal(entry?.ancestor, "/usr/bin/make");
});

Deno.test("parsePolicy() reads a file with a byte order mark and CRLF", () => {
  const text = "\ufeffversion: 1\r\nallow:\r\n  - a.example\r\n";
  assert.equal(parsePolicy(text, "policy.yml").allow[0]?.text, "a.example");
});

Deno.test("parsePolicy() gives a policy that survives structured clone", () => {
  const policy = parsePolicy("version: 1\nallow: [ 192.0.2.1 ]", "policy.yml");
  assert.deepEqual(structuredClone(policy), policy);
});

// The place is where an editor must put its cursor.
const PLACED: readonly {
  name: string;
  text: string;
  at: string;
  hint?: string;
}[] = [
  { name: "an empty file", text: "", at: "1:1", hint: "version: 1" },
  { name: "another version", text: "version: 2", at: "1:10" },
  {
    name: "an unknown key",
    text: "version: 1\negres: audit",
    at: "2:1",
    hint: "Write egress",
  },
  {
    name: "an unknown key that is near no other",
    text: "version: 1\nfirewall: on",
    at: "2:1",
    hint: "version, egress, allow",
  },
  {
    name: "an unknown key of an entry",
    text: "version: 1\nallow:\n  - { host: a.example, ports: 1 }",
    at: "3:24",
    hint: "Write port",
  },
  {
    name: "an unknown key under on",
    text: "version: 1\non:\n  denyed: fail",
    at: "3:3",
    hint: "Write denied",
  },
  {
    name: "a glob that ends with a slash",
    text: "version: 1\nsource:\n  ignore:\n    - a\n    - dist/",
    at: "5:7",
    hint: "Write **",
  },
  {
    name: "a glob in an allowance",
    text: "version: 1\nsource:\n  allow:\n    - { path: a?, step: b }",
    at: "4:15",
    hint: "Write *",
  },
  {
    name: "an allowance without a path",
    text: "version: 1\nsource: { allow: [ { step: b } ] }",
    at: "2:20",
    hint: "path: src/**",
  },
  {
    name: "an unknown key of an allowance",
    text: "version: 1\nsource: { allow: [ { path: a, proces: /b } ] }",
    at: "2:31",
    hint: "Write process",
  },
  {
    name: "an allowance that is text",
    text: "version: 1\nsource: { allow: [ a ] }",
    at: "2:20",
    hint: "path: src/**",
  },
  {
    name: "a misspelt value",
    text: "version: 1\negress: audti",
    at: "2:9",
    hint: "Write audit",
  },
  {
    name: "a value that is near no other",
    text: "version: 1\negress: everything",
    at: "2:9",
    hint: "audit, block",
  },
  {
    name: "an endpoint with a wrong network",
    text: "version: 1\nallow:\n  - a.example\n  - 192.0.2.7/24",
    at: "4:5",
    hint: "192.0.2.0/24",
  },
  {
    name: "an address as a host",
    text: "version: 1\nallow:\n  - host: 192.0.2.1",
    at: "3:5",
    hint: "address:",
  },
  {
    name: "a duplicate key",
    text: "version: 1\negress: audit\nallow: []\negress: block",
    at: "4:1",
  },
  {
    name: "a duplicate key in an entry",
    text: "version: 1\nallow:\n  - { host: a.example, host: b.example }",
    at: "3:24",
  },
  {
    name: "a pattern without quotes",
    text: "version: 1\nallow:\n  - *.a.example",
    at: "3:5",
    hint: '"*.a.example"',
  },
  {
    name: "a hash that is too short",
    text:
      "version: 1\nallow:\n  - { host: a.example, process: /bin/a, sha256: abc }",
    at: "3:49",
    hint: "sha256sum",
  },
  {
    name: "a hash that YAML takes for a number",
    text:
      `version: 1\nallow:\n  - { host: a.example, process: /bin/a, sha256: ${
        "1".repeat(64)
      } }`,
    at: "3:49",
    hint: "quotes",
  },
  {
    name: "a hash of no program",
    text: `version: 1\nallow:\n  - { host: a.example, sha256: ${
      "a".repeat(64)
    } }`,
    at: "3:5",
    hint: "process:",
  },
  {
    name: "a relative ancestor",
    text: "version: 1\nallow:\n  - { host: a.example, ancestor: make }",
    at: "3:34",
    hint: "whole path",
  },
  {
    name: "an unknown thing to protect",
    text: "version: 1\nprotect: { runner: true }",
    at: "2:12",
    hint: "runner-memory",
  },
  { name: "an anchor", text: "version: 1\nallow: &all []", at: "2:13" },
  {
    name: "an alias",
    text: "version: 1\ndeny: *all",
    at: "2:7",
  },
  { name: "a tag", text: "version: !!int 1", at: "1:16" },
  { name: "a tag of its own", text: "version: 1\nallow: !all []", at: "2:8" },
  { name: "a merge key", text: "<<: { version: 1 }", at: "1:1" },
  { name: "a number as a key", text: "version: 1\n2: 3", at: "2:1" },
  { name: "a list as a key", text: "version: 1\n? [a]\n: 3", at: "2:3" },
  {
    name: "a tab",
    text: "version: 1\nallow:\n\t- a.example",
    at: "3:1",
    hint: "spaces",
  },
  {
    name: "a second document",
    text: "version: 1\n---\nversion: 1",
    at: "2:1",
    hint: "---",
  },
  { name: "a directive", text: "%YAML 1.1\n---\nversion: 1", at: "1:1" },
  { name: "a bracket left open", text: "version: 1\nallow: [", at: "2:9" },
  {
    name: "bytes that were not UTF-8",
    text: "version: 1\nallow: [ \ufffd ]",
    at: "2:10",
    hint: "UTF-8",
  },
  { name: "half a surrogate pair", text: "version: 1\n# \ud800", at: "2:3" },
  {
    name: "deep nesting",
    text: "version: 1\nallow: [[[[[[[[[1]]]]]]]]]",
    at: "2:16",
  },
];

for (const { name, text, at, hint } of PLACED) {
  Deno.test(`parsePolicy() says where it found ${name}`, () => {
    const { message, hint: given } = refusalOf(text);
    assert.ok(message.startsWith(`policy.yml:${at}: `), message);
    assert.ok(given.includes(hint ?? ""), given);
    assert.equal(message.split("\n").length, 1);
  });
}

Deno.test("parsePolicy() reports each problem on a line of its own", () => {
  const { message } = refusalOf(
    "version: 1\nallow: [ a.example:0, b.example ]\ndeny: [ 192.0.2.1/8 ]",
  );
  const places = message.split("\n").map((line) => line.match(/^\S+?: /)?.[0]);
  assert.deepEqual(places, ["policy.yml:2:10: ", "policy.yml:3:9: "]);
});

Deno.test("parsePolicy() reports twenty of many problems", () => {
  const { message } = refusalOf("version: 1\nallow:\n" + "- a b\n".repeat(99));
  assert.equal(message.split("\n").length, 20);
});

Deno.test("parsePolicy() escapes what a hostile file and its name hold", () => {
  const { message } = refusalOf(
    'version: 1\n"\\e[2J\\u202e": 1\n',
    "policy\x1b]0;x\x07.yml",
  );
  assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
});

// Each took the machine's memory, its stack or minutes in some YAML reader.
const HEAVY: readonly { name: string; text: string }[] = [
  { name: "past a mebibyte", text: `version: 1\n#${" ".repeat(1_048_576)}` },
  { name: "past a mebibyte in UTF-8", text: `#${"é".repeat(524_288)}` },
  { name: "of open brackets", text: "[".repeat(200_000) },
  { name: "of open braces", text: "{".repeat(100_000) },
  { name: "of nested keys", text: "? ".repeat(50_000) },
  {
    name: "of different keys",
    text: Array.from({ length: 50_000 }, (_, at) => `k${at}: 1\n`).join(""),
  },
  {
    name: "of aliases of aliases",
    text: Array.from(
      { length: 30 },
      (_, at) =>
        `a${at}: &a${at} [${`*a${at - 1},`.repeat(at === 0 ? 0 : 9)}]\n`,
    ).join(""),
  },
];

for (const { name, text } of HEAVY) {
  Deno.test(`parsePolicy() refuses a file ${name}`, () => {
    assert.ok(refusalOf(text).message.length < 10_000);
  });
}

Deno.test("parsePolicy() throws nothing but AgentError for any text", () => {
  const piece = fc.constantFrom(
    ..."version: 1|\nallow:|\n  - |a.example|\n|: |{|}|[|]|*|&|!|<<|---|\t|\"|'|#|%|0|,| "
      .split("|"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      try {
        parsePolicy(pieces.join(""), "policy.yml");
      } catch (error) {
        assert.ok(error instanceof AgentError, String(error));
        assert.match(error.message, /^policy\.yml:[1-9]\d*:[1-9]\d*: /);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parsePolicy() reads proxies, each with its port", () => {
  const read = (entry: string) =>
    parsePolicy(`version: 1\nproxy: [${entry}]`, "policy.yml").proxy;

  const [proxy] = read('"proxy.example:3128"');
  assert.deepEqual([proxy!.port, proxy!.protocol], [3128, "tcp"]);
  for (const entry of ["proxy.example", '"proxy.example:3128/udp"']) {
    assert.throws(() => read(entry), { code: "policy_invalid" });
  }
});
