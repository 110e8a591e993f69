/** A packet's mark that somebody else set stays with it through the queue. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES } from "../../lab/topology.ts";
import { Guarding } from "../guarding.ts";
import { assertRefused, encodeQuery, Probe } from "../probing.ts";
import { prepare } from "./attack.ts";

const { gateway, resolver, attacker } = ADDRESSES;
/** All bits but the nibble that is ours. */
const OTHERS = "0x0fffffff";
const QUERY = encodeQuery({ name: "allowed.test" });
const FLAGS = {
  egress: "block",
  allow: [
    "allowed.test",
    "203.0.113.10",
    "203.0.113.10:7/udp",
    "[2001:db8:2::10]:443",
    "[2001:db8:2::10]:7/udp",
  ],
} as const;

const MARKS = ["0x1", "0x00080000", OTHERS];

const FLOWS: readonly { name: string; way: string; to: string }[] = [
  { name: "TCP over IPv4", way: "tcp 203.0.113.10 443", to: "203.0.113.10" },
  {
    name: "UDP over IPv4",
    way: "udp 203.0.113.10 7 70696e67",
    to: "203.0.113.10",
  },
  {
    name: "TCP over IPv6",
    way: "tcp 2001:db8:2::10 443",
    to: "2001:db8:2::10",
  },
  {
    name: "UDP over IPv6",
    way: "udp 2001:db8:2::10 7 70696e67",
    to: "2001:db8:2::10",
  },
  {
    name: "DNS",
    way: `udp ${resolver.ipv4} 53 ${QUERY}`,
    to: resolver.ipv4,
  },
];

for (const mark of MARKS) {
  for (const { name, way, to } of FLOWS) {
    Deno.test(`block keeps ${mark} on an allowed flow that is routed by it: ${name}`, async () => {
      await using lab = await Lab.up();
      const probe = await Probe.compile(lab);
      await prepare(lab, routeByMark(to, mark));
      // Only with the mark there is a way, and only on it all bits are counted.
      assert.equal((await probe.one("run", way)).result, "EHOSTUNREACH");
      assert.equal(isOk(await probe.one("run", `mark ${mark} ${way}`)), true);
      await prepare(lab, countMarked(to, mark));

      await Guarding.arm(lab, FLAGS);
      const { result } = await probe.one("run", `mark ${mark} ${way}`);
      assert.equal(isOk({ result }), true, result);
      assert.deepEqual(await counted(lab, to), { marked: true, other: false });
      assert.equal((await probe.one("run", way)).result, "EHOSTUNREACH");
      await using capture = await lab.capture(`host ${attacker.ipv4}`);
      assertRefused(
        await probe.one("run", `mark ${mark} tcp ${attacker.ipv4} 443 stolen`),
      );
      assert.deepEqual(await capture.stop(), []);
    });
  }
}

function isOk({ result }: { readonly result: string }): boolean {
  return result === "ok" || result === "answered";
}

/** To one address only with a mark; the rest of the nibble may be ours. */
function routeByMark(address: string, mark: string): string {
  const isIpv4 = !address.includes(":");
  const [ip, bits, via] = isIpv4
    ? ["ip", 32, address === resolver.ipv4 ? "" : `via ${gateway.ipv4}`]
    : ["ip -6", 128, `via ${gateway.ipv6}`];
  return `
    ${ip} route add unreachable ${address}/${bits} metric 1
    ${ip} route add ${address}/${bits} ${via} dev eth0 table 100
    ${ip} rule add fwmark ${mark}/${OTHERS} lookup 100
  `;
}

function countMarked(address: string, mark: string): string {
  const tool = toolOf(address);
  const rule = `${tool} -t mangle -A POSTROUTING -d ${address} -m mark`;
  return `
    ${rule} --mark ${mark}/${OTHERS}
    ${rule} ! --mark ${mark}/${OTHERS}
  `;
}

async function counted(
  lab: Lab,
  address: string,
): Promise<{ marked: boolean; other: boolean }> {
  const list = [toolOf(address), "-t", "mangle", "-nvxL", "POSTROUTING"];
  const { stdout } = await lab.in("run", list);
  const [marked, other] = stdout.trim().split("\n").slice(2)
    .map((line) => Number(line.trim().split(/\s+/)[0]) > 0);
  assert.ok(marked !== undefined && other !== undefined, stdout);
  return { marked, other };
}

function toolOf(address: string): string {
  return address.includes(":") ? "ip6tables" : "iptables";
}
