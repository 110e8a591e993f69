import assert from "node:assert/strict";
import { migrate } from "../../../agent/migrate/migrate.ts";
import { readTarget } from "../../../agent/migrate/target.ts";
import { AgentError } from "../../../agent/errors.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const TARGET = readTarget(`o/sluice@${COMMIT} # v1.2.3`);
const NEW = `o/sluice@${COMMIT}`;

const ROWS: readonly { name: string; before: string; after: string }[] = [
  {
    name: "one line, and the version that a comment gives it",
    before: `jobs:
  build: # the only one
    steps:
      - name: "Harden"
        uses: step-security/harden-runner@abc # v2.10.1
        with:
            egress-policy:   block
            allowed-endpoints: >
              a.example:443

      - run: echo 'step-security/harden-runner@v2'
`,
    after: `jobs:
  build: # the only one
    steps:
      - name: "Harden"
        uses: ${NEW} # v1.2.3
        with:
            egress-policy:   block
            allowed-endpoints: >
              a.example:443

      - run: echo 'step-security/harden-runner@v2'
`,
  },
  {
    name: "a composite action, quotes, other comments, line ends of DOS",
    before:
      "runs:\r\n  using: composite\r\n  steps:\r\n  - uses: 'Step-Security/Harden-Runner@v2' # first\r\n",
    after:
      `runs:\r\n  using: composite\r\n  steps:\r\n  - uses: '${NEW}' # first\r\n`,
  },
  {
    name: "steps in braces",
    before: "steps: [{ uses: step-security/harden-runner@v2 }, { run: x }]\n",
    after: `steps: [{ uses: ${NEW} }, { run: x }]\n`,
  },
  {
    name: "a byte order mark and a last line without its end",
    before: "\uFEFFsteps:\n- uses: step-security/harden-runner@v2",
    after: `\uFEFFsteps:\n- uses: ${NEW}`,
  },
  {
    name: "Bullfrog without inputs, which audits",
    before: "steps:\r\n  - uses: bullfrogsec/bullfrog@v0\r\n  - run: x\r\n",
    after:
      `steps:\r\n  - uses: ${NEW}\r\n    with:\r\n      egress-policy: audit\r\n  - run: x\r\n`,
  },
  {
    name: "Bullfrog as the last line, without its end",
    before: "steps:\n- uses: bullfrogsec/bullfrog@v0",
    after: `steps:\n- uses: ${NEW}\n  with:\n    egress-policy: audit\n`,
  },
  {
    name: "Bullfrog with an empty with:",
    before: "steps:\n- uses: bullfrogsec/bullfrog@v0\n  with:\n- run: x\n",
    after:
      `steps:\n- uses: ${NEW}\n  with:\n    egress-policy: audit\n- run: x\n`,
  },
  {
    name: "Bullfrog's lists, locks and what Sluice does not need",
    before: `steps:
  - uses: bullfrogsec/bullfrog@v0
    with:
      # what we need
      allowed-domains: |
        # the forge
        a.example
        *.b.example

      egress-policy: block # for good
      allowed-ips: |
        192.0.2.1
        192.0.2.0/24
      enable-sudo: false
      api-token: \${{ secrets.TOKEN }}

  - run: x
`,
    after: `steps:
  - uses: ${NEW}
    with:
      # what we need
      allowed-endpoints: |
        # the forge
        a.example:*
        *.b.example:*
        192.0.2.1:* 192.0.2.1:*/udp
        192.0.2.0/24:* 192.0.2.0/24:*/udp

      egress-policy: block # for good
      disable-sudo: true

  - run: x
`,
  },
  {
    name: "two lists of Bullfrog's in one line each",
    before: `steps:
  - uses: bullfrogsec/bullfrog@v0
    with:
      egress-policy: block
      allowed-domains: a.example # one
      allowed-ips: "192.0.2.1"
`,
    after: `steps:
  - uses: ${NEW}
    with:
      egress-policy: block
      allowed-endpoints: | # one
        a.example:*
        192.0.2.1:* 192.0.2.1:*/udp
`,
  },
  {
    name: "nothing else",
    before: "steps:\n- uses: actions/checkout@v4\n- uses: a/harden-runner@v2\n",
    after: "steps:\n- uses: actions/checkout@v4\n- uses: a/harden-runner@v2\n",
  },
];

for (const { name, before, after } of ROWS) {
  Deno.test(`migrate() changes ${name}`, () => {
    const { text, problems } = migrate(before, TARGET);
    assert.equal(text, after);
    assert.deepEqual(problems, []);
    const again = migrate(text, TARGET);
    assert.equal(again.text, text);
    assert.deepEqual(again.changed, []);
  });
}

Deno.test("migrate() takes a version away that is not the new one's", () => {
  const target = readTarget(NEW);
  const { text } = migrate(
    "steps:\n- uses: step-security/harden-runner@a # v2.1\n",
    target,
  );
  assert.equal(text, `steps:\n- uses: ${NEW}\n`);
});

const PROBLEMS: readonly { name: string; text: string; line: number }[] = [
  { name: "no YAML", text: "steps:\n- uses: a: b\n", line: 2 },
  {
    name: "Bullfrog in braces",
    text: "steps:\n- run: x\n- { uses: bullfrogsec/bullfrog@v0 }\n",
    line: 3,
  },
  {
    name: "sudo by an expression",
    text:
      "steps:\n- uses: bullfrogsec/bullfrog@v0\n  with:\n    enable-sudo: ${{ inputs.sudo }}\n",
    line: 2,
  },
];

for (const { name, text, line } of PROBLEMS) {
  Deno.test(`migrate() leaves alone, and says so, ${name}`, () => {
    const migration = migrate(text, TARGET);
    assert.equal(migration.text, text);
    assert.deepEqual(migration.problems.map((problem) => problem.line), [line]);
  });
}

Deno.test("migrate() tells what Sluice will refuse", () => {
  const { notes } = migrate(
    "steps:\n- uses: step-security/harden-runner@a\n  with:\n    egress-policy: audti\n",
    TARGET,
  );
  assert.match(notes[0]!.text, /egress-policy: "audti"/);
});

Deno.test("migrate() tells what of Bullfrog's means something else now", () => {
  const { notes } = migrate(
    "steps:\n- uses: bullfrogsec/bullfrog@a\n  with:\n    dns-policy: any\n    allowed-domains: ${{ vars.A }}\n",
    TARGET,
  );
  assert.equal(notes.length, 3);
});

for (
  const text of [undefined, "", "o/r", "o/r@v1", "o/r@main", `r@${COMMIT}`]
) {
  Deno.test(`readTarget() refuses ${text}`, () => {
    assert.throws(
      () => readTarget(text),
      (error) => error instanceof AgentError && error.code === "usage",
    );
  });
}
