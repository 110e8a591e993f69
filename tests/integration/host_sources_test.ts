/** Sources of a host: steps of a runner, status, and the job's colour. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Event } from "../../agent/record/event.ts";
import { runOrThrow } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { Guarding, sluice } from "./guarding.ts";
import { withRunner } from "./with_runner.ts";

const COMMITTER = ["-c", "user.name=n", "-c", "user.email=n@localhost"];

/** A repository in the lab's own directory. */
async function makeRepository(lab: Lab): Promise<string> {
  const directory = `${lab.directory}/work`;
  const git = ["git", "-C", directory, ...COMMITTER];
  await runOrThrow(["git", "init", "--quiet", directory]);
  await Deno.writeTextFile(`${directory}/a.c`, "int a;\n");
  await Deno.writeTextFile(`${directory}/b.c`, "int b;\n");
  await runOrThrow([...git, "add", "."]);
  await runOrThrow([...git, "commit", "--quiet", "--message", "first"]);
  return directory;
}

async function arm(lab: Lab, policy: string): Promise<Guarding> {
  const file = `${lab.directory}/policy.yml`;
  await Deno.writeTextFile(file, `version: 1\n${policy}`);
  const more = ["--workspace", `${lab.directory}/work`, "--policy", file];
  return await Guarding.arm(lab, { egress: "audit", more });
}

async function stop(lab: Lab) {
  const { code, stdout, stderr } = await sluice([
    ...["stop", "--state", `${lab.directory}/state`],
  ]);
  return { code, said: stderr, status: JSON.parse(stdout) };
}

const ENDS = [
  { overwritten: "fail", code: 4 },
  { overwritten: "warn", code: 0 },
  { overwritten: "ignore", code: 0 },
] as const;

for (const { overwritten, code } of ENDS) {
  Deno.test(`sluice stop exits with ${code} for an overwritten source when the policy says ${overwritten}`, async () => {
    await using lab = await Lab.up();
    const directory = await makeRepository(lab);
    const guard = await arm(lab, `on: { overwritten: ${overwritten} }\n`);
    assert.deepEqual(guard.started.workspaces, [directory]);
    await runOrThrow(["sed", "-i", "s/a/aa/", `${directory}/a.c`]);
    await guard.waitFor({ kind: "file" });
    const status = await guard.status();
    assert.deepEqual(status.counts.file, { seen: 1, overwritten: 1 });
    const stopped = await stop(lab);
    assert.equal(stopped.code, code, stopped.said);
    assert.deepEqual(stopped.status.counts.file, { seen: 1, overwritten: 1 });
    assert.match(stopped.said, /^! OVERWRITTEN during the build: .*a\.c\.$/m);
  });
}

Deno.test("a killed agent's overwritten sources make the job fail all the same", async () => {
  await using lab = await Lab.up();
  const directory = await makeRepository(lab);
  const guard = await arm(lab, "on: { overwritten: fail }\n");
  await runOrThrow(["sed", "-i", "s/a/aa/", `${directory}/a.c`]);
  await guard.waitFor({ kind: "file" });
  await guard.kill();
  const { code, said } = await stop(lab);
  assert.equal(code, 4, said);
});

Deno.test("an entry lets a step change what no other step may", async () => {
  await using lab = await Lab.up();
  const directory = await makeRepository(lab);
  const guard = await arm(
    lab,
    "source: { allow: [ { path: '*.c', step: Format } ] }\n" +
      "on: { overwritten: fail }\n",
  );
  const state = ["--state", `${lab.directory}/state`];
  const change = async (step: string, file: string) => {
    const script = `sed -i s/int/long/ ${directory}/${file}; sleep 0.5`;
    const ran = await sluice([
      "step",
      ...state,
      step,
      "--",
      "sh",
      "-c",
      script,
    ]);
    assert.equal(ran.code, 0, ran.stderr);
  };
  await change("Format", "a.c");
  await change("Build", "b.c");
  await guard.waitFor({ kind: "file" }, 2);
  const events: readonly Event[] = await guard.events();
  const files = events.filter((event) => event.kind === "file");
  assert.deepEqual(
    files.map(({ step, overwritten, rule }) => [step, overwritten, rule]),
    [["Format", false, "path: *.c, step: Format"], ["Build", true, null]],
  );
  const { code, said } = await stop(lab);
  assert.equal(code, 4, said);
  assert.match(said, /Build \(.*1 finding about files\)/);
});

Deno.test("without git the first step that puts files there says what the sources are", async () => {
  await using lab = await Lab.up();
  const directory = `${lab.directory}/work`;
  await Deno.mkdir(directory);
  const guard = await arm(lab, "on: { overwritten: fail }\n");
  const step = async (name: string, script: string) => {
    const ran = await sluice([
      ...["step", "--state", `${lab.directory}/state`, name, "--"],
      ...["sh", "-euc", `cd "$0"; ${script}`, directory],
    ]);
    assert.equal(ran.code, 0, ran.stderr);
  };
  await step("Nothing", "true");
  const fetch = "mkdir -p src; echo 'int a;' >src/a.c; echo x >notes";
  await step("Fetch", `${fetch}; sleep 0.2; ${fetch}`);
  await delay(500);
  await step("Build", "echo built >src/a.o; echo again >src/a.o; sleep 0.3");
  await step("Build", "sed -i s/int/long/ src/a.c; sleep 0.5");
  await guard.waitFor({ kind: "file" });
  const files = (await guard.events()).filter((each) => each.kind === "file");
  assert.equal(files.length, 1, JSON.stringify(files));
  const { path, change, step: by, diff } = files[0]!;
  assert.deepEqual([path, change, by], [
    `${directory}/src/a.c`,
    "modified",
    "Build",
  ]);
  assert.match(diff ?? "", /^-int a;\n\+long a;$/m);
  assert.equal((await stop(lab)).code, 4);
});

Deno.test("a repository that the first step makes says what the sources are", async () => {
  await using lab = await Lab.up();
  const directory = `${lab.directory}/work`;
  await Deno.mkdir(directory);
  const guard = await arm(lab, "on: { overwritten: fail }\n");
  const step = async (script: string) => {
    const ran = await sluice([
      ...["step", "--state", `${lab.directory}/state`, "Step", "--"],
      ...["sh", "-euc", `cd "$0"; ${script}`, directory],
    ]);
    assert.equal(ran.code, 0, ran.stderr);
  };
  const git = ["git", ...COMMITTER].join(" ");
  await step(`git init -q; echo a >a.c; echo x >untracked; git add a.c
${git} commit -qm first`);
  await delay(500);
  await step("echo b >untracked; sleep 0.1; echo b >a.c; sleep 0.5");
  await guard.waitFor({ kind: "file", overwritten: true });
  const told = (await guard.events()).filter((each) => each.kind === "file")
    .filter(({ overwritten }) => overwritten);
  assert.deepEqual(told.map(({ path }) => path), [`${directory}/a.c`]);
  assert.equal((await stop(lab)).code, 4);
});

Deno.test("sluice start says where it watches, and where no sources are known", async () => {
  await using lab = await Lab.up();
  const flags = [
    ...["start", "--netns", lab.netnsPath("run"), "--egress", "audit"],
    ...["--state", `${lab.directory}/state`],
  ];
  // A task says where its user stood.
  const before = ["env", "-C", lab.directory, `SLUICE_CWD=${lab.directory}`];
  const started = await sluice(flags, before);
  assert.equal(started.code, 0, started.stderr);
  try {
    assert.deepEqual(JSON.parse(started.stdout).workspaces, []);
    assert.match(started.stderr, /no sources are watched: .*--workspace/);
  } finally {
    await stop(lab);
  }
});

Deno.test("sluice start watches the work spaces of the runners that run here", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const work = `${runner.root}/_work`;
  for (const name of ["app/app", "_tool/_tool", "app/other"]) {
    await Deno.mkdir(`${work}/${name}`, { recursive: true });
  }
  const guard = await Guarding.arm(lab, { egress: "audit" });
  // Other tests run runners at the same time.
  const own = guard.started.workspaces.filter((path) => path.startsWith(work));
  assert.deepEqual(own, [`${work}/app/app`]);
  await guard.stop();
});
