/** The action as it is released, from its first entry to its last. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { Ground, SLUICE } from "./ground.ts";
import { installSource } from "./releasing.ts";
import { Services } from "./services.ts";
import { findStep } from "./workflow.ts";

Deno.test("a guarded job lets out what it names, refuses the rest, and tells", async () => {
  await using lab = await Lab.up();
  const services = await Services.up(lab);
  const actionEnvironment = services.environment;
  await using ground = await Ground.up(lab, { actionEnvironment });
  await services.tell(ground);
  await installSource(ground);
  const job = await ground.run({
    steps: [{
      name: "Guard",
      uses: SLUICE,
      with: {
        "egress-policy": "block",
        "allowed-endpoints": "allowed.test:443",
      },
    }, {
      name: "Fetch",
      run: "curl -sS --max-time 5 https://allowed.test/ > /dev/null",
    }, {
      name: "Steal",
      run: "curl -sS --max-time 5 http://203.0.113.66:4444/ || true",
    }],
  });
  assert.equal(job.conclusion, "success", JSON.stringify(job, null, 1));
  assert.match(findStep(job, "Steal").log, /Failed to connect/);
  const { summary, log } = findStep(job, "Post Guard");
  assert.match(log, /1 refused, 1 allowed/);
  assert.match(summary, /203\.0\.113\.66.*\/usr\/bin\/curl.*Steal/);
  const [created, finished] = await services.calls();
  assert.equal(created!.method, "CreateArtifact");
  assert.equal(finished!.method, "FinalizeArtifact");
});
