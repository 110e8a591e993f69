/** Ways round a guard: marks, retries, reused flows, and rules of others. */
import assert from "node:assert/strict";
import type { CapturedPacket } from "../lab/frame.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { Guarding } from "./guarding.ts";
import { assertRefused, encodeQuery, Probe, REFUSALS } from "./probing.ts";

const { resolver, attacker, box } = ADDRESSES;
const STOLEN = "73746f6c656e";
const EVIL = encodeQuery({ name: "stolen.evil.test" });
const ALLOWED = encodeQuery({ name: "allowed.test" });

/** Every value of the nibble that a verdict, or no verdict, can have. */
const MARKS = Array.from(
  { length: 15 },
  (_, at) => `0x${(((at + 1) << 28) >>> 0).toString(16)}`,
);

for (const family of ["ipv4", "ipv6"] as const) {
  Deno.test(`block refuses a process of root's whatever mark it sets over ${family}`, async () => {
    await using lab = await Lab.up();
    const probe = await Probe.compile(lab);
    const address = attacker[family];
    for (const mark of ["0x10000000", "0x20000000"]) {
      await probe.run("run", `mark ${mark} tcp ${address} 4444 stolen`);
    }
    await lab.attacker.waitFor("stolen");
    await Guarding.arm(lab, { egress: "block", allow: ["allowed.test"] });
    await using capture = await lab.capture();
    for (const mark of MARKS) {
      for (
        const way of [
          `tcp ${address} 4444 stolen`,
          `udp ${address} 4444 ${STOLEN}`,
          `udp ${address} 53 ${STOLEN}`,
          `icmp ${address}`,
        ]
      ) {
        assertRefused(await probe.one("run", `mark ${mark} ${way}`));
      }
    }
    assert.deepEqual(towards(await capture.stop(), address), []);
    const fetch = ["curl", "-sS", "https://allowed.test/"];
    assert.equal((await lab.in("run", fetch)).code, 0);
  });
}

for (const side of ["run", "box"] as const) {
  for (const inbound of ["listening", "allow"] as const) {
    Deno.test(`block with inbound: ${inbound} refuses ${side} the same flow however often it is tried`, async () => {
      await using lab = await Lab.up({ container: true });
      const probe = await Probe.compile(lab);
      await liftErrorLimit(lab);
      await probe.run(side, `bind 41000 tcp ${attacker.ipv4} 4444 stolen`);
      await lab.attacker.waitFor("stolen");
      await Guarding.arm(lab, {
        egress: "block",
        more: ["--policy", await writePolicy(lab, inbound)],
      });
      await using capture = await lab.capture();
      for (const address of [attacker.ipv4, attacker.ipv6]) {
        for (
          const way of [
            `tcp ${address} 4444 stolen`,
            `udp ${address} 4444 ${STOLEN}`,
            `udp ${address} 53 ${STOLEN}`,
            `icmp ${address}`,
          ]
        ) {
          const bound = way.startsWith("icmp") ? "" : "bind 41001 ";
          const attempts = await probe.run(side, `${bound}count 5 ${way}`);
          assert.equal(attempts.length, 5);
          attempts.forEach(assertRefused);
        }
      }
      // Our own NXDOMAIN must not make the next question a reply to it.
      const asked = await probe.run(
        side,
        `bind 41002 count 4 udp ${resolver.ipv4} 53 ${EVIL}`,
      );
      for (const { result, ms } of asked) {
        assert.equal(result, "answered");
        assert.ok(ms < 1_000, `${ms} ms`);
      }
      assert.equal(asked.length, 4);
      const sent = await probe.run(
        side,
        `bind 41002 count 2 udp ${resolver.ipv4} 53 ${EVIL} ` +
          `${resolver.ipv4} 53 ${STOLEN}`,
      );
      assert.deepEqual(
        sent.map(({ result }) => REFUSALS.has(result) ? "refused" : result),
        ["answered", "refused", "answered", "refused"],
      );
      assert.deepEqual(await capture.stop(), []);
      const [right] = await probe.run(
        side,
        `bind 41003 udp ${resolver.ipv4} 53 ${ALLOWED}`,
      );
      assert.equal(right?.result, "answered");
    });
  }

  Deno.test(`block judges all that one socket of ${side} sends after an allowed question`, async () => {
    await using lab = await Lab.up({ container: true });
    const probe = await Probe.compile(lab);
    await liftErrorLimit(lab);
    await Guarding.arm(lab, { egress: "block", allow: ["allowed.test"] });
    await using capture = await lab.capture("udp");
    const { ipv4 } = resolver;
    const attempts = await probe.run(
      side,
      `bind 41000 count 3 udp ${ipv4} 53 ${ALLOWED} ${ipv4} 53 ${STOLEN} ` +
        `${ipv4} 53 ${EVIL} ${ipv4} 4444 ${STOLEN} ` +
        `${attacker.ipv4} 53 ${STOLEN} ${attacker.ipv4} 4444 ${STOLEN}`,
    );
    const shut = ["refused", "answered", "refused", "refused", "refused"];
    assert.deepEqual(
      attempts.map(({ result }) => REFUSALS.has(result) ? "refused" : result),
      Array.from({ length: 3 }, () => ["answered", ...shut]).flat(),
    );
    const texts = (await capture.stop()).map(({ text }) => text);
    assert.equal(texts.length, 6);
    assert.ok(texts.every((text) => text.includes("\x07allowed\x04test")));
  });
}

for (const port of [41_000, 53]) {
  Deno.test(`block refuses a container's answer from port ${port} to somebody that root only pretended to be`, async () => {
    await using lab = await Lab.up({ container: true });
    const probe = await Probe.compile(lab);
    const pretend = `forge ${attacker.ipv4} 4444 ${box.ipv4} ${port} ${STOLEN}`;
    const answer = `udp ${attacker.ipv4} 4444 ${STOLEN}`;
    await probe.run("run", pretend);
    await probe.run("box", `bind ${port} wait 100 ${answer}`);
    await lab.attacker.waitFor("stolen");
    await lab.in("run", ["conntrack", "-F"]);
    await Guarding.arm(lab, { egress: "block", allow: ["203.0.113.10"] });
    await using capture = await lab.capture();
    await probe.run("run", pretend);
    assertRefused(await probe.one("box", `bind ${port} ${answer}`));
    assert.deepEqual(await capture.stop(), []);
    const allowed = await probe.one("box", "tcp 203.0.113.10 443");
    assert.equal(allowed.result, "ok");
  });
}

/** Rules as Docker or an administrator may put them in front of ours. */
const INTRUSIONS: readonly { name: string; rules: string[]; open: boolean }[] =
  [
    {
      name: "filter accepts everything first",
      rules: ["-I OUTPUT 1 -j ACCEPT", "-I FORWARD 1 -j ACCEPT"],
      open: true,
    },
    {
      name: "mangle accepts everything first",
      rules: [
        "-t mangle -I OUTPUT 1 -j ACCEPT",
        "-t mangle -I FORWARD 1 -j ACCEPT",
      ],
      open: false,
    },
    {
      name: "mangle marks everything first",
      rules: [
        "-t mangle -I OUTPUT 1 -j MARK --set-mark 0x10000000",
        "-t mangle -I FORWARD 1 -j MARK --set-mark 0x10000000",
      ],
      open: true,
    },
  ];

for (const { name, rules, open } of INTRUSIONS) {
  for (const side of ["run", "box"] as const) {
    Deno.test(`block stays closed to ${side} when ${name}`, async () => {
      await using lab = await Lab.up({ container: true });
      const probe = await Probe.compile(lab);
      await Guarding.arm(lab, { egress: "block", allow: ["203.0.113.10"] });
      for (const rule of rules) {
        for (const tool of ["iptables", "ip6tables"]) {
          const done = await lab.in("run", [tool, ...rule.split(" ")]);
          assert.equal(done.code, 0, done.stderr);
        }
      }
      await using capture = await lab.capture();
      for (const address of [attacker.ipv4, attacker.ipv6]) {
        for (
          const way of [
            `tcp ${address} 4444 stolen`,
            `udp ${address} 4444 ${STOLEN}`,
            `udp ${address} 53 ${STOLEN}`,
            `icmp ${address}`,
          ]
        ) {
          const { result } = await probe.one(side, `wait 200 ${way}`);
          // The last line of defence drops, so silence is right as well.
          assert.ok(REFUSALS.has(result) || result === "silence", result);
        }
      }
      assert.deepEqual(await capture.stop(), []);
      const allowed = await probe.one(side, "wait 500 tcp 203.0.113.10 443");
      assert.equal(allowed.result === "ok", open, allowed.result);
    });
  }
}

/**
 * Lets the kernel tell a container of every refusal: by default it sends six
 * errors in a row to one address and then one a second, icmp(7).
 */
async function liftErrorLimit(lab: Lab): Promise<void> {
  for (const setting of ["ipv4/icmp_ratelimit", "ipv6/icmp/ratelimit"]) {
    const write = ["sh", "-c", `echo 0 > /proc/sys/net/${setting}`];
    const { code, stderr } = await lab.in("run", write);
    assert.equal(code, 0, stderr);
  }
}

function towards(packets: CapturedPacket[], address: string): CapturedPacket[] {
  return packets.filter(({ destination }) => destination === address);
}

async function writePolicy(lab: Lab, inbound: string): Promise<string> {
  const path = `${lab.directory}/policy.yml`;
  const lines = ["version: 1", `inbound: ${inbound}`, "allow: [allowed.test]"];
  await Deno.writeTextFile(path, lines.join("\n"));
  return path;
}
