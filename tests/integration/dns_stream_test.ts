/** DNS over TCP under a guard: what clients do with it, works. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, LARGE, RECORDS, type Side } from "../lab/topology.ts";
import { type GuardFlags, Guarding } from "./guarding.ts";
import { runGuarded } from "./lab_run.ts";
import { Probe } from "./probing.ts";

const { resolver } = ADDRESSES;
const FLAGS = {
  allow: ["allowed.test", "*.wild.test", LARGE.name, "chain.test"],
  more: Object.values(resolver).flatMap((each) => ["--resolver", each]),
};
const SCRIPT = new URL("./dns_stream.py", import.meta.url);

const FROM: readonly { side: Side; server: string }[] = [
  { side: "run", server: resolver.ipv4 },
  { side: "run", server: resolver.ipv6 },
  { side: "box", server: resolver.ipv4 },
  { side: "box", server: resolver.ipv6 },
];

/** How a client cuts what it sends, as the script says. */
const HOWS = ["at_once", "bytes", "halves", "nagle", "late", "many"] as const;

for (const { side, server } of FROM) {
  for (const egress of ["block", "audit"] as const) {
    Deno.test(`${egress} answers ${side}'s questions to ${server} over TCP, however they are cut`, async () => {
      await using lab = await Lab.up({ container: true });
      const guard = await Guarding.arm(lab, { egress, ...FLAGS });
      const stdin = await Deno.readTextFile(SCRIPT);
      for (const how of HOWS) {
        const script = ["/usr/bin/python3", "-I", "-", how, server];
        const { code, stdout, stderr } = await lab.in(side, script, { stdin });
        assert.equal(code, 0, `${how}: ${stderr}`);
        const lines = stdout.trim().split("\n").map((line) =>
          line.split(" ").map(Number)
        ).sort(([a], [b]) => a! - b!);
        const expected = how === "many"
          ? Array.from({ length: 90 }, (_, id) => [id, 0, 1])
          : [[0, 0, 1], [1, 0, LARGE.count], [2, 0, 1]];
        assert.deepEqual(lines, expected, how);
      }
      const asked = HOWS.length + 1;
      const [first] = await guard.waitFor({
        kind: "dns",
        name: "allowed.test",
        protocol: "tcp",
      }, asked - 2);
      assert.equal(first?.decision, "allow");
      assert.ok(first.kind === "dns");
      assert.deepEqual(first.answers, ["203.0.113.10"]);
      const denied = await guard.verdicts();
      assert.ok(denied.every(({ decision }) => decision === "allow"));
    });
  }
}

for (const { side, server } of FROM) {
  Deno.test(`block opens ${side} what ${server} answers over TCP`, async () => {
    await using lab = await Lab.up({ container: true });
    const probe = await Probe.compile(lab);
    await Guarding.arm(lab, { egress: "block", ...FLAGS });
    const early = await probe.one(side, "wait 1000 tcp 203.0.113.10 443");
    assert.notEqual(early.result, "ok");
    const dig = await lab.in(side, [
      ...["dig", `@${server}`, "+tcp", "+keepopen", "+short"],
      ...["allowed.test", "A", "allowed.test", "AAAA", LARGE.name, "A"],
    ]);
    const lines = dig.stdout.trim().split("\n");
    assert.equal(lines.length, 2 + LARGE.count, dig.stdout);
    for (const address of lines.slice(0, 2)) {
      const { result } = await probe.one(side, `tcp ${address} 443`);
      assert.equal(result, "ok", address);
    }
  });

  Deno.test(`block lets ${side} come back over TCP for what ${server} cut short`, async () => {
    await using lab = await Lab.up({ container: true });
    const guard = await Guarding.arm(lab, { egress: "block", ...FLAGS });
    const { stdout } = await lab.in(side, ["dig", `@${server}`, LARGE.name]);
    assert.match(stdout, /retrying in TCP mode/);
    assert.match(stdout, new RegExp(`ANSWER: ${LARGE.count},`));
    const { length } = await guard.waitFor(
      { kind: "dns", name: LARGE.name },
      2,
    );
    assert.equal(length, 2);
  });
}

Deno.test("block serves a client that asks over TCP alone, and refuses it at once", async () => {
  await using lab = await Lab.up();
  const flags: GuardFlags = { egress: "block", ...FLAGS };
  await Guarding.arm(lab, flags);
  const file = `${lab.directory}/resolv.conf`;
  await Deno.writeTextFile(
    file,
    `nameserver ${resolver.ipv4}\noptions use-vc\n`,
  );
  const ask = (name: string) =>
    lab.in("run", [
      ...["unshare", "-m", "sh", "-ec"],
      `mount --bind ${file} /etc/resolv.conf; exec getent ahosts ${name}`,
    ]);
  const found = await ask("chain.test");
  assert.match(found.stdout, /^203\.0\.113\.20 /m);
  const refused = await ask("evil.test");
  assert.equal(refused.code, 2);
  assert.ok(refused.milliseconds < 2_000, `${refused.milliseconds} ms`);
});

Deno.test("run answers a command's questions over TCP, and refuses the others", async () => {
  await using lab = await Lab.up();
  const lines = [
    `dig ${LARGE.name} | grep ANSWER:`,
    "dig +tcp +short allowed.test",
    "dig +tcp +tries=1 evil.test",
    "curl -sS https://allowed.test/ -o /dev/null && echo fetched",
  ];
  const { stdout } = await runGuarded(lab, {
    command: ["sh", "-c", lines.join("; ")],
    allow: ["allowed.test", LARGE.name],
  });
  assert.match(stdout, new RegExp(`ANSWER: ${LARGE.count},`));
  assert.match(stdout, /^203\.0\.113\.10$/m);
  assert.match(stdout, /connection reset/);
  assert.match(stdout, /fetched$/m);
  const names = (await lab.resolver.queries()).map(({ name }) => name);
  assert.ok(!names.includes("evil.test"));
});

for (const { side, server } of FROM) {
  Deno.test(`block lets no ECH come to ${side} from ${server} over TCP, at once`, async () => {
    await using lab = await Lab.up({ container: true });
    const ask = async () => {
      const dig = ["dig", `@${server}`, "+tcp", "+tries=1", "+time=20"];
      const all = [...dig, "+keepopen", RECORDS.ech, "TYPE65", "allowed.test"];
      const { code, stdout } = await lab.in(side, all);
      assert.equal(code, 0, stdout);
      assert.match(stdout, /203\.0\.113\.10\b/);
      return stdout;
    };
    assert.match(await ask(), /(?:ech=|FE0D)/i);
    await Guarding.arm(lab, {
      ...FLAGS,
      egress: "block",
      allow: [...FLAGS.allow, RECORDS.ech],
    });
    const held = await ask();
    assert.doesNotMatch(held, /ech=|FE0D/i);
    assert.doesNotMatch(held, /\sHTTPS\s+(?:1|\\#)|\sTYPE65\s+\\#/);
    assert.match(held, /TYPE65280\s+\\# \d+ [0 ]+\n/);
    assert.doesNotMatch(held, /retrying|timed out|reset|failed/);
  });
}

for (const side of ["run", "box"] as const) {
  Deno.test(`block resets ${side} at once where ECH comes in pieces`, async () => {
    await using lab = await Lab.up({ container: true });
    const stdin = await Deno.readTextFile(
      new URL("./ech_stream.py", import.meta.url),
    );
    const script = (how: string) => [
      ...["/usr/bin/python3", "-I", "-", how, "203.0.113.10"],
    ];
    await using server = lab.spawn("out", script("serve"), { stdin });
    await server.waitFor("ready");
    const ask = async (how: string) =>
      (await lab.in(side, script(how), { stdin })).stdout;
    assert.match(await ask("ask"), /^answered .*fe0d/);
    await Guarding.arm(lab, {
      ...{ egress: "block", allow: [RECORDS.ech] },
      more: ["--resolver", "203.0.113.10"],
    });
    const inPieces = await ask("ask");
    assert.match(inPieces, /^reset /);
    assert.doesNotMatch(inPieces, /fe0d/);
    const whole = await ask("ask_whole");
    assert.match(whole, /^answered .*ff0000010000003c000b0{22}$/m);
  });
}
