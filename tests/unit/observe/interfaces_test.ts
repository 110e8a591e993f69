import assert from "node:assert/strict";
import { Interfaces } from "../../../agent/observe/interfaces.ts";
import { Libc } from "../../../ffi/libc.ts";
import { OwnNetwork } from "../../own_network.ts";
import { indexOf, NETWORK } from "./sockets.ts";

/** A bridge as Docker makes it; a veth pair has its other end elsewhere. */
const BRIDGE = [
  ...NETWORK,
  "link add name inner type bridge",
  "link add name port type veth peer name box",
  "link set port master inner",
  "link set port up",
  "link set box up",
  "link set inner up",
  "addr add 198.51.100.1/24 dev inner",
  "addr add 2001:db8:1::1/64 dev inner nodad",
];

const ROWS: readonly {
  name: string;
  commands: readonly string[];
  device: string;
  internal: boolean;
}[] = [
  {
    name: "a bridge whose only port leads to a container",
    commands: BRIDGE,
    device: "inner",
    internal: true,
  },
  {
    name: "a bridge without ports",
    commands: ["link add name inner type bridge"],
    device: "inner",
    internal: true,
  },
  {
    name: "a bridge with a way out by another interface",
    commands: [...BRIDGE, "route add default via 192.0.2.254 dev out0"],
    device: "inner",
    internal: true,
  },
  {
    name: "a bridge with a blackhole for a default route",
    commands: [...BRIDGE, "route add blackhole default"],
    device: "inner",
    internal: true,
  },
  {
    name: "a bridge with a default route behind it",
    commands: [...BRIDGE, "route add default via 198.51.100.254 dev inner"],
    device: "inner",
    internal: false,
  },
  {
    name: "a bridge with an IPv6 default route behind it",
    commands: [...BRIDGE, "route add default via 2001:db8:1::fe dev inner"],
    device: "inner",
    internal: false,
  },
  {
    name: "a bridge with one of two default routes behind it",
    commands: [
      ...BRIDGE,
      "route add default nexthop via 192.0.2.254 dev out0 " +
      "nexthop via 198.51.100.254 dev inner",
    ],
    device: "inner",
    internal: false,
  },
  {
    name: "a bridge with a default route in another table",
    commands: [
      ...BRIDGE,
      "route add default via 198.51.100.254 dev inner table 100",
    ],
    device: "inner",
    internal: false,
  },
  {
    name: "a bridge with a port of another kind",
    commands: [
      ...BRIDGE,
      "link add link out0 name wire type macvlan",
      "link set wire master inner",
    ],
    device: "inner",
    internal: false,
  },
  {
    name: "a port of a bridge",
    commands: BRIDGE,
    device: "port",
    internal: false,
  },
  { name: "a veth", commands: BRIDGE, device: "out0", internal: false },
  { name: "the loopback", commands: BRIDGE, device: "lo", internal: false },
  {
    name: "a veth that is called like Docker's bridge",
    commands: ["link add name docker0 type veth peer name x"],
    device: "docker0",
    internal: false,
  },
];

for (const { name, commands, device, internal } of ROWS) {
  Deno.test(`Interfaces calls ${name} ${internal ? "internal" : "a way out"}`, () => {
    using libc = new Libc();
    using network = new OwnNetwork(libc, commands);
    using interfaces = new Interfaces(libc);
    const index = indexOf(network, device);
    assert.equal(interfaces.isInternal(index, 0), internal);
  });
}

Deno.test("Interfaces calls a bridge of virtual machines internal", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc, BRIDGE);
  network.run(["/usr/sbin/ip", "tuntap", "add", "tap0", "mode", "tap"]);
  network.ip(["link set tap0 master inner"]);
  using interfaces = new Interfaces(libc);
  assert.equal(interfaces.isInternal(indexOf(network, "inner"), 0), true);
  assert.equal(interfaces.isInternal(indexOf(network, "tap0"), 0), false);
});

Deno.test("Interfaces calls nothing internal that is not there", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc, BRIDGE);
  using interfaces = new Interfaces(libc);
  for (const index of [0, -1, 4711]) {
    assert.equal(interfaces.isInternal(index, 0), false);
  }
});

Deno.test("Interfaces looks again after a second", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc, BRIDGE);
  using interfaces = new Interfaces(libc);
  const index = indexOf(network, "inner");
  assert.equal(interfaces.isInternal(index, 5_000), true);
  network.ip(["route add default via 198.51.100.254 dev inner"]);
  assert.equal(interfaces.isInternal(index, 6_000), true);
  assert.equal(interfaces.isInternal(index, 6_001), false);
  network.ip(["route del default"]);
  assert.equal(interfaces.isInternal(index, 7_001), false);
  assert.equal(interfaces.isInternal(index, 7_002), true);
});

Deno.test("Interfaces knows more of them than one answer of the kernel's holds", () => {
  using libc = new Libc();
  const pairs = Array.from({ length: 60 }, (_, index) => [
    `link add name p${index} type veth peer name q${index}`,
    `link set p${index} master inner`,
  ]);
  using network = new OwnNetwork(libc, [...BRIDGE, ...pairs.flat()]);
  using interfaces = new Interfaces(libc);
  const index = indexOf(network, "inner");
  assert.equal(interfaces.isInternal(index, 0), true);
  // The last one of all turns it.
  network.ip([
    "link add link out0 name wire type macvlan",
    "link set wire master inner",
  ]);
  assert.equal(interfaces.isInternal(index, 2_000), false);
});
