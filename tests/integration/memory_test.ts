/** Every way to the runner's memory: told of, and where wanted closed. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { Guarding } from "./guarding.ts";
import { hasTaken, MemoryGround, privileges } from "./memory_ground.ts";

/** As {@link take_memory.c} names them; the last one ends the worker. */
const WAYS = [
  "mem",
  "task-mem",
  "environ",
  "task-environ",
  "uring",
  "call",
  "attach",
  ...(Deno.build.arch === "x86_64" ? ["attach-32"] : []),
  "seize",
  "core",
];
const ROOT_WAYS = ["mount", ...WAYS];
const USERS = [
  { who: "root", user: undefined, ways: ROOT_WAYS },
  { who: "the runner's user", user: 1001, ways: WAYS },
];

const PROTECTED = `version: 1
egress: audit
protect:
  runner-memory: true
`;

/** What builds do with the processes that they see. */
const HONEST = [
  "ps -ef",
  "ps auxww",
  "pgrep -f Runner.Worker",
  "top -bn1",
  "cat /proc/$PPID/stat /proc/$PPID/status /proc/$PPID/cmdline",
  "pmap $PPID",
  "strace -f -o /dev/null /bin/true",
  "gdb -batch -nx -ex run -ex quit /bin/true",
];

function script(directory: string): string {
  return `python3 ${directory}/take_memory.py canary-`;
}

for (const { who, user, ways } of USERS) {
  Deno.test(`without a guard ${who} takes the runner's memory by every way`, async () => {
    await using lab = await Lab.up();
    await using ground = await MemoryGround.make(lab, user);
    const { directory } = ground;
    const takings = await ground.take(ways, { script: script(directory) });
    for (const [way, lines] of takings) {
      assert.ok(hasTaken(lines), `${way}: ${lines.join(" ")}`);
    }
  });

  Deno.test(`each way of ${who} to the runner's memory is an event`, async () => {
    await using lab = await Lab.up();
    await using ground = await MemoryGround.make(lab, user);
    const guard = await Guarding.arm(lab, { egress: "audit" });
    const { directory } = ground;
    const takings = await ground.take(ways, { script: script(directory) });
    await guard.stop();
    for (const [way, lines] of takings) {
      assert.ok(hasTaken(lines), `${way}: ${lines.join(" ")}`);
      const told = await privileges(guard, way);
      const rule = way === "core" ? "core-dump" : "runner-memory";
      const found = told.find((event) => event.rule === rule);
      assert.ok(found !== undefined, `${way}: ${JSON.stringify(told)}`);
      assert.equal(found.denied, false);
      assert.equal(found.target?.pid, ground.workerPid);
      assert.match(found.target.exe ?? "", /Runner\.Worker$/);
      assert.match(found.process?.exe ?? "", /take_memory$|python/);
    }
  });

  Deno.test(`protected, the runner's memory is kept from ${who} on every way`, async () => {
    await using lab = await Lab.up();
    await using ground = await MemoryGround.make(lab, user);
    const policy = `${lab.directory}/policy.yml`;
    await Deno.writeTextFile(policy, PROTECTED);
    const more = ["--policy", policy];
    const guard = await Guarding.arm(lab, { egress: "audit", more });
    const { directory } = ground;
    const takings = await ground.take(ways, {
      script: script(directory),
      honest: HONEST.map((command) => `${command} && `).join("") + "echo fine",
    });
    await guard.stop();
    for (const [way, lines] of takings) {
      assert.ok(!hasTaken(lines), `${way}: ${lines.join(" ")}`);
      if (way === "honest") continue;
      const told = await privileges(guard, way);
      const rule = way === "core" ? "core-dump" : "runner-memory";
      const found = told.find((event) => event.rule === rule);
      assert.ok(found !== undefined, `${way}: ${JSON.stringify(told)}`);
      assert.equal(found.denied, true, JSON.stringify(found));
      assert.equal(found.target?.pid, ground.workerPid);
    }
    const honest = takings.get("honest")!;
    assert.equal(honest.at(-1), "exit 0", honest.slice(-5).join("\n"));
  });
}
