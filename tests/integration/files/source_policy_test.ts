/** What a policy makes of changed sources, from flags to the exit code. */
import assert from "node:assert/strict";
import type { Event } from "../../../agent/record/event.ts";
import type { FileEvent } from "../../../agent/record/file_event.ts";
import { readJournal } from "../../../agent/record/read.ts";
import { Cell, RUN_TIMEOUT_MS } from "../cell.ts";

const AUDIT = ["--egress", "audit", "--no-self-test"];
/** Long enough for a change to be told before the next one. */
const SETTLE = "sleep 0.5";

const SETUP = `
git init -q "$0/repo"
cd "$0/repo"
mkdir src dist
printf 'int a;\\nint b;\\n' > src/a.c
printf 'lock 1\\n' > app.lock
printf 'made\\n' > dist/out.js
git add .
git -c user.name=n -c user.email=n@localhost commit -q -m first
mkdir "$0/plain"
printf 'one\\n' > "$0/plain/one"
`;

interface Ran {
  readonly code: number;
  readonly said: string;
  readonly journal: string;
  readonly events: readonly Event[];
  readonly files: readonly (Event & FileEvent)[];
}

/** Guards a shell line in the cell's repository. */
async function guard(
  cell: Cell,
  script: string,
  of: { policy?: string; flags?: readonly string[]; cwd?: string } = {},
): Promise<Ran> {
  const { policy, flags = AUDIT, cwd = `${cell.directory}/repo` } = of;
  const journal = await Deno.makeTempFile({ dir: cell.directory });
  await Deno.remove(journal);
  const file = `${cell.directory}/policy.yml`;
  if (policy !== undefined) {
    const text = `version: 1\negress: audit\n${policy}`;
    await Deno.writeTextFile(file, text);
  }
  const by = policy === undefined ? [] : ["--policy", file];
  const { code, stderr } = await cell.sluice([
    ...["run", ...by, ...flags, "--journal", journal],
    ...["--", "sh", "-c", `${script}\n${SETTLE}`],
  ], { cwd });
  const text = await Deno.readTextFile(journal).catch(() => "");
  const { events } = readJournal(text);
  const files = events.filter((event) => event.kind === "file");
  return { code, said: stderr, journal, events, files };
}

function told({ files }: Ran): readonly string[] {
  return files.map(({ change, path, overwritten }) =>
    `${change} ${path.slice(path.lastIndexOf("/") + 1)} ${overwritten}`
  );
}

const CHANGE = "sed -i s/a/aa/ src/a.c";
/**
 * The same, some ticks of the kernel's clock after sed was started: by the time
 * of the file alone whoever started it can have written within the same tick.
 */
const LATE_CHANGE = "sed -i -e '1e sleep 0.03' -e s/a/aa/ src/a.c";

Deno.test("a changed source is told and warned of, and the job goes on", async () => {
  await using cell = await Cell.open({ setup: SETUP });
  const ran = await guard(cell, CHANGE);
  assert.equal(ran.code, 0, ran.said);
  assert.deepEqual(told(ran), ["modified a.c true"]);
  const [armed] = ran.events;
  assert.ok(armed?.kind === "agent");
  assert.deepEqual(armed.workspaces, [`${cell.directory}/repo`]);
  assert.match(ran.said, /nothing contacted, 1 file overwritten/);
  assert.match(ran.said, /^! OVERWRITTEN during the build: .*\/src\/a\.c\.$/m);
  assert.match(ran.said, /by \/usr\/bin\/sed \(pid \d+\): sed -i/);
  assert.match(ran.said, /^ {4}\| -int a;\n {4}\| \+int aa;$/m);
});

const OUTCOMES: readonly {
  name: string;
  policy: string;
  script?: string;
  code: number;
  told: readonly string[];
}[] = [
  {
    name: "fails where the policy says so",
    policy: "on: { overwritten: fail }",
    code: 4,
    told: ["modified a.c true"],
  },
  {
    name: "keeps the command's own exit code",
    policy: "on: { overwritten: fail }",
    script: `${CHANGE}; ${SETTLE}; exit 7`,
    code: 7,
    told: ["modified a.c true"],
  },
  {
    name: "is for sources and not for refusals",
    policy: "on: { denied: fail }",
    code: 0,
    told: ["modified a.c true"],
  },
  {
    name: "looks at nothing that is ignored",
    policy: 'source: { ignore: [ "src/**" ] }\non: { overwritten: fail }',
    code: 0,
    told: [],
  },
  {
    name: "watches nothing that the policy forbids",
    policy: "source: { watch: false }\non: { overwritten: fail }",
    code: 0,
    told: [],
  },
  {
    name: "lets pass what an entry allows",
    policy:
      "source: { allow: [ { path: src/*.c, process: /usr/bin/sed, step: run } ] }" +
      "\non: { overwritten: fail }",
    script: LATE_CHANGE,
    code: 0,
    told: ["modified a.c false"],
  },
  {
    name: "lets pass nothing by an entry for another program",
    policy: "source: { allow: [ { path: src/*.c, process: /usr/bin/perl } ] }" +
      "\non: { overwritten: fail }",
    code: 4,
    told: ["modified a.c true"],
  },
  {
    name: "lets pass nothing by an entry for another step",
    policy: "source: { allow: [ { path: src/*.c, step: Format } ] }" +
      "\non: { overwritten: fail }",
    code: 4,
    told: ["modified a.c true"],
  },
  {
    name: "takes no copy for the program that an entry names",
    policy: "source: { allow: [ { path: src/*.c, process: /usr/bin/sed } ] }" +
      "\non: { overwritten: fail }",
    script: "cp /usr/bin/sed ../sed; ../sed -i s/a/aa/ src/a.c",
    code: 4,
    told: ["modified a.c true"],
  },
  {
    name: "takes nothing else at the path of a program for that program",
    policy: "source: { allow: [ { path: src/*.c, process: /usr/bin/sed } ] }" +
      "\non: { overwritten: fail }",
    script: "cp /usr/bin/sed ../sed; unshare --mount sh -c '" +
      "mount --bind ../sed /usr/bin/sed; /usr/bin/sed -i s/a/aa/ src/a.c'",
    code: 4,
    told: ["modified a.c true"],
  },
];

for (const { name, policy, script = CHANGE, code, ...wanted } of OUTCOMES) {
  Deno.test(`a changed source ${name}`, async () => {
    await using cell = await Cell.open({ setup: SETUP });
    const ran = await guard(cell, script, { policy, flags: [] });
    assert.deepEqual(told(ran), wanted.told, ran.said);
    assert.equal(ran.code, code, ran.said);
  });
}

Deno.test("what a clean run changes is recommended, and is quiet then", async () => {
  await using cell = await Cell.open({ setup: SETUP });
  const script = `${LATE_CHANGE}; printf 'lock 2\\n' > app.lock`;
  const first = await guard(cell, script);
  assert.equal(first.files.length, 2, first.said);
  const made = await cell.startBare(["recommend", first.journal])
    .finished(RUN_TIMEOUT_MS);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /path: "src\/a\.c", process: "\/usr\/bin\/sed"/);
  assert.match(made.stdout, /path: "app\.lock", process: "/);
  const policy = made.stdout.replace(/^version: 1\negress: block\n/m, "");

  const { directory } = cell;
  await cell.in(["git", "checkout", "-q", "."], { cwd: `${directory}/repo` });
  const then = await guard(cell, script, {
    policy: `${policy}\non: { overwritten: fail }\n`,
    flags: [],
  });
  assert.equal(then.code, 0, then.said);
  assert.deepEqual(then.files.map(({ overwritten }) => overwritten), [
    false,
    false,
  ]);
  assert.match(then.said, /Files: 2 changed as the policy allows\./);
});

const READERS = [
  { program: "/usr/bin/cat", rule: "path: .npmrc, process: /usr/bin/cat" },
  { program: "/usr/bin/head", rule: null },
] as const;

for (const { program, rule } of READERS) {
  Deno.test(`credentials that ${program} reads are told by the rule ${rule}`, async () => {
    await using cell = await Cell.open({ setup: SETUP });
    const token = "//r.test/:_authToken=npm_0123456789abcdef";
    await Deno.writeTextFile(`${cell.directory}/repo/.npmrc`, `${token}\n`);
    const ran = await guard(cell, `${program} .npmrc`, {
      policy:
        "source: { allow: [ { path: .npmrc, process: /usr/bin/cat } ] }\n",
      flags: [],
    });
    assert.equal(ran.code, 0, ran.said);
    const [event] = ran.files;
    assert.deepEqual([event?.change, event?.rule], ["read", rule], ran.said);
    assert.equal(/^! Credentials in /m.test(ran.said), rule === null);
  });
}

Deno.test("--workspace names what is watched, in place of the repository", async () => {
  await using cell = await Cell.open({ setup: SETUP });
  const plain = `${cell.directory}/plain`;
  const flags = [...AUDIT, "--workspace", plain];
  const ran = await guard(cell, `${CHANGE}; echo two > ${plain}/one`, {
    flags,
  });
  assert.deepEqual(told(ran), ["modified one true"], ran.said);
});

Deno.test("--watch leaves sources out", async () => {
  await using cell = await Cell.open({ setup: SETUP });
  const flags = [...AUDIT, "--watch", "network,process"];
  const ran = await guard(cell, CHANGE, { flags });
  assert.deepEqual(told(ran), []);
  const [armed] = ran.events;
  assert.ok(armed?.kind === "agent");
  assert.deepEqual([armed.files, armed.workspaces], [null, []]);
});

Deno.test("sources are watched where processes need not be", async () => {
  await using cell = await Cell.open({ setup: SETUP });
  const flags = [...AUDIT, "--watch", "network,source"];
  const ran = await guard(cell, CHANGE, { flags });
  assert.deepEqual(told(ran), ["modified a.c true"], ran.said);
});

for (
  const { name, flags, isSaid } of [
    { name: "nobody has asked", flags: AUDIT, isSaid: false },
    {
      name: "--watch names sources",
      flags: [...AUDIT, "--watch", "network,source"],
      isSaid: true,
    },
  ]
) {
  Deno.test(`sluice run outside of a repository ${isSaid ? "says" : "does not say"} that it watches none where ${name}`, async () => {
    await using cell = await Cell.open({ setup: SETUP });
    const ran = await guard(cell, "true", { flags, cwd: cell.directory });
    assert.equal(ran.code, 0, ran.said);
    assert.equal(/no sources are watched/.test(ran.said), isSaid, ran.said);
  });
}

for (
  const [name, more, said] of [
    ["is no directory", ["--workspace", "/nowhere"], /is no directory/],
    [
      "is not watched",
      ["--workspace", "/", "--watch", "network"],
      /--watch leaves sources out/,
    ],
  ] as const
) {
  Deno.test(`sluice run is refused with a work space that ${name}`, async () => {
    await using cell = await Cell.open({ setup: SETUP });
    const ran = await guard(cell, "true", { flags: [...AUDIT, ...more] });
    assert.equal(ran.code, 2, ran.said);
    assert.match(ran.said, said);
  });
}
