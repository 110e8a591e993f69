import assert from "node:assert/strict";
import { parse } from "yaml";
import { DENO_PACKAGES } from "../../agent/action/deno_packages.ts";
import { ownArchitecture } from "../release/runtime.ts";
import { isUnder, readTextFiles, ROOT } from "./tree.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Matrix {
  readonly runner?: readonly string[];
  readonly include?: readonly { runner: string; deno?: string }[];
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly steps?: readonly Step[];
  readonly env?: Readonly<Record<string, string>>;
  readonly "runs-on"?: string;
  readonly strategy?: { readonly matrix: Matrix };
  readonly "timeout-minutes"?: number;
}

interface Workflow {
  readonly permissions?: unknown;
  readonly on: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FILES = readTextFiles().filter(({ path }) =>
  isUnder(path, [".github/workflows"])
);
const WORKFLOWS = FILES.map(({ path, text }) => ({
  path,
  text,
  workflow: parse(text) as Workflow,
}));

/** Of somebody else: a commit, and the version that people know it by. */
const PINNED = /^\s*(?:- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
const LOCAL = /^\s*(?:- )?uses: \.\/[\w./-]*$/;

/** Rights that one job may have, with what for. */
const RIGHTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // The downstream job asks the API how the others ended.
  "action.yml downstream": { actions: "read", contents: "read" },
  // What is called may have no more than who calls.
  "canary.yml action": { actions: "read", contents: "read" },
  "release.yml publish": {
    ...{ attestations: "write", contents: "write", "id-token": "write" },
  },
};

Deno.test("there are workflows for CI, the action, canary and release", () => {
  assert.deepEqual(FILES.map(({ path }) => path.split("/").at(-1)), [
    "action.yml",
    "canary.yml",
    "ci.yml",
    "release.yml",
  ]);
});

for (const { path, text, workflow } of WORKFLOWS) {
  const name = path.split("/").at(-1)!;
  const jobs = Object.entries(workflow.jobs);

  Deno.test(`${name} takes every action by its commit`, () => {
    const uses = text.split("\n").filter((line) => /\buses:/.test(line));
    const loose = uses.filter((line) =>
      !PINNED.test(line) && !LOCAL.test(line)
    );
    assert.deepEqual(
      loose,
      [],
      "a tag is whatever its owner moves it to: pin the commit, and name the version behind it",
    );
  });

  Deno.test(`${name} grants each job what it needs and no more`, () => {
    assert.deepEqual(workflow.permissions, {}, "jobs ask for their own rights");
    for (const [job, { permissions }] of jobs) {
      assert.deepEqual(
        permissions,
        RIGHTS[`${name} ${job}`] ?? { contents: "read" },
        job,
      );
    }
  });

  Deno.test(`${name} puts no expression into a script`, () => {
    const scripts = jobs.flatMap(([, { steps }]) => steps ?? [])
      .flatMap(({ run }) => run === undefined ? [] : [run]);
    assert.deepEqual(
      scripts.filter((script) => script.includes("${{")),
      [],
      "an expression is pasted into the script before the shell reads it, so a branch or a title can be a command: go through env:",
    );
  });

  Deno.test(`${name} leaves no token behind and ends in time`, () => {
    for (const [job, { steps, uses, "timeout-minutes": minutes }] of jobs) {
      assert.ok(uses !== undefined || Number(minutes) <= 90, job);
      for (const step of steps ?? []) {
        if (!step.uses?.startsWith("actions/checkout@")) continue;
        assert.equal(step.with?.["persist-credentials"], false, job);
      }
    }
  });

  Deno.test(`${name} is not started with rights by somebody's pull request`, () => {
    const started = Object.keys(workflow.on);
    assert.ok(!started.includes("pull_request_target"));
    assert.ok(!started.includes("workflow_run"));
  });
}

Deno.test("the tests run with the Deno that is released for this machine", () => {
  assert.equal(Deno.version.deno, DENO_PACKAGES[ownArchitecture()].version);
  const { x64, arm64 } = DENO_PACKAGES;
  const script = Deno.readTextFileSync(`${ROOT}.ci/run`);
  const lines = [
    `version=${x64.version}`,
    `[[ $(uname -m) != aarch64 ]] || version=${arm64.version}`,
    'DENO=(npx -y "deno@$version")',
  ];
  assert.ok(script.includes(`${lines.join("\n")}\n`), lines.join("\n"));
});

for (const { path, workflow } of WORKFLOWS) {
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const used = new Set(
      (job.steps ?? []).flatMap(({ run = "" }) =>
        [...run.matchAll(/\bdeno@([\w.$]+)/g)].map(([, version]) => version!)
      ),
    );
    if (used.size === 0) continue;
    Deno.test(`job ${name} of ${path} runs each machine's own Deno`, () => {
      const { matrix } = job.strategy ?? {};
      const isOne = matrix === undefined;
      const machines = isOne ? [job["runs-on"]!] : matrix.runner ?? [];
      const version = isOne ? versionFor(machines[0]!) : "$DENO";
      assert.deepEqual([...used], [version]);
      if (isOne) return;
      assert.deepEqual(machines, [], "each machine names its Deno: include");
      assert.equal(job.env?.DENO, "${{ matrix.deno }}");
      for (const { runner, deno } of matrix.include!) {
        assert.equal(deno, versionFor(runner), runner);
      }
    });
  }
}

function versionFor(runner: string): string {
  return DENO_PACKAGES[runner.endsWith("-arm") ? "arm64" : "x64"].version;
}
