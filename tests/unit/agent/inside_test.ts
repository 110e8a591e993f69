import assert from "node:assert/strict";
import { formatAddress, parseAddress } from "../../../agent/decode/address.ts";
import { HOOK } from "../../../agent/decode/nfqueue.ts";
import { PROTOCOL } from "../../../agent/decode/packet.ts";
import { MARK, slotOf } from "../../../agent/enforce/marks.ts";
import { Inside, type Place } from "../../../agent/inside.ts";
import type { Seen } from "../../../agent/outcome.ts";

const NOW_MS = 4_711;
const { allowMark } = slotOf(3);

/** A way out, and two bridges with the containers behind them. */
const [OUT, BRIDGE, OTHER] = [2, 3, 4];
const BEHIND: ReadonlyMap<number, readonly string[]> = new Map([
  [BRIDGE, ["198.51.100.2", "198.51.100.3", "2001:db8:1::2"]],
  [OTHER, ["203.0.113.2"]],
]);

/** Of the machine, and of somebody who is not on it. */
const [OWN, FAR, FAR_V6] = ["192.0.2.1", "192.0.2.66", "2001:db8:9::1"];
const [FIRST, SECOND, FIRST_V6, THIRD] = [
  ...BEHIND.get(BRIDGE)!,
  ...BEHIND.get(OTHER)!,
] as [string, string, string, string];

/** The namespace of the table above. */
const INTERFACES = {
  isInternal(index: number, nowMs: number): boolean {
    assert.equal(nowMs, NOW_MS);
    return BEHIND.has(index);
  },
  isBehind(
    index: number,
    { address, nowMs }: { address: Uint8Array; nowMs: number },
  ): boolean {
    assert.equal(nowMs, NOW_MS);
    return BEHIND.get(index)?.includes(formatAddress(address)) ?? false;
  },
};

interface Way {
  readonly hook: keyof typeof HOOK;
  /** Interfaces it comes in and leaves by; 0 for none. */
  readonly by: readonly [number, number];
  readonly source: string;
  readonly destination: string;
  readonly protocol?: number;
  readonly sourcePort?: number;
}

const OUTSIDE: Place = { kind: "outside" };
const FORGED: Place = { kind: "forged" };
const ALLOWED: Place = { kind: "inside", mark: allowMark };
const PASSED: Place = { kind: "inside", mark: MARK.PASS };

/** What this machine sends itself. */
function sent(destination: string, by = BRIDGE): Way {
  return { hook: "LOCAL_OUT", by: [0, by], source: OWN, destination };
}

/** What is forwarded. */
function forwarded(
  [inInterface, source]: readonly [number, string],
  [outInterface, destination]: readonly [number, string],
): Way {
  const by = [inInterface, outInterface] as const;
  return { hook: "FORWARD", by, source, destination };
}

const PLACES: readonly { name: string; way: Way; place: Place }[] = [
  { name: "to somebody outside", way: sent(FAR, OUT), place: OUTSIDE },
  { name: "to a container", way: sent(FIRST), place: ALLOWED },
  { name: "to a container by IPv6", way: sent(FIRST_V6), place: ALLOWED },
  {
    name: "to somebody outside by a bridge it is bound to",
    way: sent(FAR),
    place: OUTSIDE,
  },
  {
    name: "to another bridge's container by a bridge it is bound to",
    way: sent(THIRD),
    place: OUTSIDE,
  },
  {
    name: "to a container's address by the way out",
    way: sent(FIRST, OUT),
    place: OUTSIDE,
  },
  { name: "to no interface", way: sent(FIRST, 0), place: OUTSIDE },
  { name: "to a group by a bridge", way: sent("224.0.0.251"), place: OUTSIDE },
  {
    name: "to everybody by a bridge",
    way: sent("255.255.255.255"),
    place: OUTSIDE,
  },
  { name: "to a neighbour by a bridge", way: sent("fe80::2"), place: OUTSIDE },
  {
    name: "to a container from port 53, over UDP",
    way: { ...sent(FIRST), protocol: PROTOCOL.UDP, sourcePort: 53 },
    place: PASSED,
  },
  {
    name: "to a container from port 53, over TCP",
    way: { ...sent(FIRST), sourcePort: 53 },
    place: ALLOWED,
  },
  {
    name: "to a container from another port, over UDP",
    way: { ...sent(FIRST), protocol: PROTOCOL.UDP, sourcePort: 54 },
    place: ALLOWED,
  },
  {
    name: "to a container as a neighbour's advertisement",
    way: { ...sent(FIRST_V6), protocol: PROTOCOL.ICMPV6 },
    place: PASSED,
  },
  {
    name: "to a container as an echo request",
    way: { ...sent(FIRST), protocol: PROTOCOL.ICMP },
    place: ALLOWED,
  },
  {
    name: "from a container to somebody outside",
    way: forwarded([BRIDGE, FIRST], [OUT, FAR]),
    place: OUTSIDE,
  },
  {
    name: "from a container to its neighbour",
    way: forwarded([BRIDGE, FIRST], [BRIDGE, SECOND]),
    place: ALLOWED,
  },
  {
    name: "from a container to another bridge's",
    way: forwarded([BRIDGE, FIRST], [OTHER, THIRD]),
    place: ALLOWED,
  },
  {
    name: "from a container to its neighbour, answering a query",
    way: {
      ...forwarded([BRIDGE, FIRST], [BRIDGE, SECOND]),
      protocol: PROTOCOL.UDP,
      sourcePort: 53,
    },
    place: PASSED,
  },
  {
    name:
      "from a container to somebody outside who is said to be behind a bridge",
    way: forwarded([BRIDGE, FIRST], [OTHER, FAR]),
    place: OUTSIDE,
  },
  ...["224.0.0.251", "255.255.255.255", "169.254.7.7", "ff02::1", "fe80::2"]
    .flatMap((group) => [
      {
        name: `from a container to ${group} on its bridge`,
        way: forwarded([BRIDGE, FIRST], [BRIDGE, group]),
        place: PASSED,
      },
      {
        name: `from a container to ${group} on another bridge`,
        way: forwarded([BRIDGE, FIRST], [OTHER, group]),
        place: OUTSIDE,
      },
      {
        name: `from outside to ${group} on the way out`,
        way: forwarded([OUT, FAR], [OUT, group]),
        place: OUTSIDE,
      },
    ]),
  {
    name: "from outside to a container",
    way: forwarded([OUT, FAR], [BRIDGE, FIRST]),
    place: PASSED,
  },
  {
    name: "from outside in a container's name to a container",
    way: forwarded([OUT, FIRST], [BRIDGE, SECOND]),
    place: PASSED,
  },
  {
    name: "from outside to outside",
    way: forwarded([OUT, FAR], [OUT, OWN]),
    place: OUTSIDE,
  },
];

/** Who must not be written as a source behind the first bridge. */
const STRANGERS = [FAR, FAR_V6, OWN, THIRD, "127.0.0.1", "::1"];

for (const source of STRANGERS) {
  for (
    const [outInterface, destination] of [
      ...[[OUT, FAR], [BRIDGE, SECOND], [OTHER, THIRD]] as const,
      ...[[BRIDGE, "224.0.0.251"], [BRIDGE, "ff02::1"]] as const,
    ]
  ) {
    const way = forwarded([BRIDGE, source], [outInterface, destination]);
    const to = `${destination} by ${outInterface}`;
    Deno.test(`Inside calls a container's packet from ${source} to ${to} forged`, () => {
      assert.deepEqual(insideOf().placeOf(seenOf(way)), FORGED);
    });
  }
  Deno.test(`Inside calls a container's packet from ${source} forged when it comes in`, () => {
    assert.equal(insideOf().isForged(arrival(BRIDGE, source)), true);
  });
  Deno.test(`Inside leaves ${source} alone that comes in from outside`, () => {
    assert.equal(insideOf().isForged(arrival(OUT, source)), false);
    assert.equal(insideOf().isForged(arrival(0, source)), false);
  });
}

for (const { name, way, place } of PLACES) {
  const verb = way.hook === "FORWARD" ? "forwards" : "sends";
  Deno.test(`Inside knows the place of what the machine ${verb} ${name}`, () => {
    assert.deepEqual(insideOf().placeOf(seenOf(way)), place);
  });
}

/** A container's own addresses, and those that mean its link only. */
const HONEST = [
  ...[FIRST, SECOND, FIRST_V6, "0.0.0.0", "::", "169.254.7.7", "fe80::2"],
  "febf:ffff::1",
];

for (const source of HONEST) {
  Deno.test(`Inside believes a container that it is ${source}`, () => {
    assert.equal(insideOf().isForged(arrival(BRIDGE, source)), false);
  });
}

// The neighbours of link-local networks, on both sides of each.
for (const source of ["169.253.255.255", "169.255.0.0", "fec0::1", "fe7f::1"]) {
  Deno.test(`Inside does not take ${source} for link-local`, () => {
    assert.equal(insideOf().isForged(arrival(BRIDGE, source)), true);
  });
}

function insideOf(): Inside {
  return new Inside(INTERFACES, allowMark);
}

/** A packet of a container's, or of somebody outside, on its way in. */
function arrival(inInterface: number, source: string): Seen {
  const by = [inInterface, 0] as const;
  return seenOf({ hook: "PRE_ROUTING", by, source, destination: OWN });
}

function seenOf(way: Way): Seen {
  const { hook, by, protocol = PROTOCOL.TCP, sourcePort = 40_000 } = way;
  const source = parseAddress(way.source)!;
  return {
    queued: {
      queue: 0,
      id: 0,
      hook: HOOK[hook],
      hardwareProtocol: source.length === 4 ? 0x0800 : 0x86dd,
      mark: 0,
      inInterface: by[0],
      outInterface: by[1],
      inPort: 0,
      hardwareAddress: 0,
      uid: null,
      gid: null,
      payload: new Uint8Array(0),
      originalBytes: 0,
    },
    packet: {
      version: source.length === 4 ? 4 : 6,
      source,
      destination: parseAddress(way.destination)!,
      protocol,
      fragment: false,
      optionsBytes: 0,
      sourcePort,
      destinationPort: 443,
      tcpFlags: 0,
      tcpSequence: 0,
      tcpAcknowledgment: 0,
      payload: new Uint8Array(0),
    },
    nowMs: NOW_MS,
  };
}
