/** DNS under a guard: what is refused and how, and what a name opens. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, ATTACKER, type Side } from "../lab/topology.ts";
import { Guarding } from "./guarding.ts";
import { assertRefused, type Message, Probe } from "./probing.ts";

const { resolver, attacker } = ADDRESSES;

/** RFC 8914: the option, and "Blocked" in it. */
const EDE = { option: 15, blocked: 15 } as const;

const ASKERS: readonly { side: Side; server: string; type: "A" | "AAAA" }[] = [
  { side: "run", server: resolver.ipv4, type: "A" },
  { side: "run", server: resolver.ipv4, type: "AAAA" },
  { side: "run", server: resolver.ipv6, type: "A" },
  { side: "run", server: resolver.ipv6, type: "AAAA" },
  { side: "box", server: resolver.ipv4, type: "A" },
  { side: "box", server: resolver.ipv6, type: "AAAA" },
];

/** All name servers of the lab, so that both families can be asked. */
const RESOLVERS = Object.values(resolver).flatMap((address) => [
  ...["--resolver", address],
]);

for (const { side, server, type } of ASKERS) {
  Deno.test(`block answers ${side}'s refused ${type} question to ${server} itself`, async () => {
    await using lab = await Lab.up({ container: true });
    const probe = await Probe.compile(lab);
    const name = "s3cret.evil.test";
    const open = await probe.ask(side, { name: ATTACKER.name }, { server });
    assert.equal(open.message?.rcode, "NOERROR");
    const flags = { egress: "block", allow: ["allowed.test"] } as const;
    const guard = await Guarding.arm(lab, { ...flags, more: RESOLVERS });

    await using capture = await lab.capture("port 53");
    const { message, ms } = await probe.ask(side, {
      name,
      type,
      id: 54321,
    }, { server });
    console.log(`NXDOMAIN after ${ms.toFixed(2)} ms`);
    assert.ok(ms < 1_000, `${ms} ms`);
    assert.equal(message?.rcode, "NXDOMAIN");
    assert.equal(message.id, 54321);
    assert.deepEqual(questionsOf(message), [`${name} ${type}`]);
    assert.deepEqual(message.answers, []);
    assert.deepEqual(explain(message), [
      EDE.blocked,
      "Sluice: name_not_allowed",
    ]);

    const allowed = await probe.ask(side, {
      name: "allowed.test",
      type,
    }, { server });
    assert.equal(allowed.message?.rcode, "NOERROR");
    assert.equal(allowed.message.answers.length, 1);
    const names = (await lab.resolver.queries()).map((query) => query.name);
    assert.deepEqual(names, [ATTACKER.name, "allowed.test"]);
    const packets = await capture.stop();
    assert.equal(packets.length, 2);
    assert.ok(packets.every(({ text }) => !text.includes("evil")));

    const [denied] = await guard.waitFor({ kind: "dns", name, type });
    assert.equal(denied?.decision, "deny");
    assert.equal(denied.enforced, true);
    assert.equal(denied.why, "name_not_allowed");
  });
}

Deno.test("block answers a refused question without EDNS by one without", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  await Guarding.arm(lab, { egress: "block" });
  const question = { name: "evil.test", edns: false };
  const { message } = await probe.ask("run", question);
  assert.equal(message?.rcode, "NXDOMAIN");
  assert.deepEqual(message.additionals, []);
});

Deno.test("block gives a refusal that dig believes and shows", async () => {
  await using lab = await Lab.up({ container: true });
  await Guarding.arm(lab, { egress: "block" });
  for (const side of ["run", "box"] as const) {
    const dig = ["dig", "+edns=0", "+time=2", "+tries=1", "Evil.Test"];
    const { stdout, code } = await lab.in(side, dig);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /status: NXDOMAIN/);
    assert.match(stdout, /EDE: 15 \(Blocked\): \(Sluice: name_not_allowed\)/);
    assert.match(stdout, /Evil\.Test\.\s+IN\s+A/);
  }
});

Deno.test("audit lets a refused question go, and a denied one not", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const flags = { egress: "audit", deny: ["*.evil.test"] } as const;
  const guard = await Guarding.arm(lab, flags);
  const open = await probe.ask("run", { name: "evil.test" });
  assert.deepEqual(open.message?.answers.map(({ data }) => data), [
    attacker.ipv4,
  ]);
  const shut = await probe.ask("run", { name: "x.evil.test" });
  assert.deepEqual(explain(shut.message!), [
    EDE.blocked,
    "Sluice: denied_by_rule",
  ]);
  const names = (await lab.resolver.queries()).map(({ name }) => name);
  assert.deepEqual(names, ["evil.test"]);
  const [audited] = await guard.waitFor({ kind: "dns", name: "evil.test" });
  assert.equal(audited?.enforced, false);
  assert.equal(audited.decision, "deny");
});

for (const side of ["run", "box"] as const) {
  for (const family of ["ipv4", "ipv6"] as const) {
    Deno.test(`block refuses ${side} a server over ${family} that is not the resolver`, async () => {
      await using lab = await Lab.up({ container: true });
      const probe = await Probe.compile(lab);
      const server = attacker[family];
      const question = { name: "allowed.test" };
      await probe.run(side, `wait 100 udp ${server} 53 73746f6c656e`);
      await lab.attacker.waitFor("stolen");
      const guard = await Guarding.arm(lab, {
        egress: "block",
        allow: ["allowed.test"],
      });
      await using capture = await lab.capture();
      const { message } = await probe.ask(side, question, { server });
      assert.deepEqual(explain(message!), [
        EDE.blocked,
        "Sluice: resolver_not_allowed",
      ]);
      // Not a DNS message at all: refused like any datagram.
      assertRefused(await probe.one(side, `udp ${server} 53 73746f6c656e`));
      const asked = await probe.ask(side, question);
      assert.equal(asked.message?.rcode, "NOERROR");
      const packets = await capture.stop();
      assert.ok(packets.length > 0);
      assert.ok(packets.every((p) => p.destination !== attacker[family]));
      await guard.waitFor({ kind: "dns", why: "resolver_not_allowed" });
    });
  }
}

function questionsOf(message: Message): string[] {
  return message.questions.map(({ name, type }) => `${name} ${type}`);
}

/** Code and text of the Extended DNS Error; null when there is none. */
function explain(message: Message): [number, string] | null {
  const options = message.additionals.flatMap(({ options }) => options ?? []);
  const found = options.find(({ code }) => code === EDE.option);
  if (found === undefined) return null;
  const text = new TextDecoder().decode(found.data.subarray(2));
  return [found.data[0]! << 8 | found.data[1]!, text];
}
