/** DNS over TCP must not carry what DNS over UDP may not. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES, type Side } from "../../lab/topology.ts";
import { type GuardFlags, Guarding } from "../guarding.ts";
import { assertTight, runScript, SECRET } from "./attack.ts";

const { resolver, attacker } = ADDRESSES;
const FLAGS: GuardFlags = {
  egress: "block",
  allow: ["allowed.test"],
  more: Object.values(resolver).flatMap((each) => ["--resolver", each]),
};

/** What the far side makes of it where nobody guards. */
const WAYS: readonly { way: string; why: string; asked?: true }[] = [
  { way: "alone", why: "name_not_allowed", asked: true },
  { way: "second", why: "name_not_allowed", asked: true },
  { way: "later", why: "name_not_allowed", asked: true },
  { way: "cut", why: "name_not_allowed", asked: true },
  { way: "in_two", why: "name_not_allowed", asked: true },
  // In more pieces than a client has under way it comes to no end.
  { way: "bytes", why: "name_not_allowed dns_malformed", asked: true },
  { way: "half", why: "dns_malformed" },
  { way: "length_long", why: "dns_malformed" },
  { way: "length_longest", why: "dns_malformed" },
  { way: "length_short", why: "dns_malformed" },
  { way: "length_none", why: "dns_malformed" },
  { way: "trailing", why: "dns_malformed" },
  { way: "response", why: "dns_malformed" },
  { way: "two_questions", why: "dns_malformed" },
  { way: "update", why: "dns_malformed" },
  { way: "option", why: "dns_malformed" },
  { way: "text", why: "dns_malformed" },
  { way: "tls", why: "dns_malformed" },
  { way: "urgent", why: "dns_malformed" },
];

const FROM: readonly { side: Side; server: string }[] = [
  { side: "run", server: resolver.ipv4 },
  { side: "run", server: resolver.ipv6 },
  { side: "box", server: resolver.ipv4 },
  { side: "box", server: resolver.ipv6 },
];

for (const { side, server } of FROM) {
  Deno.test(`no secret goes from ${side} to ${server} over TCP`, async (t) => {
    await using lab = await Lab.up({ container: true });
    const play = (way: string, seconds = 4) =>
      runScript(lab, `dns_stream ${way} ${server} ${seconds}`, { side });
    // Unguarded, the resolver is asked or at least told.
    await using bare = await lab.capture("port 53");
    for (const { way } of WAYS) await play(way, 0.3);
    const told = (await bare.stop()).filter(({ text }) =>
      text.includes(SECRET)
    );
    assert.ok(told.length >= WAYS.length - 3, `${told.length} packets`);
    const before = await stolen(lab);
    const asked = WAYS.filter(({ asked }) => asked).length;
    assert.ok(before >= asked, `${before} questions`);

    const guard = await Guarding.arm(lab, FLAGS);
    for (const { way, why } of WAYS) {
      await t.step(`${way}: ${why}`, async () => {
        const { length } = await guard.verdicts();
        await assertTight(lab, async () => {
          const printed = await play(way);
          assert.equal(printed.trim().split("\n").at(-1), "reset");
        });
        const events = (await guard.verdicts()).slice(length);
        const denied = events.filter(({ decision }) => decision === "deny");
        assert.equal(denied.length, 1);
        assert.ok(why.split(" ").includes(denied[0]!.why), denied[0]!.why);
        assert.ok(denied[0]?.kind === "dns");
        assert.equal(denied[0].protocol, "tcp");
        assert.equal(denied[0].server.address, server);
      });
    }
    // What a SYN carries is left out, and judged when it comes again.
    await assertTight(lab, () => play("fastopen", 1));
    assert.equal(await stolen(lab), before);
    const dig = ["dig", `@${server}`, "+tcp", "+tries=1", "allowed.test"];
    const { stdout } = await lab.in(side, dig);
    assert.match(stdout, /status: NOERROR[^]*203\.0\.113\.10/);
  });
}

for (const side of ["run", "box"] as const) {
  for (const family of ["ipv4", "ipv6"] as const) {
    Deno.test(`no server over ${family} but the resolver is reached on TCP port 53 from ${side}`, async () => {
      await using lab = await Lab.up({ container: true });
      const server = attacker[family];
      const ask = ["dig", `@${server}`, "+tcp", "+tries=1", "allowed.test"];
      await Guarding.arm(lab, FLAGS);
      await assertTight(lab, () => lab.in(side, ask));
    });
  }
}

async function stolen(lab: Lab): Promise<number> {
  const queries = await lab.resolver.queries();
  return queries.filter(({ name }) => name.includes(SECRET)).length;
}
