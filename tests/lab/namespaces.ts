/**
 * The namespaces, their wires and their addresses.
 *
 * @module
 */
import { LabProcess, runOrThrow } from "./command.ts";
import {
  ADDRESSES,
  type AddressPair,
  ATTACKER,
  INTERFACES,
  NETWORKS,
  type Side,
  SINK,
  SITES,
  WILDCARD,
} from "./topology.ts";

const EVERYWHERE: AddressPair = { ipv4: "0.0.0.0/0", ipv6: "::/0" };

/** What makes IPv6 usable at once and keeps router advertisements away. */
const SYSCTLS_ALL = [
  "ipv6/conf/all/disable_ipv6=0",
  "ipv6/conf/default/disable_ipv6=0",
  "ipv6/conf/default/accept_dad=0",
  "ipv6/conf/default/dad_transmits=0",
  "ipv6/conf/default/accept_ra=0",
  "ipv6/conf/default/router_solicitations=0",
];

const SYSCTLS: Readonly<Record<Side, readonly string[]>> = {
  run: [
    "ipv4/ip_forward=1",
    "ipv6/conf/all/forwarding=1",
    // Any user may send ICMP echo, as on a desktop.
    "ipv4/ping_group_range=0 2147483647",
  ],
  out: ["ipv4/ip_forward=1", "ipv6/conf/all/forwarding=1"],
  box: ["ipv4/ping_group_range=0 2147483647"],
};

// `ip netns exec` would mount a fresh /sys, and with it hide cgroup v2, which
// the program under test needs. So each namespace has one process that keeps a
// mount namespace with the resolv.conf in place, and commands join that.
const HOLDER_SCRIPT = `
resolv=$0
for setting in "$@"; do
  printf '%s\\n' "\${setting#*=}" > "/proc/sys/net/\${setting%%=*}" || exit 1
done
mount --bind "$resolv" /etc/resolv.conf || exit 1
echo held
exec sleep infinity
`;

/**
 * The network namespace's name, as `ip netns` knows it.
 *
 * @param prefix The lab's own.
 * @param side Which of its namespaces.
 */
export function namespaceName(prefix: string, side: Side): string {
  return `${prefix}-${side}`;
}

/**
 * Makes the namespaces, connects them, and holds each open.
 *
 * @param prefix The lab's own.
 * @param sides Which of its namespaces; `run` and `out` at least.
 * @returns One process per side whose namespaces commands join.
 * @throws {Error} When the kernel or `ip` refuses.
 */
export async function makeNamespaces(
  prefix: string,
  sides: readonly Side[],
): Promise<Map<Side, LabProcess>> {
  await Promise.all(sides.map((side) => writeResolvConf(prefix, side)));
  await runBatch([], sides.map((s) => `netns add ${namespaceName(prefix, s)}`));
  const holders = new Map<Side, LabProcess>();
  for (const side of sides) holders.set(side, holdNamespace(prefix, side));
  for (const holder of holders.values()) await holder.waitFor("held");

  await runBatch(["-n", namespaceName(prefix, "out")], outCommands(prefix));
  await runBatch(["-n", namespaceName(prefix, "run")], runCommands());
  if (sides.includes("box")) {
    const run = ["-n", namespaceName(prefix, "run")];
    await runBatch(run, bridgeCommands(prefix));
    await runBatch(["-n", namespaceName(prefix, "box")], boxCommands());
  }
  return holders;
}

/**
 * The command that runs another inside a namespace, without a shell.
 *
 * @param holderPid The process from {@linkcode makeNamespaces}.
 * @param cwd Directory the program starts in.
 */
export function enterArgs(holderPid: number, cwd: string): string[] {
  const target = ["--target", String(holderPid), "--net", "--mount"];
  // Joining a mount namespace changes the working directory to its root.
  return ["nsenter", ...target, "--", "env", "-C", cwd];
}

function holdNamespace(prefix: string, side: Side): LabProcess {
  const name = namespaceName(prefix, side);
  return new LabProcess([
    "nsenter",
    `--net=/run/netns/${name}`,
    "unshare",
    "--mount",
    "--propagation=slave",
    "sh",
    "-c",
    HOLDER_SCRIPT,
    `/etc/netns/${name}/resolv.conf`,
    ...SYSCTLS_ALL,
    ...SYSCTLS[side],
  ]);
}

/** Where `ip netns exec`, for a person's own commands, looks for it too. */
async function writeResolvConf(prefix: string, side: Side): Promise<void> {
  const directory = `/etc/netns/${namespaceName(prefix, side)}`;
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(
    `${directory}/resolv.conf`,
    `nameserver ${ADDRESSES.resolver.ipv4}\noptions timeout:2 attempts:1\n`,
  );
}

function outCommands(prefix: string): string[] {
  const { edge, uplink, sites } = INTERFACES;
  const run = namespaceName(prefix, "run");
  const pairs = [...SITES, WILDCARD, ATTACKER].flatMap((s) => s.addresses);
  return [
    "link set lo up",
    // The kernel (net/core/link_watch.c) is in no hurry with a link whose index
    // equals its peer's, as the first ones of two new namespaces do: for up to a
    // second nobody would answer for an IPv6 address.
    `link add name ${edge} index 100 type veth ` +
    `peer name ${uplink} netns ${run}`,
    ...addresses(edge, ADDRESSES.gateway, { ipv4: "24", ipv6: "64" }),
    ...addresses(edge, ADDRESSES.resolver, { ipv4: "24", ipv6: "64" }),
    ...unique(pairs).flatMap((pair) =>
      addresses(sites, pair, { ipv4: "32", ipv6: "128" })
    ),
    `link set ${edge} up`,
    ...routes(NETWORKS.box, ADDRESSES.run),
    // The link address is nobody's: what is sent there ends on the wire.
    `neigh add ${SINK.address} lladdr 02:00:00:00:00:fe dev ${edge} nud permanent`,
  ];
}

function runCommands(): string[] {
  const { uplink } = INTERFACES;
  return [
    "link set lo up",
    ...addresses(uplink, ADDRESSES.run, { ipv4: "24", ipv6: "64" }),
    `link set ${uplink} up`,
    ...routes(EVERYWHERE, ADDRESSES.gateway),
  ];
}

function bridgeCommands(prefix: string): string[] {
  const { bridge, port, box } = INTERFACES;
  return [
    `link add name ${bridge} type bridge`,
    `link add name ${port} type veth peer name ${box} netns ` +
    namespaceName(prefix, "box"),
    ...addresses(bridge, ADDRESSES.bridge, { ipv4: "25", ipv6: "64" }),
    `link set ${port} master ${bridge} up`,
    `link set ${bridge} up`,
  ];
}

function boxCommands(): string[] {
  return [
    "link set lo up",
    ...addresses(INTERFACES.box, ADDRESSES.box, { ipv4: "25", ipv6: "64" }),
    `link set ${INTERFACES.box} up`,
    ...routes(EVERYWHERE, ADDRESSES.bridge),
  ];
}

function addresses(
  device: string,
  pair: AddressPair,
  prefixBits: AddressPair,
): string[] {
  return [
    `addr add ${pair.ipv4}/${prefixBits.ipv4} dev ${device}`,
    `addr add ${pair.ipv6}/${prefixBits.ipv6} dev ${device} nodad`,
  ];
}

function routes(network: AddressPair, via: AddressPair): string[] {
  return [
    `route add ${network.ipv4} via ${via.ipv4}`,
    `route add ${network.ipv6} via ${via.ipv6}`,
  ];
}

/** Sites may share an address, which can be added only once. */
function unique(pairs: readonly AddressPair[]): AddressPair[] {
  return [...new Map(pairs.map((pair) => [pair.ipv4, pair])).values()];
}

async function runBatch(
  options: readonly string[],
  commands: readonly string[],
): Promise<void> {
  await runOrThrow(["ip", ...options, "-batch", "-"], {
    stdin: commands.map((command) => `${command}\n`).join(""),
  });
}
