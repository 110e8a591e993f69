/**
 * What is judged is what leaves: a packet in the queue may still refer to pages
 * that its sender can write to, and what was lost is read from them anew.
 */
import { Lab } from "../../lab/lab.ts";
import { assertHeld, NOBODY, runScript } from "./attack.ts";

const ALLOW = ["allowed.test", "allowed.test:80", "allowed.test:8443"];

/** What a router on the way would do to a packet without hops left. */
const LAST_HOP = [
  "iptables -t raw -I PREROUTING -m ttl --ttl-lt 2 -j DROP",
  "ip6tables -t raw -I PREROUTING -p tcp -m hl --hl-lt 2 -j DROP",
].join("; ");

/** What a packet has left to be lost at the last hop. */
const HOPS = { run: 1, box: 2 } as const;

for (const way of ["held", "lost", "request", "other", "asked"]) {
  for (const side of ["run", "box"] as const) {
    for (const family of [0, 1]) {
      if (way === "asked" && (family === 1 || side === "box")) continue;
      Deno.test(`the guard lets out what it read from ${side}: ${way}, family ${family}`, async () => {
        await using lab = await Lab.up({ container: side === "box" });
        await lab.in("out", ["sh", "-ec", LAST_HOP]);
        await assertHeld(lab, {
          flags: { egress: "block", allow: ALLOW },
          attack: (turn) =>
            runScript(lab, `changed ${way} ${family} ${turn} ${HOPS[side]}`, {
              side,
              user: NOBODY,
            }),
        });
      });
    }
  }
}
