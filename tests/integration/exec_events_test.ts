/** Every program that is executed under a guard is in its journal. */
import assert from "node:assert/strict";
import { waitUntil } from "../lab/wait.ts";
import { Lab } from "../lab/lab.ts";
import { Cell, sluiceArgs } from "./cell.ts";
import { isGone } from "./leftovers.ts";
import {
  argumentsOf,
  compileExecs,
  executed,
  readEvents,
} from "./executing.ts";
import { Guarding } from "./guarding.ts";

/** For 50,000 programs on a busy machine. */
const MANY_TIMEOUT_MS = 300_000;
const COUNT = 50_000;

/** Runs a command in a cell, and returns what is told of it. */
async function guarded(
  cell: Cell,
  command: readonly string[],
  more: readonly string[] = [],
) {
  const journal = `${cell.directory}/journal.ndjson`;
  const { code, stdout, stderr } = await cell.startSluice(
    [
      "run",
      "--egress",
      "audit",
      "--journal",
      journal,
      ...more,
      "--",
      ...command,
    ],
  ).finished(MANY_TIMEOUT_MS);
  return { code, stdout, stderr, events: await readEvents(journal) };
}

Deno.test("sluice run tells each of 50,000 programs with its arguments", async () => {
  await using cell = await Cell.open();
  const { execs, nothing } = await compileExecs(cell.directory);
  const { code, stdout, stderr, events } = await guarded(cell, [
    ...[execs, String(COUNT), nothing],
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`^${COUNT} `));

  const programs = executed(events).filter(({ process }) =>
    process!.exe === nothing
  );
  // The oracle is the loop's own counter.
  const turns = programs.map(({ process }) => process!.args[1]);
  assert.deepEqual(
    turns.toSorted((left, right) => Number(left) - Number(right)),
    Array.from({ length: COUNT }, (_, turn) => String(turn)),
  );
  for (const { process, exitCode, signal, start, end } of programs) {
    assert.deepEqual([exitCode, signal], [0, null]);
    assert.equal(process!.args[0], nothing);
    assert.equal(process!.ancestors[0]!.exe, execs);
    assert.ok(start <= end!);
  }
});

Deno.test("sluice run tells how each program ended, where it was and whose it was", async () => {
  await using cell = await Cell.open();
  const script = `
    cd /usr
    (exit 7) | sh -c 'exit 3'
    sh -c 'kill -TERM $$'
    cd /tmp; setpriv --reuid 1234 --clear-groups sh -c 'exit 4; :'
    sh -c 'exec sleep 0.3'
    sleep 0.2 &
    wait
  `;
  const { events } = await guarded(cell, ["bash", "-c", script]);
  const told = executed(events).map(
    ({ process, cwd, exitCode, signal }) => [
      process!.args.slice(1).join(" "),
      ...[process!.uid, cwd, exitCode, signal],
    ],
  );
  for (
    const wanted of [
      ["-c exit 3", 0, "/usr", 3, null],
      ["-c kill -TERM $$", 0, "/usr", null, 15],
      ["-c exit 4; :", 1234, "/tmp", 4, null],
      // Another program was executed in its place.
      ["-c exec sleep 0.3", 0, "/tmp", null, null],
      ["0.3", 0, "/tmp", 0, null],
    ]
  ) {
    assert.ok(
      told.some((each) => JSON.stringify(each) === JSON.stringify(wanted)),
      `${JSON.stringify(wanted)} is not in ${JSON.stringify(told)}`,
    );
  }
  const [sleep] = executed(events, "started").filter(({ process }) =>
    process!.args[1] === "0.3"
  );
  const finished = executed(events).find(({ start, process }) =>
    start === sleep!.start && process!.pid === sleep!.process!.pid
  );
  assert.equal(finished!.exitCode, 0);
});

Deno.test("sluice run tells hostile arguments as they are, bounded", async () => {
  await using cell = await Cell.open();
  const HOSTILE = [
    "a\nb",
    "\x1b]0;owned\x07\x1b[2J",
    "::error::broken",
    '"}\n{"version":1,"seq":1,"kind":"exec"}',
    "\u202e\u2028",
    "",
  ];
  const script = `
    "$@"
    /bin/true "$(printf 'x\\377y')"
    head -c 131000 /dev/zero | tr '\\0' z > big
    /bin/true $(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do cat big; echo; done)
  `;
  const { code, stderr, events } = await guarded(cell, [
    ...["bash", "-euc", `cd ${cell.directory}; ${script}`, "bash"],
    ...["/bin/true", ...HOSTILE],
  ]);
  assert.equal(code, 0, stderr);

  const [plain, bytes, big] = argumentsOf(executed(events)).filter(([name]) =>
    name === "/bin/true"
  );
  assert.deepEqual(plain, ["/bin/true", ...HOSTILE]);
  assert.deepEqual(bytes, ["/bin/true", "x\ufffdy"]);
  assert.match(big![1]!, /^z{1024}…\[\+\d+ bytes\]$/);
  assert.ok(JSON.stringify(big).length < 70_000);
});

Deno.test("sluice run writes no secret of a command line", async () => {
  await using cell = await Cell.open();
  const SECRET = "hunter2-correct-horse";
  const { code, stderr } = await guarded(cell, [
    ...["sh", "-c", '"$@"; sleep 0.2', "sh"],
    ...["/bin/true", "--password", SECRET, `--token=${SECRET}`],
    ...["-H", `Authorization: Bearer ${SECRET}`],
    `https://me:${SECRET}@host.example/`,
  ]);
  assert.equal(code, 0, stderr);

  const text = await Deno.readTextFile(`${cell.directory}/journal.ndjson`);
  assert.ok(text.includes('"--password","***"'));
  // The shell was given it as an argument of another form, and masks it too.
  assert.ok(!text.includes(SECRET), "a secret is in the journal");
});

Deno.test("sluice run tells of its own command and of nothing else", async () => {
  await using cell = await Cell.open();
  const outside = cell.spawn(["sh", "-c", "while :; do /bin/echo out; done"]);
  const { events } = await guarded(cell, [
    ...["sh", "-c", "(setsid /bin/true in &); sleep 0.3"],
  ]);
  await outside[Symbol.asyncDispose]();

  const names = argumentsOf(executed(events)).map((args) => args.join(" "));
  assert.ok(names.includes("/bin/true in"), names.join("\n"));
  assert.deepEqual(
    names.filter((name) => /iptables|out|nft/.test(name)),
    [],
  );
});

Deno.test("sluice run --watch network tells of no program", async () => {
  await using cell = await Cell.open();
  const { code, events } = await guarded(cell, ["/bin/true"], [
    ...["--watch", "network"],
  ]);

  assert.equal(code, 0);
  assert.deepEqual(executed(events), []);
  const armed = events.find((event) => event.kind === "agent");
  assert.ok(armed?.kind === "agent" && armed.processes === null);
});

Deno.test("sluice run guards the network where processes cannot be watched, and says so", async () => {
  await using cell = await Cell.open();
  const policy = `${cell.directory}/policy.yml`;
  await Deno.writeTextFile(
    policy,
    "version: 1\negress: block\nallow: [{ host: a.example, step: Build }]\n",
  );
  const journal = `${cell.directory}/journal.ndjson`;
  // The kernel speaks of pids as the machine counts them.
  const inside = ["unshare", "--pid", "--fork", "--mount-proc"];
  const { code, stdout, stderr } = await cell.in([
    ...inside,
    ...sluiceArgs(),
    ...cell.withState(["run", "--policy", policy, "--journal", journal]),
    ...["--", "sh", "-c", "echo hello"],
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "hello\n");
  assert.match(stderr, /processes are not watched/);
  assert.match(stderr, /never matches: no step is known/);

  const events = await readEvents(journal);
  assert.deepEqual(
    events.flatMap((event) =>
      event.kind === "agent" ? [[event.event, event.processes]] : []
    ),
    [["armed", null], ["impaired", undefined], ["stopped", undefined]],
  );
});

Deno.test("a killed agent leaves a journal that can be read", async () => {
  await using cell = await Cell.open();
  const { execs, nothing } = await compileExecs(cell.directory);
  const journal = `${cell.directory}/journal.ndjson`;
  const sluice = cell.startSluice([
    ...["run", "--egress", "audit", "--journal", journal, "--"],
    ...[execs, "1000000", nothing],
  ]);
  await waitUntil(async () => {
    const { size } = await Deno.stat(journal).catch(() => ({ size: 0 }));
    return size > 1 << 20;
  }, { what: "the first programs in the journal", timeoutMs: 60_000 });
  Deno.kill(sluice.pid, "SIGKILL");
  await waitUntil(() => isGone(String(sluice.pid)), {
    what: "the end of the agent",
  });
  await sluice[Symbol.asyncDispose]();

  const events = await readEvents(journal);
  const turns = executed(events)
    .filter(({ process }) => process!.exe === nothing)
    .map(({ process }) => Number(process!.args[1]));
  assert.ok(turns.length > 500);
  turns.sort((left, right) => left - right);
  assert.deepEqual(turns, turns.map((_, turn) => turn));
});

Deno.test("sluice start tells of the programs in its namespace", async () => {
  await using lab = await Lab.up();
  const guard = await Guarding.arm(lab, { egress: "audit" });
  // Whoever was inside is told of wherever it goes.
  const script = "/bin/true inside; unshare --net /bin/true gone";
  await using shell = lab.spawn("run", ["sh", "-c", script]);
  await using other = lab.spawn("out", ["/bin/true", "elsewhere"]);
  const { code, stderr } = await shell.finished();
  assert.equal(code, 0, stderr);
  await other.finished();
  let names: readonly string[] = [];
  await waitUntil(async () => {
    const programs = executed(await guard.events());
    names = argumentsOf(programs).map((args) => args.join(" "));
    return names.includes("/bin/true gone");
  }, { what: "the last program" });
  assert.ok(names.includes("/bin/true inside"));
  assert.ok(!names.includes("/bin/true elsewhere"));
  const { coverage, lost } = await guard.stop();
  assert.equal(coverage.length, 1);
  assert.deepEqual(lost, []);
});
