/** What is asked in another's name while nobody is there to judge it. */
import { Lab } from "../../lab/lab.ts";
import { Guarding } from "../guarding.ts";
import {
  assertLeaks,
  assertTight,
  fetchAllowed,
  runScript,
  startScript,
} from "./attack.ts";

for (const [at, family] of (["ipv4", "ipv6"] as const).entries()) {
  Deno.test(`block answers nobody over ${family} in whose name a container asked, with the agent and without`, async () => {
    await using lab = await Lab.up({ container: true });
    await using server = await startScript(lab, "repeater");
    await server.waitFor("ready");
    const ask = (port: number) =>
      runScript(lab, `astray ${at} ${port}`, { side: "box" });
    await assertLeaks(lab, () => ask(4501));
    const guard = await Guarding.arm(lab, {
      egress: "block",
      allow: ["allowed.test"],
    });
    await assertTight(lab, () => ask(4502));
    await guard.waitFor({ decision: "deny", why: "source_forged" });
    await fetchAllowed(lab, "box");
    await guard.kill();
    await assertTight(lab, () => ask(4503));
  });
}
