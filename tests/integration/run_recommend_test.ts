import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { RUN_TIMEOUT_MS, sluiceArgs } from "./cell.ts";
import { runGuarded, stateOf } from "./lab_run.ts";

/** Each place is for one program: what the scopes are made of. */
const BUILD = `
  curl -sS https://allowed.test/ http://chain.test/
  ping -c 1 -W 2 203.0.113.50 | grep -o '1 received'
  dig +short +time=2 cdn.test AAAA`;
const BUILT = [
  "site allowed.test",
  "site chain.test",
  "1 received",
  "2001:db8:2::20",
];
/** What one program may, another one tries. */
const OTHERS = `
  exec 4<>/dev/tcp/203.0.113.10/443 || echo no other program
  curl -sS -m 5 https://cdn.test/ || echo no other name`;

Deno.test("what recommend makes of a run lets that run pass, and none but its programs", async () => {
  await using lab = await Lab.up();
  const audit = await runGuarded(lab, {
    command: ["bash", "-c", BUILD],
    egress: "audit",
  });
  assert.deepEqual(built(audit.stdout), BUILT, audit.stderr);
  const journal = `${stateOf(lab)}/run-${audit.pid}/journal.ndjson`;
  const path = `${lab.directory}/policy.yaml`;
  const made = await sluice(lab, ["recommend", journal, "--scope", "process"]);
  assert.equal(made.code, 0, made.stderr);
  await Deno.writeTextFile(path, made.stdout);
  assert.match(
    made.stdout,
    /host: "allowed\.test", process: "\/usr\/bin\/curl"/,
  );

  const replayed = await sluice(lab, ["replay", journal, "--policy", path]);
  assert.equal(replayed.code, 0, replayed.stdout);
  const strict = await sluice(lab, ["replay", journal, "--egress", "block"]);
  assert.equal(strict.code, 4, strict.stdout);

  const block = await runGuarded(lab, {
    command: ["bash", "-c", `${BUILD}\n${OTHERS}`],
    more: ["--policy", path],
  });
  assert.deepEqual(built(block.stdout), BUILT, block.stderr);
  assert.deepEqual(block.stdout.match(/^no .*$/gm), [
    "no other program",
    "no other name",
  ]);
});

function built(stdout: string): string[] {
  const lines = stdout.split("\n");
  return BUILT.filter((line) => lines.some((found) => found.includes(line)));
}

async function sluice(lab: Lab, args: readonly string[]) {
  await using command = lab.spawn("run", [...sluiceArgs(), ...args], {
    env: { SLUICE_CWD: lab.directory },
  });
  return await command.finished(RUN_TIMEOUT_MS);
}
