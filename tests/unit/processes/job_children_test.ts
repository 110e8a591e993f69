import assert from "node:assert/strict";
import { ROLE } from "../../../agent/observe/process_source.ts";
import type { ProcessAct } from "../../../agent/processes/process_tree.ts";
import {
  JobChildren,
  type JobReport,
} from "../../../agent/processes/job_children.ts";

const WORKER = { pid: 10, startTicks: 5 };
const EXE = "/runner/externals/node24/bin/node";
const SCRIPT = "/runner/_work/_actions/a/b/c/agent/action/post.ts";
const POST = { exe: EXE, options: [], script: SCRIPT };

function fork(
  pid: number,
  parentPid = WORKER.pid,
  startUs = pid * 100,
): ProcessAct {
  return { kind: "fork", pid, parentPid, startUs, atUs: 0 };
}

function exec(pid: number, exe: string, args: readonly string[]): ProcessAct {
  return {
    ...{ kind: "exec", pid, parentPid: WORKER.pid, startUs: pid * 100 },
    ...{ atUs: 0, uid: 1000, exe, args, cwd: "/", netNamespace: null },
    environment: null,
  };
}

function exit(pid: number, exitCode: number): ProcessAct {
  const startUs = pid === WORKER.pid ? 50_000 : pid * 100;
  return { kind: "exit", pid, startUs, atUs: 0, exitCode, signal: null };
}

const genuine = exec(20, EXE, [EXE, SCRIPT]);
const begun: JobReport = { what: "post", pid: 20, startUs: 2_000 };

const CASES: readonly {
  readonly name: string;
  readonly acts: readonly ProcessAct[];
  readonly told: readonly JobReport[];
}[] = [
  {
    name: "knows the child that runs our script first and only",
    acts: [fork(20), genuine],
    told: [begun],
  },
  {
    name: "tells of its end",
    acts: [fork(20), genuine, exit(20, 1)],
    told: [begun, { what: "gone", pid: 20, startUs: 2_000, code: 1 }],
  },
  {
    name: "believes no shell that executes the same",
    acts: [fork(20), exec(20, "/bin/sh", ["sh", "x.sh"]), genuine],
    told: [],
  },
  {
    name: "believes nobody's child but the worker's",
    acts: [fork(20, 11), genuine],
    told: [],
  },
  {
    name: "believes none whose beginning was not heard of",
    acts: [genuine],
    told: [],
  },
  {
    name: "believes no shell of a step with our script in front",
    acts: [fork(20), exec(20, EXE, [EXE, SCRIPT, "/tmp/step.sh"])],
    told: [],
  },
  {
    name: "believes no other program with our script",
    acts: [fork(20), exec(20, "/tmp/node", [EXE, SCRIPT])],
    told: [{ what: "other", pid: 20 }],
  },
  {
    name: "tells of a script in the place of the runner's node",
    acts: [
      fork(20),
      exec(20, "/usr/bin/dash", ["/bin/sh", EXE, SCRIPT]),
      exit(20, 0),
    ],
    told: [{ what: "other", pid: 20 }, { what: "other gone", pid: 20 }],
  },
  {
    name: "believes it no more when it executes another program",
    acts: [fork(20), genuine, exec(20, "/bin/sh", ["sh"])],
    told: [begun, { what: "gone", pid: 20, startUs: 2_000, code: null }],
  },
  {
    name: "takes a younger process by the same pid for another",
    acts: [fork(20), genuine, fork(20, WORKER.pid, 9_000)],
    told: [begun, { what: "gone", pid: 20, startUs: 2_000, code: null }],
  },
  {
    name: "tells of the worker's end, once",
    acts: [exit(WORKER.pid, 0), exit(WORKER.pid, 0)],
    told: [{ what: "worker ended" }],
  },
];

const HOOK = "/var/lib/sluice/service/job-completed.sh";
const SHELL = "/usr/bin/bash";

const HOOKS: readonly {
  readonly args: readonly string[];
  readonly isPost: boolean;
}[] = [
  { args: [SHELL, "-e", HOOK], isPost: true },
  { args: [SHELL, HOOK], isPost: false },
  { args: [SHELL, "-e", "-x", HOOK], isPost: false },
  { args: [SHELL, "-e", HOOK, "/tmp/step.sh"], isPost: false },
];

for (const { args, isPost } of HOOKS) {
  const whether = isPost ? "believes" : "does not believe";
  Deno.test(`JobChildren ${whether} ${args.join(" ")}`, () => {
    const heard: string[] = [];
    const post = { exe: SHELL, options: ["-e"], script: HOOK };
    const mark = { worker: WORKER, post };
    const children = new JobChildren(mark, {
      tell: ({ what }) => heard.push(what),
      setRole: () => {},
    });
    children.hear(fork(20));
    children.hear(exec(20, SHELL, args));
    assert.equal(heard.includes("post"), isPost);
  });
}

for (const { name, acts, told } of CASES) {
  Deno.test(`JobChildren ${name}`, () => {
    const reports: JobReport[] = [];
    const mark = { worker: WORKER, post: POST };
    const children = new JobChildren(mark, {
      tell: (report) => reports.push(report),
      setRole: () => {},
    });
    for (const act of acts) children.hear(act);
    assert.deepEqual(reports, told);
  });
}

Deno.test("JobChildren tells of a worker that has gone while nothing was heard", () => {
  const reports: JobReport[] = [];
  const mark = { worker: WORKER, post: POST };
  new JobChildren(mark, {
    tell: (report) => reports.push(report),
    setRole: () => {},
  }).meet([]);
  assert.deepEqual(reports, [{ what: "worker ended" }]);
});

Deno.test("JobChildren lets the post step reach what the runner may, and no program behind it", () => {
  const roles: [number, number][] = [];
  const children = new JobChildren({ worker: WORKER, post: POST }, {
    tell: () => {},
    setRole: ({ pid }, role) => roles.push([pid, role]),
  });
  children.hear(fork(20));
  children.hear(exec(20, "/tmp/node", [EXE, SCRIPT]));
  assert.deepEqual(roles, []);
  children.hear(fork(21));
  children.hear(exec(21, EXE, [EXE, SCRIPT]));
  children.hear(exec(21, "/usr/bin/curl", ["curl"]));
  assert.deepEqual(roles, [[21, ROLE.RUNNER], [21, ROLE.PLAIN]]);
});
