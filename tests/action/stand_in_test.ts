/** The stand-in keeps to what GitHub documents. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { Ground } from "./ground.ts";
import { findStep } from "./workflow.ts";

const ACTION = `
name: Trivial
inputs:
  who-is: { default: nobody }
runs:
  using: node24
  pre: pre.ts
  main: main.ts
  post: post.ts
`;
const ENTRY = `
import { appendFileSync } from "node:fs";
const stage: string = process.argv[1]!.replace(/^.*\\//, "");
const { env } = process;
console.log(stage, env["INPUT_WHO-IS"], env.STATE_seen ?? "none", env.FOO ?? "unset", process.cwd());
appendFileSync(env.GITHUB_STATE!, \`seen<<EOF\\n\${stage}\\nEOF\\n\`);
appendFileSync(env.GITHUB_OUTPUT!, \`from=\${stage}\\n\${stage.slice(0, -3)}=said\\n\`);
appendFileSync(env.GITHUB_STEP_SUMMARY!, "# Sum\\n");
console.log("::add-mask::hidden word");
console.log("::warning file=a%2Cb.ts,line=3::Look%0Ahere");
`;

Deno.test("a job's steps run in order, each with what those before have left", async () => {
  await using lab = await Lab.up();
  await using ground = await Ground.up(lab);
  const files = { "action.yml": ACTION, "pre.ts": ENTRY, "main.ts": ENTRY };
  await ground.installAction("a/trivial@v1", { ...files, "post.ts": ENTRY });
  const job = await ground.run({
    steps: [
      {
        name: "Set",
        id: "set",
        run: 'echo FOO=bar >> "$GITHUB_ENV"; echo /opt/x >> "$GITHUB_PATH"; ' +
          'echo "word=said" >> "$GITHUB_OUTPUT"; id -un; sudo -n id -un',
      },
      {
        name: "Trivial",
        id: "trivial",
        uses: "a/trivial@v1",
        with: { "who-is": "me" },
      },
      {
        name: "Fail",
        run: "echo ${{ steps.set.outputs.word }} hidden word $PATH; exit 3",
      },
      { name: "Not", run: "echo never" },
      {
        name: "Always",
        if: "always()",
        run:
          "cat /proc/$PPID/comm; echo pre: ${{ steps.trivial.outputs.pre }}, " +
          "main: ${{ steps.trivial.outputs.main }}",
      },
    ],
  });
  assert.deepEqual(
    job.steps.map(({ name, conclusion }) => `${name}: ${conclusion}`),
    [
      "Pre Trivial: success",
      "Set: success",
      "Trivial: success",
      "Fail: failure",
      "Not: skipped",
      "Always: success",
      "Post Trivial: success",
    ],
  );
  assert.equal(job.conclusion, "failure");
  assert.equal(job.isWorkerLost, false);
  const { workspace } = ground;
  const said = (name: string) => findStep(job, name).log.split("\n")[0];
  assert.equal(findStep(job, "Set").log, "runner\nroot\n");
  assert.equal(said("Pre Trivial"), `pre.ts me none unset ${workspace}`);
  assert.equal(said("Trivial"), `main.ts me pre.ts bar ${workspace}`);
  assert.equal(said("Post Trivial"), `post.ts me main.ts bar ${workspace}`);
  assert.match(said("Fail")!, /^said \*\*\* \/opt\/x:\/usr/);
  // Of what pre and post write there, nobody gets anything.
  const always = findStep(job, "Always").log;
  assert.equal(always, "Runner.Worker\npre: , main: said\n");
  const trivial = findStep(job, "Trivial");
  assert.deepEqual(trivial.outputs, { from: "main.ts", main: "said" });
  for (const name of ["Pre Trivial", "Post Trivial"]) {
    assert.deepEqual(findStep(job, name).outputs, {}, name);
  }
  assert.equal(trivial.summary, "# Sum\n");
  assert.deepEqual(trivial.commands[1], {
    command: "warning",
    properties: { file: "a,b.ts", line: "3" },
    message: "Look\nhere",
  });
});

Deno.test("a job is red when its worker is killed", async () => {
  await using lab = await Lab.up();
  await using ground = await Ground.up(lab);
  const job = await ground.run({
    steps: [{ name: "Kill", run: "kill -9 $PPID" }],
  });
  assert.equal(job.isWorkerLost, true);
  assert.equal(job.conclusion, "failure");
});
