import assert from "node:assert/strict";
import { ROLE } from "../../../agent/observe/process_source.ts";
import { runnerProgram } from "../../../agent/observe/runner_program.ts";
import {
  type FoundCandidate,
  Runners,
} from "../../../agent/observe/runners.ts";

const SERVICE = "/system.slice/actions.runner.a-b.service";
const AGENT = "/system.slice/hosted-compute-agent.service";

/** Written short; the start follows the pid unless it is given. */
function process(
  pid: number,
  parentPid: number,
  of: Partial<FoundCandidate> & { exe: string },
): FoundCandidate {
  return { pid, parentPid, args: [], uid: 1001, startTicks: pid, ...of };
}

function listener(root = "/home/r/a"): { exe: string } {
  return { exe: `${root}/bin/Runner.Listener` };
}

function worker(root = "/home/r/a"): { exe: string } {
  return { exe: `${root}/bin/Runner.Worker` };
}

/** init, a service's script, its listener and worker, and a step. */
const RUNNING: readonly FoundCandidate[] = [
  process(1, 0, { exe: "/usr/lib/systemd/systemd", uid: 0 }),
  process(10, 1, { exe: "/usr/bin/bash", args: ["bash", "./run.sh"] }),
  process(11, 10, listener()),
  process(12, 11, worker()),
  process(13, 12, { exe: "/usr/bin/bash" }),
];

function armed(
  found: readonly FoundCandidate[] = RUNNING,
  cgroups: Record<number, string> = {},
) {
  const runners = new Runners((pid) => cgroups[pid] ?? SERVICE);
  const members = runners.meet(found);
  return { runners, roles: members.map(({ pid, role }) => [pid, role]) };
}

const REAL = [[11, ROLE.RUNNER], [12, ROLE.WORKER]];
const FREE = below(1);

/** What stands above a process; of a runner's scripts, those of 10 are one. */
function below(...above: number[]) {
  const launchers = above[0] === 10 ? [10] : [];
  return { isInTree: false, above, launchers, isStarted: false };
}

/** The same for what init has made a moment ago. */
const STARTED = { ...FREE, isStarted: true };

for (
  const [exe, root] of [
    ["/home/r/a/bin/Runner.Worker", "/home/r/a"],
    ["/home/r/a/bin.2.333.1/Runner.Worker", "/home/r/a"],
    ["/home/r/cached/2.333.1/bin/Runner.Worker", "/home/r/cached/2.333.1"],
    ["/bin/Runner.Worker", undefined],
    ["/a/bin/Runner.Worker (deleted)", "/a"],
    ["/a/bin/Runner.Worker2", undefined],
    ["/a/binary/Runner.Worker", undefined],
    ["a/bin/Runner.Worker", undefined],
    ["/a/bin.x/y/Runner.Worker", undefined],
  ] as const
) {
  Deno.test(`runnerProgram() of ${exe} is in ${root}`, () => {
    const program = runnerProgram(exe, []);
    const expected = root === undefined ? null : { kind: "worker", root };
    assert.deepEqual(program, expected);
  });
}

for (
  const [args, kind] of [
    [["python3", "-u", "/usr/sbin/waagent", "-daemon"], "guest"],
    [
      ["python3", "-u", "bin/WALinuxAgent-2.14.0.1-py3.12.egg", "-run-ext"],
      "guest",
    ],
    [["python3", "/tmp/waagent"], undefined],
    [["python3", "-c", "0", "/usr/sbin/waagent"], undefined],
    [["/usr/sbin/waagent"], undefined],
  ] as const
) {
  Deno.test(`runnerProgram() of ${args.join(" ")} is ${kind}`, () => {
    assert.equal(runnerProgram("/usr/bin/python3.12", args)?.kind, kind);
  });
}

Deno.test("meet() finds a listener and its worker", () => {
  assert.deepEqual(armed().roles, REAL);
});

Deno.test("meet() finds several runners on one host", () => {
  const second = [
    process(20, 1, { ...listener("/srv/b"), uid: 1002 }),
    process(21, 20, { ...worker("/srv/b"), uid: 1002 }),
    // A service of its own may be younger than another's worker.
    process(30, 1, listener("/srv/c")),
  ];
  const cgroups = {
    ...{ 20: "/system.slice/b.service", 21: "/system.slice/b.service" },
    30: "/system.slice/c.service",
  };
  const { roles } = armed([...RUNNING, ...second], cgroups);

  assert.deepEqual(roles, [
    ...REAL,
    ...[[20, ROLE.RUNNER], [21, ROLE.WORKER], [30, ROLE.RUNNER]],
  ]);
});

for (
  const [name, forged] of [
    ["a worker below a step", [process(20, 13, worker())]],
    ["a listener below a step", [process(20, 13, listener())]],
    ["a worker that init has adopted", [process(20, 1, worker())]],
    ["a listener that has let go of its step", [
      process(20, 1, listener("/x")),
    ]],
    ["both of them", [
      process(20, 1, listener("/x")),
      process(21, 20, worker("/x")),
    ]],
    ["a worker of another install", [process(20, 11, worker("/x"))]],
    ["a worker of another user", [
      process(20, 11, { ...worker(), uid: 1002 }),
    ]],
    ["a host's agent that has let go of its step", [
      process(20, 1, { exe: "/tmp/hosted-compute-agent" }),
    ]],
    ["a provisioner below nobody", [
      process(20, 1, { exe: "/tmp/provjobd1", uid: 0 }),
    ]],
  ] as const
) {
  Deno.test(`meet() passes over ${name}`, () => {
    assert.deepEqual(armed([...RUNNING, ...forged]).roles, REAL);
  });
}

Deno.test("meet() finds the agents of a hosted machine", () => {
  const python = { exe: "/usr/bin/python3.12", uid: 0 };
  const daemon = ["python3", "-u", "/usr/sbin/waagent", "-daemon"];
  const handler = ["python3", "bin/WALinuxAgent-2.14.0.1-py3.12.egg"];
  const hosted = [
    process(3, 1, { ...python, args: daemon }),
    process(4, 3, { ...python, args: handler }),
    process(5, 1, { exe: "/opt/hca/hosted-compute-agent" }),
    process(6, 5, { exe: "/usr/bin/sudo", uid: 0 }),
    process(7, 6, { exe: "/tmp/provjobd123", uid: 0 }),
    process(8, 5, { exe: "/tmp/provjobd123" }),
  ];
  const { roles } = armed([...RUNNING, ...hosted], { 5: AGENT });

  assert.deepEqual(roles, [
    ...[3, 4, 5, 7].map((pid) => [pid, ROLE.RUNNER]),
    ...REAL,
  ]);
});

Deno.test("judge() takes a worker of a known listener", () => {
  const { runners } = armed();
  const standing = below(11, 10, 1);

  const judged = runners.judge(process(50, 11, worker()), standing);

  assert.deepEqual(judged?.role, ROLE.WORKER);
  assert.equal(runners.find(50)?.root, "/home/r/a");
});

Deno.test("judge() takes a listener that init starts until there was a worker", () => {
  const { runners } = armed([]);

  assert.equal(runners.judge(process(49, 1, listener("/new")), FREE), null);
  assert.equal(
    runners.judge(process(50, 1, listener("/new")), STARTED)?.role,
    ROLE.RUNNER,
  );
  assert.equal(
    runners.judge(process(51, 50, worker("/new")), below(50, 1))?.role,
    ROLE.WORKER,
  );
  assert.equal(runners.judge(process(52, 1, listener("/x")), STARTED), null);
});

Deno.test("judge() passes over what started the runner's script and others", () => {
  // A terminal multiplexer: a step can have it start things.
  const found = RUNNING.map((each) =>
    each.pid === 10 ? { ...each, parentPid: 9 } : each
  );
  const { runners } = armed([
    ...found,
    process(9, 1, { exe: "/usr/bin/tmux", args: ["tmux"] }),
  ]);

  assert.equal(
    runners.judge(process(50, 9, listener()), below(9, 1)),
    null,
  );
  assert.ok(runners.judge(process(51, 10, listener()), below(10, 9, 1)));
});

Deno.test("judge() takes nobody for a service who is in none", () => {
  const { runners } = armed([], { 50: "/user.slice/x.service" });

  assert.equal(runners.judge(process(50, 1, listener("/new")), STARTED), null);
});

Deno.test("judge() takes a listener that takes a former one's place", () => {
  const { runners } = armed();
  runners.forget(11);
  runners.forget(12);

  assert.ok(runners.judge(process(50, 10, listener()), below(10, 1)));
  // Its script has ended too: init starts the service anew.
  runners.forget(10);
  assert.equal(runners.judge(process(59, 1, listener()), FREE), null);
  assert.ok(runners.judge(process(60, 1, listener()), STARTED));
});

for (
  const [name, candidate, standing] of [
    ["a worker in a step's tree", process(50, 11, worker()), {
      ...below(11, 10, 1),
      isInTree: true,
    }],
    ["a listener in a step's tree", process(50, 10, listener()), {
      ...below(10, 1),
      isInTree: true,
    }],
    ["a worker without its listener", process(50, 1, worker()), FREE],
    [
      "a listener of a new install",
      process(50, 10, listener("/x")),
      below(10, 1),
    ],
    // Such as a terminal multiplexer: a step can have it start things.
    ["a listener below what started the script", process(50, 9, listener()), {
      ...below(9, 1),
    }],
    [
      "a listener of another user",
      process(50, 10, {
        ...listener(),
        uid: 1002,
      }),
      below(10, 1),
    ],
    [
      "a host's agent",
      process(50, 1, { exe: "/x/hosted-compute-agent" }),
      FREE,
    ],
    ["a shell", process(50, 11, { exe: "/usr/bin/bash" }), FREE],
  ] as const
) {
  Deno.test(`judge() passes over ${name}`, () => {
    assert.equal(armed().runners.judge(candidate, standing), null);
  });
}

Deno.test("judge() passes over a known listener in another service", () => {
  const { runners } = armed(RUNNING, { 50: "/user.slice/x.service" });
  runners.forget(10);

  assert.equal(runners.judge(process(50, 1, listener()), STARTED), null);
});

Deno.test("judge() takes its role from a member that runs something else", () => {
  const { runners } = armed();
  const shell = process(12, 11, { exe: "/usr/bin/bash" });
  const standing = below(11, 10, 1);

  assert.equal(runners.judge(shell, standing)?.role, ROLE.PLAIN);
  assert.equal(runners.find(12), null);
});
