/** A container that writes packets tells of connections that are none. */
import { Lab } from "../../lab/lab.ts";
import { assertHeld, fetchAllowed, runScript } from "./attack.ts";

for (const way of ["open", "reset"]) {
  for (const family of [0, 1]) {
    Deno.test(`a container's other beginning hides no request: ${way}, family ${family}`, async () => {
      await using lab = await Lab.up({ container: true });
      await assertHeld(lab, {
        flags: {
          egress: "block",
          allow: ["allowed.test", "allowed.test:80"],
        },
        attack: () =>
          runScript(lab, `beside ${way} ${family}`, { side: "box" }),
        allowed: () => fetchAllowed(lab, "box"),
      });
    });
  }
}
