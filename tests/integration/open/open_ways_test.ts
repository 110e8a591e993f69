/** What honest builds do, on one guard, before and after it was attacked. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import type { Side } from "../../lab/topology.ts";
import { NOBODY } from "../escape/attack.ts";
import { playAll } from "../escape/corpus.ts";
import { Guarding } from "../guarding.ts";
import { runGuarded } from "../lab_run.ts";
import { serveOpen } from "./stage.ts";
import { OPEN_ENTRIES, OPEN_WAYS, openScript } from "./ways.ts";

/** A class of each kind: what is malformed, reused, forged, and simply tried. */
const ATTACKS = ["invalid_tcp", "calls", "reopened", "bound_source"];

const TIMEOUT_MS = 120_000;

Deno.test("what a build needs stays open before and after attacks", async (test) => {
  await using lab = await Lab.up({ container: true });
  const open = await serveOpen(lab);
  const users = { run: NOBODY, box: undefined } as const;
  const go = async (title: string, side: Side) => {
    const directory = await ownDirectory(lab, `${title} ${side}`);
    const script = openScript(open, directory);
    const { stdout } = await lab.in(side, ["bash", "-c", script], {
      user: users[side as "run" | "box"],
      env: { DENO: Deno.execPath() },
      timeoutMs: TIMEOUT_MS,
    });
    await report(test, `${title}, ${side}`, stdout);
  };
  await go("unguarded", "run");
  const directory = await ownDirectory(lab, "command");
  const { stdout } = await runGuarded(lab, {
    command: ["bash", "-c", openScript(open, directory)],
    allow: OPEN_ENTRIES,
    user: NOBODY,
    env: { DENO: Deno.execPath() },
  });
  await report(test, "run", stdout);

  await using living = lab.spawn("run", ["bash", "-c", LIVING, lab.directory]);
  await living.waitFor("open");
  const guard = await Guarding.arm(lab, {
    egress: "block",
    allow: OPEN_ENTRIES,
  });
  await go("before", "run");
  await go("before", "box");
  for (const script of ATTACKS) await playAll(lab, { script, guarded: true });
  await go("after", "run");
  await go("after", "box");
  await Deno.writeTextFile(`${lab.directory}/speak`, "");
  await living.waitFor("still here");
  assert.equal((await guard.status()).state, "armed");
});

/** A connection of before the guard, to where nobody may go. */
const LIVING = `
exec 3<>/dev/tcp/203.0.113.10/7
echo open >&3; read -r word <&3; echo "$word"
until [ -e "$0/speak" ]; do sleep 0.1; done
echo still here >&3; read -r word <&3; echo "$word"
`;

async function ownDirectory(lab: Lab, title: string): Promise<string> {
  const directory = `${lab.directory}/${title.replaceAll(" ", "-")}`;
  await Deno.mkdir(directory);
  await Deno.chown(directory, NOBODY, NOBODY);
  return directory;
}

async function report(
  test: Deno.TestContext,
  title: string,
  stdout: string,
): Promise<void> {
  for (const [at, { name }] of OPEN_WAYS.entries()) {
    await test.step(`${title}: ${name}`, () => {
      const lines = `\n${stdout}`;
      if (lines.includes(`\nok ${at}\n`)) return;
      const from = lines.indexOf(`\nFAILED ${at}\n`);
      assert.fail(from < 0 ? stdout : lines.slice(from, from + 2000));
    });
  }
}
