/**
 * What a job of GitHub's pays for the action: until it is armed, for its
 * verdict, and to download.
 *
 * On the stand-in of tests/action, against an action that does nothing. What is
 * downloaded comes from the same machine: a network's time is not in it.
 *
 * @module
 */
import { Ground, SLUICE } from "../action/ground.ts";
import { installRelease } from "../action/releasing.ts";
import { Services } from "../action/services.ts";
import {
  findStep,
  type JobRun,
  type WorkflowStep,
} from "../action/workflow.ts";
import { Lab } from "../lab/lab.ts";
import { packProgram } from "../release/pack.ts";
import { denoTarball, ownArchitecture } from "../release/runtime.ts";
import type { Turns } from "./executions.ts";

/** How much is measured. */
export interface JobEffort {
  readonly turns: number;
  /** Of gzip for the program; what is released has 9. */
  readonly level: number;
}

/** All that is measured of jobs; times in milliseconds. */
export interface JobFigures {
  /** From the start of the first entry to its end, where nothing is there. */
  readonly firstPre: Turns;
  /** The same on a machine that has the program from the job before. */
  readonly laterPre: Turns;
  /** From the start of the last entry to its end. */
  readonly post: Turns;
  /** Bytes of the released program. */
  readonly programBytes: number;
  /** Bytes of npm's package of Deno, for a source that is not released. */
  readonly denoBytes: number;
}

const NOTHING = "owner/nothing@v1";
const NOTHING_FILES = {
  "action.yml": `name: Nothing
runs:
  using: node24
  pre: nothing.js
  main: nothing.js
  post: nothing.js
`,
  "nothing.js": "",
};

const GUARD: WorkflowStep = {
  name: "Guard",
  uses: SLUICE,
  with: {
    "egress-policy": "block",
    "allowed-endpoints": "allowed.test:443",
    "disable-sudo": "true",
  },
};

/**
 * Measures in a lab of its own.
 *
 * @throws {Error} When a job is not green: its times would be of something else.
 */
export async function measureJobs(effort: JobEffort): Promise<JobFigures> {
  const architecture = ownArchitecture();
  const { level } = effort;
  const program = await packProgram({ architecture, level });
  await using lab = await Lab.up();
  const services = await Services.up(lab);
  const actionEnvironment = services.environment;
  await using ground = await Ground.up(lab, { actionEnvironment });
  await installRelease(ground, { program, services });
  await ground.installAction(NOTHING, NOTHING_FILES);
  const play = async (step: WorkflowStep) => {
    const job = await ground.run({ steps: [step, WORK] });
    assertGreen(job);
    const [pre, post] = ["Pre Guard", "Post Guard"].map((name) =>
      findStep(job, name).milliseconds
    );
    return { pre: pre!, post: post! };
  };
  const bare: Times[] = [];
  const first: Times[] = [];
  const later: Times[] = [];
  for (let turn = 0; turn < effort.turns; turn++) {
    bare.push(await play({ name: "Guard", uses: NOTHING }));
    await forget(ground);
    first.push(await play(GUARD));
    later.push(await play(GUARD));
  }
  const pre = bare.map(({ pre }) => pre);
  const denoBytes = (await denoTarball(architecture)).length;
  return {
    firstPre: { none: pre, sluice: first.map(({ pre }) => pre) },
    laterPre: { none: pre, sluice: later.map(({ pre }) => pre) },
    post: {
      none: bare.map(({ post }) => post),
      sluice: [...first, ...later].map(({ post }) => post),
    },
    ...{ programBytes: program.length, denoBytes },
  };
}

/** Of one job. */
interface Times {
  readonly pre: number;
  readonly post: number;
}

const WORK: WorkflowStep = {
  name: "Work",
  run: "curl -sS --max-time 5 https://allowed.test/ > /dev/null",
};

/** Takes away what an earlier job has left of the program. */
async function forget(ground: Ground): Promise<void> {
  const cache = `${ground.runner.root}/_work/_tool/sluice`;
  await ground.in(["rm", "-rf", "/var/lib/sluice", cache]);
}

function assertGreen(job: JobRun): void {
  if (job.conclusion === "success") return;
  throw new Error(`Cannot measure a job: it is ${JSON.stringify(job)}`);
}
