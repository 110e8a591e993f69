/** A user's two sockets with the same ends, of which the guard believes one. */
import { Lab } from "../../lab/lab.ts";
import { assertHeld, NOBODY, runScript } from "./attack.ts";

for (const family of [0, 1]) {
  Deno.test(`a second socket hides nothing that the first says, family ${family}`, async () => {
    await using lab = await Lab.up();
    await assertHeld(lab, {
      flags: { egress: "block", allow: ["allowed.test", "allowed.test:80"] },
      attack: (turn) =>
        runScript(lab, `twins ${family} ${turn}`, { user: NOBODY }),
    });
  });
}
