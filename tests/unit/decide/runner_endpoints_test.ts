import assert from "node:assert/strict";
import type { Sender } from "../../../agent/decide/decision.ts";
import { decideFlow } from "../../../agent/decide/flow.ts";
import { judgeAttempt } from "../../../agent/decide/judge.ts";
import { judgeLookup } from "../../../agent/decide/lookup.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import type { Policy } from "../../../agent/decide/policy.ts";
import {
  RUNNER_ENDPOINTS,
  runnerEntries,
} from "../../../agent/decide/runner_endpoints.ts";
import { addressOf, NOBODY, policyOf } from "./policies.ts";

const RUNNER: Sender = {
  exe: "/home/runner/bin/Runner.Worker",
  step: null,
  isRunner: true,
};
const STEP: Sender = { exe: "/usr/bin/node", step: "Build", isRunner: false };

function decide(
  name: string,
  { sender = RUNNER, policy = policyOf({}), port = 443 }: {
    readonly sender?: Sender;
    readonly policy?: Policy;
    readonly port?: number;
  } = {},
) {
  const attempt = { names: [name], address: null, transport: "tcp", sender };
  return judgeAttempt(
    { ...attempt, transport: "tcp", port },
    compilePolicy(
      policy,
    ),
  );
}

Deno.test("the runner reaches what it needs, by entries that say so", () => {
  for (const name of ["github.com", "broker.actions.githubusercontent.com"]) {
    const { decision, why, rule } = decide(name);
    assert.deepEqual({ decision, why }, {
      decision: "allow",
      why: "allowed_name",
    });
    assert.match(rule ?? "", /^runner: /);
  }
});

Deno.test("the runner reaches Azure's host by its address", () => {
  const policy = compilePolicy(policyOf({}));
  const world = { policy, names: new NameTable(), nowMs: 0 };
  const destination = addressOf("168.63.129.16");
  for (
    const [port, wanted] of [[80, "allow"], [32526, "allow"], [22, "deny"]]
  ) {
    const flow = {
      ...{ protocol: 6, destination, sender: RUNNER },
      port: Number(port),
    };
    assert.equal(decideFlow(flow, world).decision, wanted, `${port}`);
  }
});

Deno.test("the runner reaches nothing else, and not by another port", () => {
  assert.equal(decide("evil.example").why, "name_not_allowed");
  assert.equal(decide("github.com", { port: 22 }).decision, "deny");
});

for (const sender of [STEP, NOBODY]) {
  Deno.test(`the runner's hosts are like any other for ${sender.exe}`, () => {
    const { decision, why } = decide("github.com", { sender });
    assert.deepEqual({ decision, why }, {
      decision: "deny",
      why: "name_not_allowed",
    });
    const world = {
      ...{ policy: compilePolicy(policyOf({})), names: new NameTable() },
      nowMs: 0,
    };
    const lookup = judgeLookup({ name: "github.com", sender }, world);
    assert.equal(lookup.why, "name_not_allowed");
  });
}

Deno.test("the runner may look its hosts up", () => {
  const world = {
    ...{ policy: compilePolicy(policyOf({})), names: new NameTable() },
    nowMs: 0,
  };
  const { rule } = judgeLookup({ name: "github.com", sender: RUNNER }, world);
  assert.equal(rule, "runner: github.com");
});

Deno.test("what an author wrote comes before the runner's entries", () => {
  const allow = decide("github.com", {
    policy: policyOf({ allow: ["github.com"] }),
  });
  assert.equal(allow.rule, "github.com");
  const deny = decide("github.com", {
    policy: policyOf({ deny: ["github.com"] }),
  });
  assert.equal(deny.why, "denied_by_rule");
});

Deno.test("runner: deny takes its entries from the runner", () => {
  const policy: Policy = { ...policyOf({}), runner: "deny" };
  assert.equal(decide("github.com", { policy }).why, "name_not_allowed");
});

Deno.test("the names that the runner makes up count for no tunnel", () => {
  assert.equal(compilePolicy(policyOf({})).wildcards.size, 0);
});

Deno.test("runnerEntries() has one entry for each endpoint, with a reason", () => {
  const entries = runnerEntries();
  assert.equal(entries.length, RUNNER_ENDPOINTS.length);
  assert.equal(new Set(entries.map(({ text }) => text)).size, entries.length);
  for (const entry of entries) {
    assert.ok(entry.runner);
    assert.notEqual(entry.port, null);
  }
  for (const { reason } of RUNNER_ENDPOINTS) assert.match(reason, /^\w.*[^.]$/);
});
