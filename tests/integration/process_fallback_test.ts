/** Where the best source of processes is not to be had, a guard takes the next. */
import assert from "node:assert/strict";
import type { AgentEvent, Event } from "../../agent/record/event.ts";
import type { ExecEvent } from "../../agent/record/process_event.ts";
import { readJournal } from "../../agent/record/read.ts";
import { AuditGround } from "./audit_ground.ts";
import { Cell } from "./cell.ts";

/** Without the kernel's types no program of ours can be written for it. */
const NO_BPF = "mount --bind /dev/null /sys/kernel/btf/vmlinux";
const COUNT = 300;

interface Outcome {
  readonly code: number;
  readonly stderr: string;
  readonly events: readonly Event[];
}

async function guarded(cell: Cell, script: string): Promise<Outcome> {
  const journal = `${cell.directory}/journal.ndjson`;
  const { code, stderr } = await cell.startSluice([
    ...["run", "--egress", "audit", "--journal", journal],
    ...["--", "/bin/sh", "-c", script],
  ]).finished(60_000);
  const { events, problems } = readJournal(await Deno.readTextFile(journal));
  assert.deepEqual(problems, [], stderr);
  return { code, stderr, events };
}

function ofAgent(events: readonly Event[], event: string): AgentEvent[] {
  return events.filter((each) => each.kind === "agent")
    .filter((each) => each.event === event);
}

function programs(events: readonly Event[]): ExecEvent[] {
  return events.filter((each) => each.kind === "exec")
    .filter((each) => each.event === "finished");
}

const MANY = `i=0; while [ $i -lt ${COUNT} ]; do ` +
  "/bin/true turn $i; i=$((i+1)); done";

Deno.test("a guard hears of processes by audit where BPF is not to be had", async () => {
  await using ground = await AuditGround.take();
  const before = await ground.state();
  await using cell = await Cell.open({ setup: NO_BPF });
  const { code, stderr, events } = await guarded(cell, MANY);
  assert.equal(code, 0, stderr);
  assert.equal(ofAgent(events, "armed")[0]?.processes, "audit");
  const [rights, ...others] = ofAgent(events, "impaired");
  assert.match(rights?.message ?? "", /^Who takes rights is heard of by exec/);
  assert.deepEqual(others, []);
  assert.deepEqual(ofAgent(events, "coverage_lost"), []);
  const turns = programs(events)
    .filter(({ process }) => process?.args[1] === "turn");
  assert.deepEqual(
    turns.map(({ process }) => Number(process?.args[2]))
      .toSorted((one, other) => one - other),
    Array.from({ length: COUNT }, (_, turn) => turn),
  );
  for (const { exitCode, cwd } of turns) {
    assert.deepEqual([exitCode, cwd], [0, cell.directory]);
  }
  assert.equal(await ground.state(), before);
});

Deno.test("a guard that hears by the connector alone says what is missing", async () => {
  await using ground = await AuditGround.take();
  await ground.addRules(["-a never,task"]);
  await using cell = await Cell.open({ setup: NO_BPF });
  const { code, stderr, events } = await guarded(cell, "sleep 0.3 turn || :");
  assert.equal(code, 0, stderr);
  assert.equal(ofAgent(events, "armed")[0]?.processes, "connector");
  const [impaired] = ofAgent(events, "impaired");
  assert.match(impaired?.message ?? "", /audit: .*tells nothing/);
  const [sh] = programs(events);
  assert.ok(sh !== undefined);
});

Deno.test("a guard that cannot protect the runner's memory does not arm", async () => {
  await using ground = await AuditGround.take();
  const before = await ground.state();
  await using cell = await Cell.open({ setup: NO_BPF });
  const policy = `${cell.directory}/policy.yaml`;
  await Deno.writeTextFile(
    policy,
    "version: 1\negress: audit\nprotect: { runner-memory: true }\n",
  );
  const { code, stdout, stderr } = await cell.startSluice([
    ...["run", "--policy", policy, "--", "echo", "ran"],
  ]).finished(60_000);
  assert.equal(code, 3, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /^sluice: Cannot protect the memory of the runner: /m);
  assert.equal(await ground.state(), before);
});

Deno.test("the next guard puts audit back after one that was killed", async () => {
  await using ground = await AuditGround.take();
  const before = await ground.state();
  await using cell = await Cell.open({ setup: NO_BPF });
  await using killed = cell.startSluice([
    ...["run", "--egress", "audit", "--", "/bin/sh", "-c"],
    "echo running; exec sleep 60",
  ]);
  await killed.waitFor("running", 30_000);
  assert.notEqual(await ground.state(), before);
  killed.kill("SIGKILL");
  await killed.finished(10_000);
  assert.notEqual(await ground.state(), before);
  await using other = await Cell.open();
  const { code, stderr, events } = await guarded(other, "exit 0");
  assert.equal(code, 0, stderr);
  assert.equal(ofAgent(events, "armed")[0]?.processes, "bpf");
  assert.equal(await ground.state(), before);
});
