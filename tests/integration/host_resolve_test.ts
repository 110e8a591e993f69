/** Looking up and connecting at once, as builds do: never wrongly refused. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { Guarding } from "./guarding.ts";
import { type Attempt, attemptsOf, Probe } from "./probing.ts";

const ATTEMPTS = 1_000;
const NAMES = [
  ...["allowed.test", "brief.test", "many.test", "chain.test", "x.wild.test"],
  ...["brief.test", "www.allowed.test", "cdn.test", "y.z.wild.test"],
];
const ALLOW = [...new Set(NAMES)].filter((name) => !name.includes("wild"));

for (const side of ["run", "box"] as const) {
  for (const workers of [1, 40]) {
    const how = workers === 1 ? "in turn" : `by ${workers} processes`;
    Deno.test(`block never refuses ${side} what was just looked up, ${ATTEMPTS} times ${how}`, async () => {
      await using lab = await Lab.up({ container: true });
      const probe = await Probe.compile(lab);
      const allow = [...ALLOW, "*.wild.test"];
      const guard = await Guarding.arm(lab, { egress: "block", allow });
      const counts = [String(ATTEMPTS), String(workers), "443"];
      const command = [probe.path, "resolve", ...counts, ...NAMES];
      const done = await lab.in(side, command, { timeoutMs: 60_000 });
      const attempts = attemptsOf(done);
      assert.equal(attempts.length, ATTEMPTS);
      assert.deepEqual(attempts.filter(({ result }) => result !== "ok"), []);
      const half = medianMs(attempts);
      console.log(`${ATTEMPTS} ${how}: look-up and connect ${half} ms (p50)`);

      const evil = await lab.in(
        side,
        [probe.path, "resolve", "1", "1", "443"]
          .concat("evil.test"),
      );
      assert.equal(attemptsOf(evil)[0]?.result, "unresolved");
      const stopped = await guard.stop();
      assert.equal(stopped.counts.connection!.deny, 0);
      assert.equal(stopped.counts.connection!.allow, ATTEMPTS);
    });
  }
}

function medianMs(attempts: readonly Attempt[]): string {
  const sorted = attempts.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!.toFixed(2);
}
