import assert from "node:assert/strict";
import { judgeExecution } from "../../../agent/decide/privilege.ts";

const SILENT = { hearsCalls: true };

/** One command, split at blanks. */
function executed(command: string, of: { uid?: number; exe?: string } = {}) {
  const args = command.split(" ");
  const { uid = 1001, exe = `/usr/bin/${args[0]}` } = of;
  return { exe, args, uid, isRunner: false };
}

const CHANGES: readonly [string, boolean][] = [
  ["sudo apt-get install jq", true],
  ["sudo -n true", true],
  ["sudo", true],
  ["su -", true],
  ["pkexec id", true],
  ["doas id", true],
  ["sudo --version", false],
  ["sudo -V", false],
  ["pseudo make", false],
  ["echo sudo", false],
];
for (const [command, found] of CHANGES) {
  Deno.test(`judgeExecution() of a user's "${command}" ${found ? "tells" : "is silent"}`, () => {
    const rules = judgeExecution(executed(command), SILENT).map((f) => f.rule);
    assert.deepEqual(rules, found ? ["sudo-used"] : []);
  });
}

Deno.test("judgeExecution() is silent when root changes user", () => {
  const findings = judgeExecution(executed("su postgres", { uid: 0 }), SILENT);
  assert.deepEqual(findings, []);
});

Deno.test("judgeExecution() goes by the executable, not by its name for itself", () => {
  const renamed = executed("ls -l", { exe: "/usr/bin/sudo" });
  assert.deepEqual(judgeExecution(renamed, SILENT).map((f) => f.rule), [
    "sudo-used",
  ]);
  const posing = executed("sudo -l", { exe: "/usr/bin/ls" });
  assert.deepEqual(judgeExecution(posing, SILENT), []);
});

Deno.test("judgeExecution() cuts a command that nobody would read", () => {
  const [finding] = judgeExecution(executed(`sudo ${"x".repeat(1e5)}`), SILENT);
  assert.ok(finding!.reason.length < 200);
});

Deno.test("judgeExecution() takes a module's program for the act when calls are not heard", () => {
  const program = executed("modprobe tun", { exe: "/usr/bin/kmod" });
  const rules = judgeExecution(program, { hearsCalls: false });
  assert.deepEqual(rules.map((f) => f.rule), ["kernel-module"]);
  assert.deepEqual(judgeExecution(program, SILENT), []);
  const listing = executed("lsmod", { exe: "/usr/bin/kmod" });
  assert.deepEqual(judgeExecution(listing, { hearsCalls: false }), []);
});

Deno.test("judgeExecution() reads a command without a program or arguments", () => {
  const empty = { exe: null, args: [], uid: 1001, isRunner: false };
  assert.deepEqual(judgeExecution(empty, { hearsCalls: false }), []);
});
