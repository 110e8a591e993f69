import assert from "node:assert/strict";
import { Cell, RUN_TIMEOUT_MS } from "../integration/cell.ts";

const POLICY = `version: 1
egress: block
allow:
  - allowed.test
  - "*.wild.test:8443"
  - 192.0.2.0/24:5432
deny:
  - bad.wild.test:8443
`;

/** As an agent writes it: two events of one run. */
const JOURNAL = [
  {
    kind: "agent",
    event: "armed",
    egress: "block",
    scope: "command",
    pid: 7,
  },
  {
    ...{ kind: "connection", decision: "deny", enforced: true },
    ...{ why: "address_not_allowed", rule: null, protocol: "tcp" },
    direction: "output",
    source: { address: "198.51.100.10", port: 40000 },
    destination: { address: "203.0.113.66", port: 4444 },
    ...{ names: ["evil.test"], sni: null, step: null, container: null },
    process: {
      ...{ pid: 9, exe: "/usr/bin/curl", args: ["curl", "evil.test"] },
      ...{ uid: 0, ancestors: [] },
    },
  },
].map((event, index) => {
  const time = `2026-01-01T00:00:0${index}.000000Z`;
  return `${JSON.stringify({ version: 1, seq: index + 1, time, ...event })}\n`;
}).join("");

let cell: Cell | undefined;

Deno.test.beforeAll(async () => {
  cell = await Cell.open();
  await Deno.writeTextFile(`${cell.directory}/policy.yaml`, POLICY);
  await Deno.writeTextFile(`${cell.directory}/journal.ndjson`, JOURNAL);
});

Deno.test.afterAll(async () => {
  await cell?.[Symbol.asyncDispose]();
});

Deno.test("sluice check sums a good policy up", async () => {
  const { code, stdout, stderr } = await sluice("check", "policy.yaml");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "policy.yaml: egress block, 3 allowed, 1 denied\n");
});

Deno.test("sluice check tells each problem of a policy on a line", async () => {
  const policy = "version: 1\negress: open\nsource: { deny: [ a ] }\n";
  await Deno.writeTextFile(`${cell!.directory}/bad.yaml`, policy);
  const { code, stderr } = await sluice("check", "bad.yaml");
  assert.equal(code, 2);
  assert.match(stderr, /^sluice: bad\.yaml:2:9: .*\nsluice: bad\.yaml:3:11: /);
});

/** What `explain` must say of an endpoint. */
const ENDPOINTS: readonly { endpoint: string; said: RegExp }[] = [
  {
    endpoint: "allowed.test",
    said:
      /^TCP to "allowed\.test", port 443 is let out: the allow entry "allowed\.test"/,
  },
  { endpoint: "allowed.test:80", said: /(?:denied|refused).*port/is },
  {
    endpoint: "a.b.wild.test:8443",
    said: /let out: the allow entry "\*\.wild\.test:8443" names it/,
  },
  { endpoint: "wild.test:8443", said: /denied|refused/i },
  {
    endpoint: "bad.wild.test:8443",
    said: /^TCP .* is refused: the deny entry "bad\.wild\.test:8443" names it/,
  },
  {
    endpoint: "192.0.2.9:5432",
    said: /let out: the allow entry "192\.0\.2\.0\/24:5432" names it/,
  },
  { endpoint: "192.0.3.9:5432", said: /denied|refused/i },
];

for (const { endpoint, said } of ENDPOINTS) {
  Deno.test(`sluice explain says which entry decides about ${endpoint}`, async () => {
    const { code, stdout, stderr } = await sluice(
      ...["explain", "--policy", "policy.yaml", endpoint],
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, said);
  });
}

Deno.test("sluice report renders Markdown unless told otherwise", async () => {
  const plain = await sluice("report", "journal.ndjson");
  const named = await sluice(
    "report",
    "journal.ndjson",
    "--format",
    "markdown",
  );
  assert.equal(plain.code, 0, plain.stderr);
  assert.equal(plain.stdout, named.stdout);
  assert.match(plain.stdout, /^#+ /m);
  assert.match(plain.stdout, /\| .*evil.*\|/);
  assert.match(plain.stdout, /203\.0\.113\.66/);
});

Deno.test("sluice report renders JSON that other programs can read", async () => {
  const { code, stdout, stderr } = await sluice(
    ...["report", "journal.ndjson", "--format", "json"],
  );
  assert.equal(code, 0, stderr);
  const text = JSON.stringify(JSON.parse(stdout));
  assert.ok(text.includes("203.0.113.66"), text);
  assert.ok(text.includes("/usr/bin/curl"), text);
});

Deno.test("sluice report refuses a format that is not there", async () => {
  const { code, stdout, stderr } = await sluice(
    ...["report", "journal.ndjson", "--format", "pdf"],
  );
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /--format is "pdf"\n {2}Use markdown or json/);
});

Deno.test("sluice report --output writes the same to a file, where the user stands", async () => {
  const shown = await sluice("report", "journal.ndjson");
  const written = await sluice(
    ...["report", "journal.ndjson", "--output", "out.md"],
  );
  assert.equal(written.code, 0, written.stderr);
  assert.equal(written.stdout, "");
  const text = await Deno.readTextFile(`${cell!.directory}/out.md`);
  assert.equal(text.trimEnd(), shown.stdout.trimEnd());
});

Deno.test("sluice report --output writes to a device and leaves it one", async () => {
  const path = `${cell!.directory}/device`;
  await cell!.in(["mknod", path, "c", "1", "3"]);
  const { code, stderr } = await sluice(
    ...["report", "journal.ndjson", "--output", path],
  );
  assert.equal(code, 0, stderr);
  assert.ok((await Deno.stat(path)).isCharDevice);
});

for (const output of ["none/out.md", "."]) {
  Deno.test(`sluice report --output says that ${output} cannot be written`, async () => {
    const { code, stderr } = await sluice(
      ...["report", "journal.ndjson", "--output", output],
    );
    assert.equal(code, 2);
    assert.match(stderr, /cannot be written: .*E[A-Z]+\n {2}Name another file/);
  });
}

Deno.test("sluice doctor finds everything on the machine that runs the tests", async () => {
  const { code, stdout } = await sluice("doctor");
  assert.equal(code, 0, stdout);
  assert.doesNotMatch(stdout, /^missing/m);
  const lines = stdout.match(/^ok {7}/gm) ?? [];
  assert.equal(lines.length, stdout.trimEnd().split("\n").length);
});

Deno.test("sluice doctor names what is missing, and --install gets it", async () => {
  const setup = `dpkg --purge --force-depends iptables libnetfilter-queue1 \
    >/dev/null 2>&1`;
  await using bare = await Cell.open({ copy: true, online: true, setup });
  const before = await bare.startBare(["doctor"]).finished(RUN_TIMEOUT_MS);
  assert.equal(before.code, 3);
  assert.match(before.stdout, /^missing {2}iptables .*package iptables$/m);
  assert.match(
    before.stdout,
    /^missing {2}libnetfilter_queue: Install the package libnetfilter-queue1/m,
  );
  const installed = await bare.startBare(["doctor", "--install"])
    .finished(4 * RUN_TIMEOUT_MS);
  assert.equal(installed.code, 0, installed.stdout + installed.stderr);
  assert.match(
    installed.stderr,
    /^sluice: Installing iptables, libnetfilter-queue1$/m,
  );
  assert.doesNotMatch(installed.stdout, /^missing/m);
});

function sluice(...args: string[]) {
  return cell!.startBare(args).finished(RUN_TIMEOUT_MS);
}
