import assert from "node:assert/strict";
import { Cell, RUN_TIMEOUT_MS } from "../integration/cell.ts";
import { assertGone } from "../integration/leftovers.ts";

/** A command line that cannot be meant, and what its two lines must match. */
interface Row {
  readonly args: readonly string[];
  readonly said: RegExp;
  readonly hint: RegExp;
  /** A policy file, `policy.yaml` where the user stands. */
  readonly policy?: string;
}

const LINES: readonly Row[] = [
  { args: ["--nonsense"], said: /--nonsense/, hint: /--help/ },
  { args: runArgs("--egres", "audit"), said: /--egres/, hint: /--help/ },
  { args: runArgs("--egress"), said: /--egress/, hint: /--help/ },
  { args: runArgs("--egress", "open"), said: /"open"/, hint: /audit or block/ },
  {
    args: runArgs("--egress="),
    said: /--egress is ""/,
    hint: /audit or block/,
  },
  {
    args: runArgs("--allow", "-a.test"),
    said: /: option '--allow' argument is ambiguous$/,
    hint: /--help/,
  },
  { args: runArgs("-x"), said: /-x/, hint: /--help/ },
  {
    args: ["frobnicate"],
    said: /"frobnicate" is no command/,
    hint: /run, start/,
  },
  {
    args: ["__proto__"],
    said: /"__proto__" is no command/,
    hint: /run, start/,
  },
  { args: ["toString"], said: /"toString" is no command/, hint: /run, start/ },
  {
    args: runArgs("--format", "json"),
    said: /`sluice run` has no flag --format/,
    hint: /--policy/,
  },
  {
    args: ["stop", "--allow", "a.test"],
    said: /`sluice stop` has no flag --allow/,
    hint: /--state/,
  },
  {
    args: ["check", "--egress", "audit", "p"],
    said: /`sluice check` has no flag --egress/,
    hint: /Leave it out/,
  },
  {
    args: ["run", "--egress", "audit"],
    said: /no command/,
    hint: /-- COMMAND/,
  },
  {
    args: ["run", "--egress", "audit", "--"],
    said: /no command/,
    hint: /-- COMMAND/,
  },
  {
    args: ["run", "--egress", "audit", "true"],
    said: /"true" stands in front of `--`/,
    hint: /-- COMMAND/,
  },
  { args: ["run", "--", "true"], said: /neither/, hint: /--egress audit/ },
  {
    args: runArgs("--egress", "audit", "--on-failure", "ignore"),
    said: /--on-failure is "ignore"/,
    hint: /fail or continue/,
  },
  {
    args: runArgs("--egress", "audit", "--watch", "network,disk"),
    said: /--watch is "disk"/,
    hint: /network or process or source/,
  },
  {
    args: runArgs("--egress", "audit", "--resolver", "dns.test"),
    said: /--resolver is "dns\.test"/,
    hint: /IP address/,
  },
  {
    args: ["start", "--egress", "audit", "now"],
    said: /`sluice start` takes no "now"/,
    hint: /sluice run/,
  },
  { args: ["report"], said: /an argument is missing/, hint: /report JOURNAL/ },
  {
    args: ["report", "a", "b"],
    said: /"b" is one argument too many/,
    hint: /report JOURNAL/,
  },
  { args: ["explain"], said: /an argument is missing/, hint: /explain/ },
  {
    args: ["explain", "--egress", "block", "src/a.c"],
    said: /"src\/a\.c": it is a path/,
    hint: /\.\/src\/a\.c/,
  },
  { args: ["check"], said: /an argument is missing/, hint: /check POLICY/ },
];

const ENDPOINTS: readonly Row[] = [
  ["", /./],
  ["a.test:0", /port/i],
  ["a.test:65536", /port/i],
  ["a.test:http", /port/i],
  ["a.test:443/sctp", /./],
  ["https://a.test/", /./],
  ["a..test", /./],
  ["*", /./],
  ["a b.test", /./],
  ["192.0.2.0/33", /./],
  ["192.0.2.0/-1", /./],
  ["192.0.2.1/24", /./],
  ["192.0.2.256", /./],
  ["2001:db8::/129", /./],
  ["[2001:db8::1", /./],
  ["2001:db8:::1", /./],
  ["a.test:443:443", /./],
  [`${"a".repeat(64)}.test`, /./],
].map(([entry, hint]) => ({
  args: runArgs("--allow", entry as string),
  said: /allow entry/,
  hint: hint as RegExp,
}));

const FILES: readonly Row[] = ([
  ["egress: block\n", /policy\.yaml:1:1: .*version/],
  ["version: 2\negress: block\n", /policy\.yaml:1:10: /],
  ["version: 1\negres: block\n", /policy\.yaml:2:1: .*egres/],
  ["version: 1\negress: open\n", /policy\.yaml:2:9: /],
  ["version: 1\nallow:\n  - a.test\n  - b..test\n", /policy\.yaml:4:5: /],
  ["version: 1\nallow: a.test\n", /policy\.yaml:2:8: /],
  [
    "version: 1\nallow:\n  - { host: a.test, port: 99999 }\n",
    /policy\.yaml:3:/,
  ],
  ["version: 1\nallow: [ a.test\n", /policy\.yaml:\d+:\d+: /],
  ["version: 1\n\tegress: block\n", /policy\.yaml:2:\d+: /],
  ["version: 1\nversion: 1\n", /policy\.yaml:2:1: /],
  ["version: 1\negress: block\n---\nversion: 1\n", /policy\.yaml:3:1: /],
  ["version: 1\nallow: [ *other ]\n", /policy\.yaml:2:\d+: /],
  ["- version: 1\n", /policy\.yaml:1:1: /],
  ["", /policy\.yaml:1:1: /],
  ["version: 1\non: { denied: explode }\n", /policy\.yaml:2:15: /],
] as const).map(([policy, said]) => ({
  args: runArgs("--policy", "policy.yaml"),
  policy,
  said,
  hint: /./,
}));

const MISSING: readonly Row[] = [
  {
    args: runArgs("--policy", "none.yaml"),
    said: /Cannot read the policy "none\.yaml": .*ENOENT/,
    hint: /--policy/,
  },
  {
    args: runArgs("--policy", "."),
    said: /Cannot read the policy "\.": .*EISDIR/,
    hint: /--policy/,
  },
  { args: ["check", "none.yaml"], said: /"none\.yaml".*ENOENT/, hint: /path/ },
  {
    args: ["report", "none.ndjson"],
    said: /none\.ndjson": .*ENOENT/,
    hint: /path/,
  },
  {
    args: ["recommend", "none.ndjson"],
    said: /none\.ndjson": .*ENOENT/,
    hint: /path/,
  },
  { args: ["recommend", "."], said: /".*": .*EISDIR/, hint: /path/ },
  { args: ["recommend"], said: /an argument is missing/, hint: /recommend J/ },
  {
    args: ["recommend", "--scope", "tight", "j"],
    said: /--scope is "tight"/,
    hint: /none or step or process/,
  },
  {
    args: ["recommend", "--policy", "p", "j"],
    said: /`sluice recommend` has no flag --policy/,
    hint: /--scope/,
  },
  {
    args: ["replay", "--egress", "block", "none.ndjson"],
    said: /none\.ndjson": .*ENOENT/,
    hint: /path/,
  },
  { args: ["replay", "j"], said: /neither --policy/, hint: /--egress audit/ },
  {
    args: ["replay", "--egress", "block", "j", "k"],
    said: /"k" is one argument too many/,
    hint: /replay JOURNAL/,
  },
  {
    args: ["replay", "--egress", "block", "--format", "pdf", "j"],
    said: /--format is "pdf"/,
    hint: /text or json/,
  },
  {
    args: ["explain", "--egress", "block", "--process", "curl", "a.test"],
    said: /--process is "curl"/,
    hint: /absolute path/,
  },
];

let cell: Cell | undefined;

Deno.test.beforeAll(async () => {
  cell = await Cell.open();
});

Deno.test.afterAll(async () => {
  await cell?.[Symbol.asyncDispose]();
});

for (const row of [...LINES, ...ENDPOINTS, ...FILES, ...MISSING]) {
  const { args, said, hint, policy } = row;
  const shown = JSON.stringify(args.join(" ")).slice(0, 60);
  const what = policy === undefined ? shown : JSON.stringify(policy);
  Deno.test(`sluice says in two lines what is wrong with ${what}, with code 2`, async () => {
    const there = cell!;
    if (policy !== undefined) {
      await Deno.writeTextFile(`${there.directory}/policy.yaml`, policy);
    }
    const before = await there.footprint();
    await using sluice = there.startBare(args);
    const result = await sluice.finished(RUN_TIMEOUT_MS);
    assert.equal(result.code, 2, result.stderr);
    assert.equal(result.stdout, "");
    const [first, second, ...more] = result.stderr.trimEnd().split("\n");
    assert.deepEqual(more, []);
    assert.match(first ?? "", /^sluice: (?:Cannot |policy\.yaml:)/);
    assert.match(first!, said);
    assert.match(second ?? "", /^ {2}\S/);
    assert.match(second!, hint);
    await assertGone(sluice.pid);
    assert.equal(await there.footprint(), before);
  });
}

Deno.test("sluice without a command shows what there is, with code 2", async () => {
  const { code, stdout, stderr } = await cell!.startBare([]).finished(
    RUN_TIMEOUT_MS,
  );
  assert.equal(code, 2);
  assert.match(stdout, /^Sluice: .*\n\n {2}sluice run /);
  assert.match(stderr, /^sluice: .*no command is given\n {2}\S.*\n$/);
});

for (const args of [["--help"], ["-h"], ["run", "--help"], ["stop", "-h"]]) {
  Deno.test(`sluice ${args.join(" ")} shows every command, with code 0`, async () => {
    const { code, stdout, stderr } = await cell!.startBare(args).finished(
      RUN_TIMEOUT_MS,
    );
    assert.equal(code, 0);
    assert.equal(stderr, "");
    const commands = [
      ...["run", "start", "status", "stop", "report"],
      ...["recommend", "replay", "explain", "check", "doctor"],
    ];
    for (const name of commands) {
      assert.match(stdout, new RegExp(`^ {2}sluice ${name} `, "m"));
    }
    // A terminal of the least width that is usual shows each line whole.
    assert.ok(stdout.split("\n").every((line) => line.length <= 80));
  });
}

function runArgs(...flags: string[]): string[] {
  return ["run", ...flags, "--", "true"];
}
