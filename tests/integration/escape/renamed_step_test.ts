/** A step's name is taken once: nobody in one gets another's entries. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { sluice } from "../guarding.ts";
import { PYTHON, readScript } from "./attack.ts";

const SITE = "203.0.113.10";

Deno.test("block lets no step have the name of another", async () => {
  await using lab = await Lab.up();
  const policy = `${lab.directory}/policy.yml`;
  const entry = `{ address: "${SITE}", port: 80, step: Publish }`;
  const lines = ["version: 1", "egress: block", "allow:", `  - ${entry}`, ""];
  await Deno.writeTextFile(policy, lines.join("\n"));
  const script = `${lab.directory}/renamed_step.py`;
  await Deno.writeTextFile(script, await readScript("renamed_step"));
  const { stdout, stderr } = await sluice([
    ...["run", "--netns", lab.netnsPath("run"), "--policy", policy],
    ...["--state", `${lab.directory}/state`, "--"],
    // The command itself is the step: nothing stands between.
    ...["sh", "-c", `exec ${PYTHON} -I ${script} "$SLUICE_STEPS" ${SITE}`],
  ]);

  assert.equal(
    stdout,
    [
      "begin ok refused",
      "again nested refused",
      "astray nested refused",
      "handed on nested refused",
      "ended again refused",
      "",
    ].join("\n"),
    stderr,
  );
});
