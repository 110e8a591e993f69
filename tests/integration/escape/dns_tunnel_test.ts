/** An allowed wildcard must not become a channel for whatever is spelt in it. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES, type Side } from "../../lab/topology.ts";
import { Guarding } from "../guarding.ts";
import { NOBODY, runScript } from "./attack.ts";

const LIMIT_BYTES = 32_768;
const { resolver } = ADDRESSES;
const FLAGS = {
  allow: ["*.wild.test", "allowed.test"],
  more: Object.values(resolver).flatMap((each) => ["--resolver", each]),
};

const FROM: readonly { side: Side; server: string }[] = [
  { side: "run", server: resolver.ipv4 },
  { side: "box", server: resolver.ipv6 },
];

for (const { side, server } of FROM) {
  Deno.test(`block lets no more than its limit out in names that ${side} spells`, async () => {
    await using lab = await Lab.up({ container: true });
    const ask = async (how: string) =>
      Number(await runScript(lab, `dns_tunnel ${how} ${server}`, { side }));
    assert.equal(await ask("tunnel"), 1_500);
    const { length } = await lab.resolver.queries();

    const guard = await Guarding.arm(lab, { egress: "block", ...FLAGS });
    const answered = await ask("tunnel");
    const asked = (await lab.resolver.queries()).slice(length);
    const bytes = asked.map(({ name }) => name.length - ".wild.test".length)
      .reduce((sum, each) => sum + each, 0);
    assert.equal(asked.length, answered);
    assert.ok(bytes > LIMIT_BYTES / 2 && bytes <= LIMIT_BYTES, `${bytes}`);
    const [refused] = await guard.waitFor({ why: "tunnel_limit" });
    assert.equal(refused?.decision, "deny");
    assert.equal(refused.rule, "*.wild.test");
    // What the policy spells out is not counted.
    const fetch = ["curl", "-sS", "--max-time", "8", "https://allowed.test/"];
    const { code, stderr } = await lab.in(side, fetch, { user: NOBODY });
    assert.equal(code, 0, stderr);
  });

  Deno.test(`block answers ${side} for five hundred buckets at once`, async () => {
    await using lab = await Lab.up({ container: true });
    await Guarding.arm(lab, { egress: "block", ...FLAGS });
    const answered = await runScript(lab, `dns_tunnel buckets ${server}`, {
      side,
    });
    assert.equal(Number(answered), 500);
  });
}

Deno.test("audit lets a tunnel go and says so", async () => {
  await using lab = await Lab.up();
  const guard = await Guarding.arm(lab, { egress: "audit", ...FLAGS });
  const answered = await runScript(lab, `dns_tunnel drip ${resolver.ipv4}`);
  assert.equal(Number(answered), 1_500);
  const [found] = await guard.waitFor({ why: "tunnel_limit" });
  assert.equal(found?.enforced, false);
});

for (const how of ["tunnel", "drip"]) {
  Deno.test(`audit tells once of a ${how} that no entry allows`, async () => {
    await using lab = await Lab.up();
    const guard = await Guarding.arm(lab, {
      ...{ egress: "audit", allow: ["allowed.test"], more: FLAGS.more },
    });
    const line = `dns_tunnel ${how} ${resolver.ipv4}`;
    await runScript(lab, line, { user: NOBODY });
    const { said } = await guard.stop();
    const told = (await guard.events()).filter((event) =>
      event.kind === "agent" && event.event === "tunnel"
    );
    assert.equal(told.length, 1);
    const [event] = told;
    assert.ok(event?.kind === "agent");
    assert.equal(event.domain, "wild.test");
    assert.equal(event.sign, how === "tunnel" ? "longNames" : "names");
    assert.match(event.by?.exe ?? "", /\/python3/);
    assert.match(said, /Look-ups under wild\.test look like a tunnel/);
  });
}

Deno.test("audit tells of no tunnel where a build looks names up", async () => {
  await using lab = await Lab.up();
  const guard = await Guarding.arm(lab, {
    ...{ egress: "audit", allow: ["allowed.test"], more: FLAGS.more },
  });
  for (const how of ["build", "buckets"]) {
    await runScript(lab, `dns_tunnel ${how} ${resolver.ipv4}`);
  }
  await guard.stop();
  const events = await guard.events();
  assert.ok(events.filter(({ kind }) => kind === "dns").length >= 2_000);
  const told = events.filter((event) =>
    event.kind === "agent" && event.event === "tunnel"
  );
  assert.deepEqual(told, []);
});

Deno.test("block lets as much out as the policy says", async () => {
  await using lab = await Lab.up();
  const file = `${lab.directory}/egress.yml`;
  await Deno.writeTextFile(
    file,
    'version: 1\nallow: ["*.wild.test"]\ndns: { unseen: any }\n',
  );
  const more = [...FLAGS.more, "--policy", file];
  await Guarding.arm(lab, { egress: "block", more });
  const answered = await runScript(lab, `dns_tunnel tunnel ${resolver.ipv4}`);
  assert.equal(Number(answered), 1_500);
});
