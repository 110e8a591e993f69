/**
 * One connection carries many requests, and every one of them names a host.
 */
import { Lab } from "../../lab/lab.ts";
import { assertHeld, fetchAllowed, NOBODY, runScript } from "./attack.ts";

const WAYS = [
  "later",
  "pipelined",
  "cut",
  "behind a body",
  "behind chunks",
  "behind a close",
  "behind an upgrade",
  "in a body with two lengths",
  "in a target",
  "behind a tunnel",
];

/** Where all ways are tried, and where one stands for all. */
const PLACES = [
  { side: "run", family: 0, ways: WAYS },
  { side: "run", family: 1, ways: WAYS.slice(0, 1) },
  { side: "box", family: 0, ways: WAYS.slice(0, 3) },
  { side: "box", family: 1, ways: WAYS.slice(0, 1) },
] as const;

for (const { side, family, ways } of PLACES) {
  for (const way of ways) {
    Deno.test(`the guard reads every request of ${side}: ${way}, family ${family}`, async () => {
      await using lab = await Lab.up({ container: side === "box" });
      const script = `requests ${way.replaceAll(" ", "_")} ${family}`;
      await assertHeld(lab, {
        flags: {
          egress: "block",
          allow: ["allowed.test", "allowed.test:80"],
        },
        attack: () => runScript(lab, script, { side, user: NOBODY }),
        allowed: () => fetchAllowed(lab, side),
      });
    });
  }
}
