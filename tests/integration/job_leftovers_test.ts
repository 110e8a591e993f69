/** What a job has left running can send no more once its post step is through. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, SITES } from "../lab/topology.ts";
import { ActionGround, reportIn, step } from "./action_ground.ts";

const HOST = "github.com";
const [{ ipv4: RUNNERS } = { ipv4: "" }] = SITES
  .find(({ name }) => name === HOST)!.addresses;
const EVIL = "203.0.113.40";
const INPUTS = {
  "egress-policy": "block",
  "allowed-endpoints": "203.0.113.10:443",
  "on-denied": "fail",
};

Deno.test("what a step has left behind is refused until the worker has ended, and the runner is not", async () => {
  await using lab = await Lab.up();
  await using ground = await ActionGround.build(lab);
  const { net, root } = ground.runner;
  // The worker's log says when it has heard of the post step's end.
  const isPosted = `sed '1,/Post Guard/d' ${root}/_diag/Worker_* | ` +
    "grep -q 'Finished process'";
  const leftover = `${net} behind get 203.0.113.10 443 allowed.test\n` +
    `${net} behind get ${EVIL} 443 refused.test\n` +
    `touch ${lab.directory}/refused\n` +
    `while [ -e ${ground.socket} ]; do sleep 0.05; done\n` +
    `${net} after get ${EVIL} 443 free.test\n`;
  const path = `${lab.directory}/leftover`;
  await Deno.writeTextFile(
    path,
    `until ${isPosted}; do sleep 0.05; done\n${leftover}`,
  );
  await using capture = await lab.capture();
  const course = await ground.run({
    inputs: INPUTS,
    // It lets go of all that the runner could know it by.
    steps: [step("Leave", `env -i setsid sh ${path} </dev/null &\n`)],
    after: [
      ["sleep", "2000"],
      ["ask", ADDRESSES.resolver.ipv4, HOST],
      ["get", RUNNERS!, "443", HOST],
    ],
  });
  await ground.said(/^after get /m);

  assert.equal(course.postCode, 0, ground.runner.said);
  assert.equal(reportIn(course.post).counts.connection.deny, 0);
  assert.deepEqual(acts(ground.runner.said), [
    "behind get allowed.test ok",
    "behind get refused.test ECONNREFUSED",
    `worker get ${HOST} ok`,
    "after get free.test ok",
  ]);
  const sent = (await capture.stop()).map(({ text }) => text).join("\n");
  assert.match(sent, /allowed\.test/);
  assert.match(sent, /free\.test/);
  assert.doesNotMatch(sent, /refused\.test/);
  await ground.ended();
});

function acts(said: string): string[] {
  return [...said.matchAll(/^\w+ get \S+ \w+$/gm)].map(([line]) => line);
}
