/** The binary of `deno task compile`, where denort is to be had. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { compileProgram } from "../release/compile.ts";
import { ownArchitecture } from "../release/runtime.ts";
import { Probe } from "./probing.ts";
import { armBlocking, assertClosed } from "./tampering.ts";

const DENORT = Deno.env.get("DENORT_BIN") ?? null;

Deno.test({
  name: DENORT === null
    ? "NOT TRIED, DENORT_BIN names no denort: the compiled program guards as the source does"
    : "the compiled program guards as the source does",
  ignore: DENORT === null,
  async fn() {
    await using lab = await Lab.up();
    const probe = await Probe.compile(lab);
    const architecture = ownArchitecture();
    const denort = DENORT;
    const [output, again] = ["a", "b"].map((name) =>
      `${lab.directory}/${name}`
    );
    await compileProgram({ architecture, output: output!, denort });
    await compileProgram({ architecture, output: again!, denort });
    assert.deepEqual(await Deno.readFile(output!), await Deno.readFile(again!));
    const guard = await armBlocking(lab, { program: output! });
    await assertClosed(lab, probe);
    const heard = (await guard.events()).filter(({ kind }) => kind === "exec");
    assert.notEqual(heard.length, 0, "the process thread tells of nothing");
    assert.equal((await guard.stop()).state, "stopped");
  },
});
