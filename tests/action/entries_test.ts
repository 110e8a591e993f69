/** The entries themselves, with a stand-in for the agent. */
import assert from "node:assert/strict";
import { WITHOUT_GUARD } from "../../agent/action/outputs.ts";
import { Lab } from "../lab/lab.ts";
import { Ground, SLUICE } from "./ground.ts";
import { installRelease, type TestRelease } from "./releasing.ts";
import { Services } from "./services.ts";
import { findStep, type JobRun, type WorkflowStep } from "./workflow.ts";

const AGENT = Deno.readFileSync(new URL("./fake_agent.py", import.meta.url));

/** A lab with a machine on it, and what the action asks for. */
class Scene implements AsyncDisposable {
  readonly ground: Ground;
  readonly services: Services;
  readonly #lab: Lab;

  private constructor(
    lab: Lab,
    { ground, services }: Pick<Scene, "ground" | "services">,
  ) {
    this.#lab = lab;
    this.ground = ground;
    this.services = services;
  }

  static async up(release: Partial<TestRelease> = {}): Promise<Scene> {
    const lab = await Lab.up();
    try {
      const services = await Services.up(lab);
      const actionEnvironment = services.environment;
      const ground = await Ground.up(lab, { actionEnvironment });
      await services.tell(ground);
      await installRelease(ground, { program: AGENT, services, ...release });
      return new Scene(lab, { ground, services });
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  async run(
    inputs: Readonly<Record<string, string>>,
    ...steps: readonly WorkflowStep[]
  ): Promise<JobRun> {
    const step = { name: "Guard", uses: SLUICE, with: inputs };
    return await this.ground.run({ steps: [step, ...steps] });
  }

  async asked() {
    const path = `${this.ground.workspace}/../asked`;
    const text = await Deno.readTextFile(path).catch(() => "");
    return text.split("\n").filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ground[Symbol.asyncDispose]();
    await this.#lab[Symbol.asyncDispose]();
  }
}

function ends(job: JobRun): string[] {
  return job.steps.map(({ name, exitCode }) => `${name}: ${exitCode}`);
}

Deno.test("the entries start the agent clean, pass on what it says, and upload its report", async () => {
  await using scene = await Scene.up();
  const job = await scene.run({ "egress-policy": "block" }, {
    name: "Work",
    run: "true",
  });
  assert.deepEqual(
    ends(job),
    ["Pre Guard: 0", "Guard: 0", "Work: 0", "Post Guard: 0"],
    JSON.stringify(job, null, 1),
  );
  assert.equal(job.conclusion, "success");
  assert.equal(findStep(job, "Pre Guard").log, "armed%0A\n");
  assert.deepEqual(findStep(job, "Guard").outputs, {
    guarded: "true",
    mode: "block",
    journal: "/run/a\nguarded=false\nmode<<EOF\naudit\nEOF\nend",
  });
  const [first, second, third] = await scene.asked();
  assert.deepEqual(
    { uid: first.uid, cwd: first.cwd, args: first.args.slice(1) },
    { uid: 0, cwd: "/", args: ["action", "pre"] },
  );
  assert.match(first.args[0], /^\/var\/lib\/sluice\/action\/[0-9a-f]{64}\/sl/);
  assert.deepEqual(first.environment, {
    LC_ALL: "C.UTF-8",
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  });
  assert.equal(first.request.inputs["egress-policy"], "block");
  assert.equal(first.request.environment.GITHUB_REPOSITORY, "owner/project");
  assert.deepEqual(
    [second.request.stage, third.request.stage],
    ["main", "post"],
  );
  const post = findStep(job, "Post Guard");
  assert.equal(post.summary, "# Summary\n");
  const calls = await scene.services.calls();
  assert.deepEqual(
    calls.map(({ method }) => method),
    ["CreateArtifact", "FinalizeArtifact"],
  );
  const path = scene.services.artifactPath("sluice-build-1");
  assert.equal(calls[1]!.body.size, String(Deno.statSync(path).size));
  const { stdout } = await scene.ground.in([
    ...["python3", "-c"],
    "import sys,zipfile;print(zipfile.ZipFile(sys.argv[1]).read('report.md'))",
    path,
  ]);
  assert.equal(stdout, "b'# Report\\n'\n");
});

/** What the download was checked for may be another file by then. */
const COPY = `
const { copyForRoot, makeRootDirectory } = await import(process.argv[1]);
const hash = { algorithm: "sha256", hex: "0".repeat(64) };
const target = makeRootDirectory("copy") + "/sluice";
await copyForRoot("/etc/passwd", { target, hash })
  .catch(({ message }) => console.log(message));
`;

Deno.test("a copy of root's is checked itself, and is not kept when it is another", async () => {
  await using lab = await Lab.up();
  await using ground = await Ground.up(lab);
  await ground.installSluice();
  const node = `${ground.runner.root}/externals/node24/bin/node`;
  const module = `${ground.actionDirectory(SLUICE)}/agent/action/root_copy.ts`;
  const command = [node, "--input-type=module", "--eval", COPY, module];
  const { stdout } = await ground.in(command, { user: ground.user });
  assert.match(stdout, /Cannot trust the program: its sha256 is/);
  const left = await ground.in(["ls", "/var/lib/sluice/action/copy"]);
  assert.deepEqual([left.code, left.stdout], [0, ""]);
});

interface Failing {
  readonly name: string;
  readonly release?: Partial<TestRelease>;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly before?: (scene: Scene) => Promise<unknown>;
  readonly says: RegExp;
}

const FAILING: readonly Failing[] = [
  {
    name: "a download that is not there",
    release: { url: "http://203.0.113.61:443/nothing" },
    says: /Cannot download .*answers with 404/,
  },
  {
    name: "a download that nobody answers",
    release: { url: "http://203.0.113.60:4321/nothing" },
    says: /Cannot download .*ECONNREFUSED/,
  },
  {
    name: "another program than the pinned one",
    release: { sha256: "0".repeat(64) },
    says: /its sha256 is not 0{64}/,
  },
  {
    name: "no sudo",
    before: ({ ground }) => ground.in(["rm", "/etc/sudoers.d/runner"]),
    says: /may not use sudo without a password, and no service/,
  },
  {
    name: "a directory that others can write",
    before: ({ ground }) => ground.in(["chmod", "777", "/var/lib"]),
    says: /Cannot trust "\/var\/lib"/,
  },
  {
    name: "an agent that ends without an answer",
    inputs: { fake: "crash" },
    says: /libnetfilter_queue[^]*ended with 1 and without an answer/,
  },
];

for (const { name, release, inputs, before, says } of FAILING) {
  Deno.test(`a job is red with ${name}, and its steps are skipped`, async () => {
    await using scene = await Scene.up(release);
    await before?.(scene);
    const job = await scene.run({ ...inputs }, { name: "Work", run: "true" });
    assert.deepEqual(ends(job), [
      "Pre Guard: 1",
      "Guard: null",
      "Work: null",
      "Post Guard: 0",
    ]);
    assert.equal(job.conclusion, "failure");
    const { log, commands } = findStep(job, "Pre Guard");
    assert.match(log, says);
    assert.deepEqual(commands.map(({ command }) => command), ["error"]);
  });
}

const RELAXED: readonly Readonly<Record<string, string>>[] = [
  { "egress-policy": "audit" },
  { "on-failure": "continue" },
];

for (const inputs of RELAXED) {
  Deno.test(`a job goes on, and says that nothing is watched, with ${JSON.stringify(inputs)}`, async () => {
    await using scene = await Scene.up({ sha256: "0".repeat(64) });
    const job = await scene.run(inputs, { name: "Work", run: "true" });
    assert.equal(job.conclusion, "success");
    assert.deepEqual(findStep(job, "Guard").outputs, WITHOUT_GUARD);
    const [warning] = findStep(job, "Pre Guard").commands;
    assert.equal(warning!.command, "warning");
    assert.match(warning!.properties.title!, /NOT guarded, nothing is watched/);
    assert.equal(findStep(job, "Post Guard").commands[0]!.command, "warning");
  });
}

Deno.test("what the agent refuses, or ends badly with, is red", async () => {
  for (const fake of ["refuse", "lie"]) {
    await using scene = await Scene.up();
    const job = await scene.run({ fake });
    assert.notEqual(findStep(job, "Pre Guard").exitCode, 0);
    assert.equal(job.conclusion, "failure");
  }
});

Deno.test("a guard that is gone, or does not answer at the end, is red", async () => {
  await using scene = await Scene.up();
  const gone = await scene.run({}, {
    name: "Kill",
    // By its pid: the machine has the processes of others, too.
    run: "sudo kill -9 $(cat /run/sluice-job/pid) && " +
      "sudo rm -r /run/sluice-job",
  });
  assert.equal(findStep(gone, "Kill").exitCode, 0);
  assert.equal(findStep(gone, "Post Guard").exitCode, 1);
  assert.equal(gone.conclusion, "failure");
  const silent = await scene.run({ fake: "silent" });
  assert.match(findStep(silent, "Post Guard").log, /does not answer/);
  assert.equal(silent.conclusion, "failure");
});

Deno.test("a red verdict is the post step's", async () => {
  await using scene = await Scene.up();
  const job = await scene.run({ fake: "red" });
  assert.equal(findStep(job, "Post Guard").exitCode, 1);
  assert.equal(job.conclusion, "failure");
});

Deno.test("an action of the repository itself arms with its main", async () => {
  await using scene = await Scene.up();
  const { ground } = scene;
  const from = ground.actionDirectory(SLUICE);
  const job = await ground.run({
    steps: [
      { name: "Check out", run: `cp -r ${from}/. .` },
      { name: "Guard", uses: "./", with: {} },
    ],
  });
  assert.deepEqual(ends(job), ["Check out: 0", "Guard: 0", "Post Guard: 0"]);
  const [first] = await scene.asked();
  assert.deepEqual(first.args.slice(1), ["action", "main"]);
  assert.equal(findStep(job, "Guard").outputs.guarded, "true");
});
