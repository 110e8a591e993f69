import assert from "node:assert/strict";
import { Cell, RUN_TIMEOUT_MS } from "../integration/cell.ts";

const JOURNALS = new URL("../fixtures/journals/", import.meta.url);

/** What a terminal or a workflow's log would act on. */
const ORDERS = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|##\[|^\s*::[^1]/mu;

/** Files that are no journals, or no whole ones. */
const BAD: readonly { name: string; text: string; isTold: boolean }[] = [
  { name: "empty", text: "", isTold: false },
  { name: "of one cut line", text: '{"version":1,"seq"', isTold: false },
  { name: "of no JSON", text: "\x1b[2J::error::x\nnull\n", isTold: true },
  {
    name: "of a later version",
    text: '{"version":2,"seq":1}\n',
    isTold: true,
  },
  {
    name: "of numbers where names are",
    text: `{"version":1,"seq":1,"time":"2026-01-01T00:00:00.000000Z",` +
      `"kind":"dns","name":5}\n`,
    isTold: true,
  },
];

let cell: Cell | undefined;

Deno.test.beforeAll(async () => {
  cell = await Cell.open();
  const names = ["steps", "hostile", "said_names", "killed", "files"];
  for (const name of names) {
    const file = `${name}.ndjson`;
    const to = `${cell.directory}/${file}`;
    await Deno.copyFile(new URL(file, JOURNALS), to);
  }
});

Deno.test.afterAll(async () => {
  await cell?.[Symbol.asyncDispose]();
});

for (const scope of ["none", "step", "process"]) {
  Deno.test(`sluice recommend --scope ${scope} gives a policy that replays its own run`, async () => {
    const made = await sluice("recommend", "steps.ndjson", "--scope", scope);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(made.stderr, "");
    assert.equal(/step: "Build"/.test(made.stdout), scope !== "none");
    assert.equal(/process: /.test(made.stdout), scope === "process");
    await write("made.yaml", made.stdout);

    const checked = await sluice("check", "made.yaml");
    assert.equal(checked.code, 0, checked.stderr);
    const replayed = await sluice(
      ...["replay", "steps.ndjson", "--policy", "made.yaml"],
    );
    assert.equal(replayed.code, 0, replayed.stdout + replayed.stderr);
    assert.match(replayed.stdout, /: 0 would be refused now, 1 let out now/);
  });
}

Deno.test("sluice recommend takes several journals", async () => {
  const { code, stdout, stderr } = await sluice(
    ...["recommend", "steps.ndjson", "said_names.ndjson"],
  );
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^ {2}- \{ host: "upload\.example", step: "Publish" \}$/m,
  );
  assert.match(stdout, /^ {2}- cdn\.example\.com$/m);
});

for (const journal of ["hostile", "killed", "files"]) {
  Deno.test(`sluice recommend gives no orders from the ${journal} journal`, async () => {
    const { code, stdout, stderr } = await sluice(
      ...["recommend", `${journal}.ndjson`, "--scope", "process"],
    );
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, ORDERS);
    await write("hostile.yaml", stdout);
    assert.equal((await sluice("check", "hostile.yaml")).code, 0);
  });

  Deno.test(`sluice replay gives no orders from the ${journal} journal`, async () => {
    for (const format of ["text", "json"]) {
      const { stdout, stderr } = await sluice(
        ...["replay", `${journal}.ndjson`, "--egress", "block"],
        ...["--format", format],
      );
      assert.equal(stderr, "");
      assert.doesNotMatch(stdout, ORDERS);
    }
  });
}

for (const { name, text, isTold } of BAD) {
  Deno.test(`sluice recommend and replay live with a journal ${name}`, async () => {
    await write("bad.ndjson", text);
    const made = await sluice("recommend", "bad.ndjson");
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^allow: \[\]$/m);
    assert.doesNotMatch(made.stdout, ORDERS);
    const replayed = await sluice(
      ...["replay", "bad.ndjson", "--egress", "block"],
    );
    assert.equal(replayed.code, 0, replayed.stderr);
    assert.match(replayed.stdout, /^0 connections and 0 look-ups judged again/);
    for (const { stdout } of [made, replayed]) {
      assert.equal(/Journal, line 1/.test(stdout), isTold, stdout);
    }
  });
}

Deno.test("sluice replay says what would be refused, with code 4", async () => {
  const { code, stdout, stderr } = await sluice(
    ...["replay", "steps.ndjson", "--allow", "packages.example"],
  );
  assert.equal(code, 4, stderr);
  assert.match(
    stdout,
    /^Would be refused now:\n(?: .*\n)* {2}upload\.example:443, 1 time, by \/usr\/bin\/python3\.12 in step "Publish"\n {4}No allow entry names/m,
  );
  // What the runner does itself needs no entry of that policy.
  assert.doesNotMatch(stdout, /githubusercontent/);
});

Deno.test("sluice replay --format json says the same to programs", async () => {
  const { code, stdout, stderr } = await sluice(
    ...["replay", "steps.ndjson", "--allow", "packages.example"],
    ...["--format", "json"],
  );
  assert.equal(code, 4, stderr);
  const report = JSON.parse(stdout);
  assert.deepEqual(Object.keys(report), [
    "version",
    "judged",
    "unchanged",
    "newlyRefused",
    "newlyAllowed",
    "files",
    "notes",
  ]);
  assert.deepEqual(report.judged, { connection: 3, dns: 4 });
  const [, refused] = report.newlyRefused;
  assert.equal(refused.subject, "upload.example");
  assert.equal(refused.step, "Publish");
  assert.equal(refused.after.why, "name_not_allowed");
});

Deno.test("sluice recommend allows the changes of a run, and replay says so", async () => {
  const made = await sluice("recommend", "files.ndjson");
  assert.equal(made.code, 0, made.stderr);
  await write("files.yaml", made.stdout);
  const checked = await sluice("check", "files.yaml");
  assert.match(checked.stdout, /; 6 changes of sources allowed$/m);
  const replayed = await sluice(
    ...["replay", "files.ndjson", "--policy", "files.yaml"],
  );
  assert.equal(replayed.code, 0, replayed.stdout);
  assert.match(
    replayed.stdout,
    /^Findings then, let pass now:\n(?: .*\n)*.*crypto\.js, changed and/m,
  );
});

for (const [on, code] of [["warn", 0], ["fail", 4]] as const) {
  Deno.test(`sluice replay exits with ${code} for a new finding when the policy says ${on}`, async () => {
    await write("on.yaml", `version: 1\non: { overwritten: ${on} }\n`);
    const replayed = await sluice(
      ...["replay", "files.ndjson", "--policy", "on.yaml"],
    );
    assert.equal(replayed.code, code, replayed.stderr);
    assert.match(replayed.stdout, /Would be findings now:\n.*b\.sh, mode/);
  });
}

Deno.test("sluice explain says what becomes of a change of a file", async () => {
  await write(
    "sources.yaml",
    `version: 1
source: { allow: [ { path: "src/*", step: Format } ] }
`,
  );
  const asked = ["explain", "--policy", "sources.yaml", "./src/a"];
  const anyone = await sluice(...asked);
  assert.equal(anyone.code, 0, anyone.stderr);
  assert.match(anyone.stdout, /are told as overwritten, .*\n.*for others/);
  const format = await sluice(...asked, "--step", "Format");
  assert.match(format.stdout, /may be: the entry is "path: src\/\*, step/);
});

Deno.test("sluice explain decides for a step and a program", async () => {
  await write(
    "scoped.yaml",
    `version: 1
allow:
  - { host: up.test, step: Publish it, process: /usr/bin/twine }
`,
  );
  const asked = ["explain", "--policy", "scoped.yaml", "up.test"];
  const anyone = await sluice(...asked);
  assert.match(anyone.stdout, /is refused: it is allowed to some steps/);
  const twine = await sluice(
    ...[...asked, "--step", "Publish it", "--process", "/usr/bin/twine"],
  );
  assert.equal(twine.code, 0, twine.stderr);
  assert.match(twine.stdout, /^TCP to "up\.test", port 443 .* is let out/);
  const hostile = await sluice(...asked, "--step", "\x1b[2J\n::error::");
  assert.equal(hostile.code, 0);
  assert.doesNotMatch(hostile.stdout, ORDERS);
});

async function write(name: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${cell!.directory}/${name}`, text);
}

function sluice(...args: string[]) {
  return cell!.startBare(args).finished(RUN_TIMEOUT_MS);
}
