/** Root, or who owns the directories, changes what belongs to the agent. */
import assert from "node:assert/strict";
import { Cell } from "./cell.ts";
import { Lab } from "../lab/lab.ts";
import { ROOT } from "../style/tree.ts";
import { waitUntil } from "../lab/wait.ts";
import { NOBODY } from "./escape/attack.ts";
import {
  armBlocking,
  assertAllowed,
  ofAgent,
  verdictOf,
  waitForAgent,
} from "./tampering.ts";

const JOURNAL_ATTACKS: readonly {
  name: string;
  act: (path: string) => Promise<void>;
  says: RegExp;
}[] = [
  {
    name: "writes into the journal",
    act: (path) => Deno.writeTextFile(path, "not ours\n", { append: true }),
    says: /was written to by others; their part was taken out/,
  },
  {
    name: "empties the journal",
    act: (path) => Deno.truncate(path, 0),
    says: /was cut short/,
  },
  {
    name: "cuts a line of the journal",
    act: (path) => Deno.truncate(path, 40),
    says: /was cut short/,
  },
];

for (const { name, act, says } of JOURNAL_ATTACKS) {
  Deno.test(`it is in the journal that somebody ${name}`, async () => {
    await using lab = await Lab.up();
    const guard = await armBlocking(lab);
    await assertAllowed(lab);
    const path = guard.started.journal;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await act(path);
    await waitUntil(
      async () => says.test(await Deno.readTextFile(path)),
      { what: "the event" },
    );
    await assertAllowed(lab);
    const text = await Deno.readTextFile(path);
    assert.doesNotMatch(text, /not ours/);
    const { code, said } = await verdictOf(lab);
    assert.equal(code, 4, said);
    assert.match(said, /^! TAMPERED/m);
  });
}

for (const way of ["removes", "replaces"] as const) {
  Deno.test(`the job is red when the owner of its directory ${way} the journal`, async () => {
    await using lab = await Lab.up();
    const directory = `${lab.directory}/users`;
    await Deno.mkdir(directory);
    await Deno.chown(directory, NOBODY, NOBODY);
    const path = `${directory}/journal.ndjson`;
    await armBlocking(lab, { more: ["--journal", path] });
    const forged =
      '{"version":1,"seq":1,"time":"2026-01-02T03:04:05.678901Z",' +
      '"kind":"agent","event":"armed","egress":"block","scope":"host","pid":1}';
    const script = way === "removes"
      ? 'rm -f "$0"'
      : 'rm -f "$0"; printf "%s\\n" "$1" > "$0"';
    const command = ["sh", "-ec", script, path, forged];
    const { code: done, stderr } = await lab.in("run", command, {
      user: NOBODY,
    });
    assert.equal(done, 0, stderr);
    const { code, status, said } = await verdictOf(lab);
    assert.equal(code, 4, said);
    assert.equal(status.state, "stopped");
    // Nothing of what stands there by now is taken for the guard's.
    assert.deepEqual(status.coverage, []);
    assert.match(said, /Cannot read the journal/);
  });
}

Deno.test("a state that somebody has changed is put back", async () => {
  await using lab = await Lab.up();
  const guard = await armBlocking(lab);
  const path = `${lab.directory}/state/guard.json`;
  const state = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, state.replace('"block"', '"audit"'));
  const event = await waitForAgent(guard, "tampered");
  assert.equal(event.what, "files");
  assert.equal(await Deno.readTextFile(path), state);
  await Deno.remove(path);
  await waitUntil(
    async () => await Deno.readTextFile(path).catch(() => "") === state,
    { what: "the state" },
  );
  const { code, said } = await verdictOf(lab);
  assert.equal(code, 4, said);
});

/** A copy of `/` whose files a test may change. */
const CHANGES: readonly { name: string; line: string; code: number }[] = [
  {
    name: "writes to a source file of the agent",
    line: `printf '\\n// changed\\n' >> ${ROOT}agent/decide/match.ts`,
    code: 4,
  },
  {
    name: "replaces a source file and sets its time back",
    line: `cp -p ${ROOT}agent/stop.ts /tmp/was && ` +
      `sed 's/SIGTERM = 15/SIGTERM = 51/' /tmp/was > ${ROOT}agent/stop.ts && ` +
      `touch -r /tmp/was ${ROOT}agent/stop.ts`,
    code: 4,
  },
  {
    name: "only touches the source of the agent",
    line: `chmod g-w ${ROOT}agent/*.ts; touch ${ROOT}ffi/libc.ts`,
    code: 0,
  },
];

for (const { name, line, code } of CHANGES) {
  Deno.test(`sluice run exits with ${code} when its command ${name}`, async () => {
    await using cell = await Cell.open({ copy: true });
    // Source that was not read yet is taken for changed when it is touched.
    const script = `sleep 20 & sleep 6; ${line}; sleep 2; kill %1`;
    const args = ["run", "--egress", "block", "--", "bash", "-c", script];
    await using sluice = cell.startSluice(args);
    const { code: found, stderr } = await sluice.finished(60_000);
    assert.equal(found, code, stderr);
    if (code !== 0) assert.match(stderr, /agent's own files were changed/);
  });
}

Deno.test("nothing is said of an agent that is left alone", async () => {
  await using lab = await Lab.up();
  const guard = await armBlocking(lab);
  for (let round = 0; round < 5; round++) {
    await assertAllowed(lab);
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
  const events = await guard.events();
  assert.deepEqual(ofAgent(events, "tampered"), []);
  assert.deepEqual(ofAgent(events, "impaired"), []);
  assert.equal((await verdictOf(lab)).code, 0);
});
