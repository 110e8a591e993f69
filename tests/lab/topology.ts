/**
 * Where everything in the lab is: names, addresses and ports.
 *
 * Only addresses set aside for documentation are on any wire (RFC 5737,
 * RFC 3849), so a packet that got loose could reach nobody.
 *
 * ```text
 *   box ── br-5f1c0de ┐
 *   192.0.2.2         │
 *                    run ── eth0 ═══════════ edge ── out ── sites
 *                     198.51.100.10   198.51.100.1          203.0.113.0/24
 *                                     198.51.100.53 (resolver)
 * ```
 *
 * @module
 */

/** The guarded side, the internet, and a container behind the guarded side. */
export type Side = "run" | "out" | "box";

/** One address of each family. */
export interface AddressPair {
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Interfaces of the two wires and of the sites. */
export const INTERFACES = {
  /** In `run`: the only way out. */
  uplink: "eth0",
  /** In `out`: the other end of the uplink, where captures are taken. */
  edge: "edge",
  /** In `out`: carries the addresses of all sites; not every kernel has dummy. */
  sites: "lo",
  /** In `run`: named as Docker names a user-defined bridge. */
  bridge: "br-5f1c0de",
  /** In `run`: the bridge's port towards `box`. */
  port: "veth0box",
  /** In `box`: as a container sees it. */
  box: "eth0",
} as const;

/** Addresses that are not sites. */
export const ADDRESSES = {
  run: { ipv4: "198.51.100.10", ipv6: "2001:db8:1::10" },
  gateway: { ipv4: "198.51.100.1", ipv6: "2001:db8:1::1" },
  resolver: { ipv4: "198.51.100.53", ipv6: "2001:db8:1::53" },
  bridge: { ipv4: "192.0.2.1", ipv6: "2001:db8:3::1" },
  box: { ipv4: "192.0.2.2", ipv6: "2001:db8:3::2" },
  attacker: { ipv4: "203.0.113.66", ipv6: "2001:db8:2::66" },
} as const satisfies Record<string, AddressPair>;

/** Networks in CIDR form, for routes and for policies under test. */
export const NETWORKS = {
  sites: { ipv4: "203.0.113.0/24", ipv6: "2001:db8:2::/64" },
  box: { ipv4: "192.0.2.0/25", ipv6: "2001:db8:3::/64" },
} as const satisfies Record<string, AddressPair>;

/** On the uplink's network, at a link address nobody has: it goes nowhere. */
export const SINK = { address: "198.51.100.254", port: 9 } as const;

/** One name whose servers are real. */
export interface Site {
  readonly name: string;
  readonly addresses: readonly AddressPair[];
  /** What the resolver says, when it is not its default of 30 seconds. */
  readonly ttlSeconds?: number;
}

const ALLOWED: AddressPair = site(10);

/**
 * The sites: web servers on 80, 443 and 8443.
 *
 * `shared.test` is another name on `allowed.test`'s addresses, as behind a CDN.
 */
export const SITES: readonly Site[] = [
  { name: "allowed.test", addresses: [ALLOWED] },
  { name: "shared.test", addresses: [ALLOWED] },
  { name: "cdn.test", addresses: [site(20)] },
  { name: "many.test", addresses: [site(31), site(32), site(33), site(34)] },
  { name: "other.test", addresses: [site(50)] },
  { name: "brief.test", addresses: [site(51)], ttlSeconds: 1 },
  // What a runner itself needs is in a fixed list of names.
  { name: "github.com", addresses: [site(60)] },
];

/**
 * Any name below it, at any depth, is answered with this site's addresses; the
 * certificate is good for `x.wild.test` and `x.deep.wild.test`.
 */
export const WILDCARD: Site = { name: "wild.test", addresses: [site(40)] };

/** Names that lead to other names; `chain.test` takes two steps. */
export const ALIASES: readonly { from: string; to: string }[] = [
  { from: "www.allowed.test", to: "allowed.test" },
  { from: "chain.test", to: "link.chain.test" },
  { from: "link.chain.test", to: "cdn.test" },
];

/** Where a stolen secret goes. */
export const ATTACKER: Site = {
  name: "evil.test",
  addresses: [ADDRESSES.attacker],
};

/** A name with more addresses than fit into one UDP answer (1232 bytes). */
export const LARGE = { name: "large.test", count: 120 } as const;

/**
 * A name with a record of each kind that clients ask for. Browsers learn the
 * address of `hinted` from its HTTPS record alone.
 */
export const RECORDS = {
  name: "records.test",
  address: ALLOWED.ipv4,
  text: "v=spf1 -all",
  mail: "mail.records.test",
  service: "_ldap._tcp.records.test",
  hinted: "hinted.test",
  ech: "ech.test",
} as const;

/** Ports the servers listen on. */
export const PORTS = {
  web: [80],
  tls: [443, 8443],
  /** RFC 862: TCP and UDP, on `allowed.test`'s addresses. */
  echo: 7,
  attackerTcp: [80, 443, 4444],
  attackerUdp: [53, 4444],
} as const;

/** The addresses the echo servers listen on. */
export const ECHO: AddressPair = ALLOWED;

function site(host: number): AddressPair {
  return { ipv4: `203.0.113.${host}`, ipv6: `2001:db8:2::${host}` };
}
