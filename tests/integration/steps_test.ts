/** Every process lands on its workflow step; the oracle is what was driven. */
import assert from "node:assert/strict";
import type {
  ExecEvent,
  PrivilegeEvent,
  StepEvent,
} from "../../agent/record/process_event.ts";
import { Lab } from "../lab/lab.ts";
import type { Job, JobStep } from "../lab/runner/job.ts";
import { waitUntil } from "../lab/wait.ts";
import { executed } from "./executing.ts";
import { Guarding } from "./guarding.ts";
import { holdUntil, letGo, withRunner } from "./with_runner.ts";

/** Executes a program that says where it belongs, again and again. */
function tagged(tag: string, count: number): string {
  return `i=0; while [ $i -lt ${count} ]; do /bin/true tag ${tag} $i; ` +
    `i=$((i+1)); done\n`;
}

/** Lets go of everything above it, and goes on when its step has ended. */
function daemon(tag: string): string {
  return `(setsid sh -c 'sleep 1; ${tagged(tag, 50)}' ` +
    `</dev/null >/dev/null 2>&1 &)\n`;
}

const JOB: Job = {
  steps: [
    { name: "Run npm ci", action: "__run", script: tagged("0", 200) },
    {
      name: "Run actions/setup@v4",
      action: "__actions_setup",
      uses: "actions/setup@v4",
      script: tagged("1", 200),
      post: tagged("post.1", 50),
    },
    {
      name: "Run ./release",
      action: "release",
      script: "",
      parts: [
        { name: "Build it", script: tagged("2.0", 100) },
        { name: "Sign it", script: tagged("2.1", 100) },
      ],
    },
    {
      name: "Serve",
      action: "__run_2",
      script: daemon("3") + tagged("3", 20),
    },
    { name: "Run npm ci", action: "__run_3", script: tagged("4", 200) },
  ],
};

function nameOf(tag: string, job: Job = JOB): [string, string | undefined] {
  if (tag.startsWith("post.")) {
    const [, index] = tag.split(".");
    return [`Post ${job.steps[Number(index)]!.name}`, undefined];
  }
  const [index, part] = tag.split(".");
  const step: JobStep = job.steps[Number(index)]!;
  const name = part === undefined ? undefined : step.parts![Number(part)]!.name;
  return [step.name, name];
}

async function executions(guard: Guarding): Promise<readonly ExecEvent[]> {
  return executed(await guard.events())
    .filter(({ process }) => process?.args[1] === "tag");
}

async function steps(guard: Guarding): Promise<StepEvent[]> {
  const events = await guard.events();
  return events.filter(({ kind }) => kind === "step") as unknown as StepEvent[];
}

/** Lets a step go on as soon as the guard has told of it. */
async function goOn(
  guard: Guarding,
  lab: Lab,
  of: { readonly name: string; readonly step: RegExp },
): Promise<void> {
  await waitUntil(async () => {
    const told = await steps(guard);
    return told.some(({ step }) => of.step.test(step));
  }, { what: `a step ${of.step}`, timeoutMs: 20_000 });
  await letGo(lab, of.name);
}

/** What was told of a job's tagged programs, once all of them were. */
async function toldOf(
  guard: Guarding,
  count: number,
): Promise<readonly ExecEvent[]> {
  let seen: readonly ExecEvent[] = [];
  await waitUntil(
    async () => (seen = await executions(guard)).length >= count,
    {
      what: `${count} programs in the journal`,
      timeoutMs: 15_000,
    },
  );
  return seen;
}

/** Each program's tag and where it landed, in the order of their starts. */
function landed(seen: readonly ExecEvent[]): (string | null)[][] {
  const all = seen.map(({ process, step, substep }) => [
    process!.args[2]!,
    step,
    ...(substep === undefined ? [] : [substep]),
  ]);
  return [...new Map(all.map((each) => [each.join("|"), each])).values()];
}

Deno.test("every process of a job lands on its step, daemons too", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const guard = await Guarding.arm(lab, { egress: "audit" });
  await runner.run(JOB);
  const count = 200 * 3 + 50 + 200 + 20 + 50;
  const seen = await toldOf(guard, count);
  const told = await steps(guard);
  await guard.stop();

  assert.equal(seen.length, count);
  for (const { process, step, substep } of seen) {
    const tag = process!.args[2]!;
    assert.deepEqual([step, substep], nameOf(tag), process!.args.join(" "));
  }
  assert.deepEqual(
    told.filter(({ event }) => event === "started").map((event) => [
      event.step,
      event.substep,
      event.source,
    ]),
    ["0", "1", "2.0", "2.1", "3", "4", "post.1"].map((tag) => [
      ...nameOf(tag),
      "log",
    ]),
  );
  const ended = told.filter(({ event }) => event === "finished");
  assert.deepEqual(ended.map(({ exitCode }) => exitCode), Array(7).fill(0));
});

Deno.test("a step that plays a runner is still that step", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const guard = await Guarding.arm(lab, { egress: "audit" });
  const copy = `${lab.directory}/copy`;
  const forged = [
    "log\tStepsRunner\tProcessing step: DisplayName='Publish'",
    "log\tStepsRunner\tStarting the step.",
    "start\tx\t1\tGITHUB_ACTION=publish\t/bin/true\ttag\tforged\t0",
    "wait\tx",
  ].join("\n");
  const script = `
    mkdir -p ${copy} && cp -r ${runner.root}/bin ${copy}/bin
    printf '%s\n' "$(cat <<'JOB'\n${forged}\nJOB\n)" > ${copy}/job
    echo ${copy}/job | ${copy}/bin/Runner.Listener run
    (setsid sh -c "echo ${copy}/job | ${copy}/bin/Runner.Listener run" \
      </dev/null >/dev/null 2>&1 &)
    # In the runner's own place, by its own name, with a log of its own.
    sleep 1.2
    ${runner.root}/bin/Runner.Worker spawnclient ${copy}/job
    bash -c 'exec -a Runner.Worker /bin/true tag renamed 0'
  `;
  await runner.run({
    steps: [
      { name: "Evil", action: "__run", script },
      { name: "Next", action: "__run_2", script: tagged("next", 1) },
    ],
  });
  const seen = await toldOf(guard, 5);
  const told = await steps(guard);
  await guard.stop();

  assert.deepEqual(landed(seen).sort(), [
    ["forged", "Evil"],
    ["next", "Next"],
    ["renamed", "Evil"],
  ]);
  const names = new Set(told.map(({ step }) => step));
  assert.deepEqual([...names], ["Evil", "Next"]);
});

const INTRUSIONS: readonly { name: string; script: string }[] = [
  { name: "writes to", script: 'cat "$FORGED" >> "$LOG"' },
  { name: "truncates", script: ': > "$LOG"' },
  { name: "only opens, to write,", script: 'exec 9<>"$LOG"; sleep 0.3' },
  {
    name: "cuts, by its name,",
    script: 'truncate -s 10 "$LOG"',
  },
];

for (const { name, script } of INTRUSIONS) {
  Deno.test(`a log is not believed any more when a step ${name} it`, async () => {
    await using lab = await Lab.up();
    await using runner = await withRunner(lab);
    const guard = await Guarding.arm(lab, { egress: "audit" });
    const forged = `${lab.directory}/forged`;
    const header = "[2026-01-02 03:04:05Z INFO StepsRunner] ";
    await Deno.writeTextFile(
      forged,
      `${header}Processing step: DisplayName='Publish'\n` +
        `${header}Starting the step.\n`,
    );
    // Not before the guard has seen what was honest.
    const intrude = `FORGED=${forged}; LOG=$(ls ${runner.root}/_diag/*.log)\n` +
      script;
    const run = runner.run({
      steps: [
        {
          ...{ name: "Build", action: "__run" },
          script: tagged("before", 1) + holdUntil(lab, "before"),
        },
        {
          ...{ name: "Evil", action: "__run_2" },
          script: `${holdUntil(lab, "evil")}${intrude}\n`,
        },
        { name: "Test", action: "__run_3", script: tagged("after", 1) },
      ],
    });
    await Promise.all([
      run,
      goOn(guard, lab, { name: "before", step: /^Build$/ }),
      goOn(guard, lab, { name: "evil", step: /^Evil$/ }),
    ]);
    const seen = await toldOf(guard, 2);
    const [privilege] = await guard.waitFor({ kind: "privilege" });
    console.log(JSON.stringify(privilege), JSON.stringify(await steps(guard)));
    await guard.stop();

    assert.deepEqual(landed(seen), [
      ["before", "Build"],
      ["after", "__run_3"],
    ]);
    const { rule, step, process } = privilege as unknown as PrivilegeEvent;
    assert.equal(rule, "runner-files-changed");
    assert.equal(step, "Evil");
    assert.ok(process!.pid > 0);
  });
}

Deno.test("a log that is only read is believed, and one in pages", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const guard = await Guarding.arm(lab, { egress: "audit" });
  const read = `cat ${runner.root}/_diag/*.log >/dev/null\n`;
  const run = runner.run({
    steps: [
      { name: "Read", action: "__run", script: read.repeat(3) },
      { name: "Then", action: "__run_2", script: tagged("then", 1) },
      {
        ...{ name: "Paged", action: "__run_3", before: "page" },
        script: holdUntil(lab, "paged") + tagged("paged", 1),
      },
      { name: "Last", action: "__run_4", script: tagged("last", 1) },
    ],
  });
  await Promise.all([
    run,
    goOn(guard, lab, { name: "paged", step: /^(Paged|__run_3)$/ }),
  ]);
  const seen = await toldOf(guard, 3);
  const events = await guard.events();
  await guard.stop();

  assert.deepEqual(events.filter(({ kind }) => kind === "privilege"), []);
  const [last, paged, then] = landed(seen).sort();
  assert.deepEqual([then, last], [["then", "Then"], ["last", "Last"]]);
  // The first lines of a page can be missed: then it is the second source.
  assert.ok(["Paged", "__run_3"].includes(paged![1]!), String(paged));
});

Deno.test("two runners at once have each their own steps", async () => {
  await using lab = await Lab.up();
  await using first = await withRunner(lab, "a");
  await using second = await withRunner(lab, "b");
  const guard = await Guarding.arm(lab, { egress: "audit" });
  const jobOf = (name: string): Job => ({
    steps: [0, 1, 2].map((index) => ({
      name: `${name} ${index}`,
      action: `__run_${index}`,
      script: tagged(`${name}${index}`, 50),
    })),
  });
  await Promise.all([first.run(jobOf("a")), second.run(jobOf("b"))]);
  const seen = await toldOf(guard, 300);
  await guard.stop();

  assert.equal(seen.length, 300);
  const expected = ["a", "b"].flatMap((name) =>
    [0, 1, 2].map((index) => [`${name}${index}`, `${name} ${index}`])
  );
  assert.deepEqual(landed(seen).sort(), expected);
});

Deno.test("a name of a step is data, whatever is in it", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const guard = await Guarding.arm(lab, { egress: "audit" });
  const names = [
    "a\nb",
    "::error::a",
    "\x1b[2J\x1b]0;x\x07",
    "it's 'quoted'",
    "é".repeat(300),
    "a'\n[2026-01-02 03:04:05Z INFO StepsRunner] b",
  ];
  await runner.run({
    steps: names.map((name, index) => ({
      name,
      action: `__run_${index}`,
      script: tagged(String(index), 1),
    })),
  });
  const seen = await toldOf(guard, names.length);
  const { said } = await guard.stop();

  const expected = names.map((name, index) => [String(index), name]);
  expected[4]![1] = `${"é".repeat(98)}…`;
  // It looks like the end of the name and another message.
  expected[5]![1] = "a";
  assert.deepEqual(landed(seen), expected);
  assert.ok(!said.includes("\x1b[2J") && !/^::error/m.test(said));
});

Deno.test("a guard that comes in the middle of a job finds its steps", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const wait = `while ! [ -e ${lab.directory}/go ]; do sleep 0.1; done\n`;
  const worker = await runner.begin({
    steps: [
      { name: "Before", action: "__run", script: "true\n" },
      { name: "Now", action: "__run_2", script: wait + tagged("now", 3) },
      { name: "Next", action: "__run_3", script: tagged("next", 3) },
    ],
  });
  await waitUntil(() => runner.said.includes("started 1 "), {
    what: "the second step",
  });
  const guard = await Guarding.arm(lab, { egress: "audit" });
  await Deno.writeTextFile(`${lab.directory}/go`, "");
  await runner.ended(worker);
  const seen = await toldOf(guard, 6);
  await guard.stop();

  assert.deepEqual(landed(seen), [["now", "Now"], ["next", "Next"]]);
});
