/** Steps that replace each other's tools, or read the job's token, are named. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { Guarding } from "./guarding.ts";
import type { FileLine } from "./files/kept_files.ts";
import { withRunner } from "./with_runner.ts";

const TOKEN = '[http "http://127.0.0.1/"]\n' +
  "\textraheader = AUTHORIZATION: basic eDp5\n";
const PAUSE = "sleep 1\n";

Deno.test("the steps of a job that replace tools and read its token are told", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const work = `${runner.root}/_work/app/app`;
  const tool = `${runner.root}/_work/_tool/x/1.0/bin/x`;
  await Deno.mkdir(work, { recursive: true });
  await Deno.mkdir(tool.slice(0, -2), { recursive: true });
  await Deno.copyFile("/bin/true", tool);
  await Deno.chmod(tool, 0o755);
  const guard = await Guarding.arm(lab, {
    egress: "audit",
    more: ["--workspace", work],
  });
  await runner.run({
    steps: [
      {
        name: "Check out",
        action: "__actions_checkout",
        uses: "actions/checkout@v4",
        script: `cd ${work}; git init -q .; sleep 0.3
          printf '${TOKEN.replaceAll("\n", "\\n").replaceAll("\t", "\\t")}' \
            >> .git/config; sleep 0.3; git -C ${work} config --list > /dev/null
          ${tool}; ${PAUSE}`,
      },
      {
        name: "Install",
        action: "__run",
        script: `cp /bin/false ${tool}.new; mv ${tool}.new ${tool}\n` +
          `cat ${work}/.git/config > /dev/null; ${PAUSE}`,
      },
      { name: "Build", action: "__run_2", script: `${tool} || ${PAUSE}` },
    ],
  });
  await guard.waitFor({ kind: "file" }, 2);
  await guard.stop();
  const events = await guard.events();
  const told = events.filter((event): event is typeof event & FileLine =>
    event.kind === "file"
  ).map(({ change, path, step, overwritten, process }) => [
    ...[change, path, step, overwritten, process?.exe?.split("/").at(-1)],
  ]);
  assert.deepEqual(told, [
    ["read", `${work}/.git/config`, "Install", false, "cat"],
    ["replaced", tool, "Install", true, "mv"],
  ]);
});
