/** `sluice step`: a command gets a step's name, once. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { stepSocketPath } from "../../agent/processes/step_place.ts";
import type { ExecEvent } from "../../agent/record/process_event.ts";
import { readJournal } from "../../agent/record/read.ts";
import { Lab } from "../lab/lab.ts";
import { Guarding, sluice } from "./guarding.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const SLUICE = `${Deno.execPath()} task --quiet --cwd ${PROJECT} sluice`;

/** Runs a script under guard; what it printed, and the programs it tagged. */
async function guarded(script: string, policy: readonly string[] = []) {
  const directory = await Deno.makeTempDir();
  const journal = `${directory}/journal.ndjson`;
  try {
    const { code, stdout, stderr } = await sluice([
      ...["run", "--state", `${directory}/state`, "--journal", journal],
      ...["--egress", "audit", ...policy, "--", "bash", "-c", script],
    ]);
    const { events } = readJournal(await Deno.readTextFile(journal));
    const tagged = (events as unknown as ExecEvent[]).filter((event) =>
      event.kind === "exec" && event.process?.args[1] === "tag"
    ).map(({ process, step }) => [process!.args[2], step]);
    return { code, stdout, stderr, tagged };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("sluice step gives its command a name, and its exit code", async () => {
  const { stdout, stderr, tagged } = await guarded(`
    /bin/true tag before
    ${SLUICE} step "Build & test" -- sh -c '
      /bin/true tag inside
      (setsid sh -c "sleep 0.2; /bin/true tag daemon" &)
      exit 7'
    echo code $?
    sleep 0.5
    /bin/true tag after
  `);

  assert.match(stdout, /^code 7$/m, stderr);
  assert.deepEqual(tagged, [
    ["before", "run"],
    ["inside", "Build & test"],
    ["daemon", "Build & test"],
    ["after", "run"],
  ]);
});

Deno.test("sluice step refuses another name within a step", async () => {
  const inner = `${SLUICE} step Inner -- /bin/true tag no; echo code $?`;
  const { stdout, stderr, tagged } = await guarded(`
    ${SLUICE} step Outer -- bash -c '
      ${inner}
      (setsid bash -c "${inner.replaceAll("$", "\\$")}; echo gone" | cat)'
  `);

  assert.equal(stdout.match(/^code 2$/gm)?.length, 2, stderr);
  assert.match(stderr, /in a step already/);
  assert.deepEqual(tagged, []);
});

Deno.test("sluice step without a guard does not run its command", async () => {
  const directory = await Deno.makeTempDir();
  const { code, stdout, stderr } = await sluice([
    ...["step", "--state", directory, "a", "--", "echo", "run"],
  ]);
  await Deno.remove(directory);

  assert.equal(code, 3);
  assert.equal(stdout, "");
  assert.match(stderr, /no guard listens/);
});

Deno.test("sluice step takes a signal to its command", async () => {
  const { stdout, stderr } = await guarded(`
    ${SLUICE} step Long -- bash -c 'trap "echo got; exit 3" TERM
      echo ready; while :; do sleep 0.05; done' &
    sleep 1.5; kill -TERM $(pgrep -P $! -f "step Long" || echo $!)
    wait $!; echo code $?
  `);

  assert.match(stdout, /^got$/m, stderr);
});

Deno.test("the place of names is gone with the guard", async () => {
  const { stdout } = await guarded("echo $SLUICE_STEPS; ls -l $SLUICE_STEPS");
  const path = stdout.split("\n")[0]!;

  assert.match(path, /^\/run\/sluice-steps\/[0-9a-f]{16}$/);
  assert.match(stdout, /^srw-rw-rw-. *1 root root/m);
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});

Deno.test("the place of names of a guard that was killed goes to the next one", async () => {
  await using lab = await Lab.up();
  const state = `${lab.directory}/state`;
  const path = stepSocketPath(state);
  const asked = () => sluice(["step", "--state", state, "a", "--", "true"]);
  const first = await Guarding.arm(lab, { egress: "audit" });
  const { ino: before } = await Deno.stat(path);
  await first.kill();
  assert.equal((await Deno.stat(path)).ino, before);
  assert.match((await asked()).stderr, /no guard listens/);

  const second = await Guarding.arm(lab, { egress: "audit" });
  // Another runner on this machine may have the say about names: an answer.
  assert.doesNotMatch((await asked()).stderr, /no guard listens/);
  await second.stop();
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});
