/**
 * What a pipeline works with, without a kernel.
 *
 * @module
 */
import { compilePolicy } from "../../agent/decide/match.ts";
import { NameTable } from "../../agent/decide/names.ts";
import { parseAddress } from "../../agent/decode/address.ts";
import { slotOf } from "../../agent/enforce/marks.ts";
import type { RefusedQuery } from "../../agent/enforce/dns_reply.ts";
import type { PipelineWorld } from "../../agent/pipeline.ts";
import { BY_NOBODY } from "../../agent/record/done.ts";
import { NOBODY } from "../../agent/scopes.ts";
import { policyOf } from "../unit/decide/policies.ts";

/** Marks and queues of the guard under test. */
export const SLOT = slotOf(0);

/** What the policy means, for an oracle that does not read policies. */
export const ALLOWED = {
  /** Reached by its name only. */
  name: "allowed.test",
  addresses: ["203.0.113.10", "2001:db8:2::10"],
  tcpPorts: [22, 80, 443],
  udpPorts: [443],
  /** Reached by its address, whatever is said. */
  byAddress: { address: "192.0.2.77", port: 5432 },
} as const;

/** Also at the allowed name's addresses, and not allowed. */
export const SHARED_NAME = "shared.test";
export const RESOLVER = "198.51.100.53";
export const PROBE_NAME = "probe-0123456789abcdef.invalid";
/** An interface that leads to containers, and their network's first bytes. */
export const BRIDGE = { index: 9, network: [172, 20] } as const;

/** What asks the kernel. */
type Borrowed = "attribution" | "refuser" | "interfaces";
type PlainWorld = Omit<PipelineWorld, Borrowed>;

/** A world and what happened in it. */
export interface World {
  readonly world: PipelineWorld;
  /** What was answered in a server's name. */
  readonly refused: RefusedQuery[];
}

const POLICY = compilePolicy(policyOf({
  allow: [
    ...ALLOWED.tcpPorts.map((port) => `${ALLOWED.name}:${port}`),
    ...ALLOWED.udpPorts.map((port) => `${ALLOWED.name}:${port}/udp`),
    `${ALLOWED.byAddress.address}:${ALLOWED.byAddress.port}`,
  ],
}));

/**
 * Makes a world in which nobody sent anything yet.
 *
 * @param host Whether a whole host is guarded.
 */
export function makeWorld(host: boolean): World {
  const names = new NameTable();
  for (const address of ALLOWED.addresses) {
    names.pin(SHARED_NAME, parseAddress(address)!);
    names.pin(ALLOWED.name, parseAddress(address)!);
  }
  const refused: RefusedQuery[] = [];
  const plain: PlainWorld = {
    policy: POLICY,
    names,
    resolvers: new Set([RESOLVER]),
    host,
    isScoped: false,
    asksNames: true,
    hearsAnswers: true,
    allowMark: SLOT.allowMark,
    dnsMark: SLOT.dnsMark,
    dnsQueue: SLOT.dnsQueue,
    probeName: PROBE_NAME,
    openFlows: new Set(),
  };
  const kernel: Record<Borrowed, unknown> = {
    attribution: {
      find: () => null,
      // As if the server had all that the client sent before.
      isSure: () => false,
      senderOf: () => NOBODY,
      describe: () => BY_NOBODY,
      // Nobody knows: what was let through may be lost, and sent again.
      acknowledged: () => null,
    },
    refuser: { refuse: (query: RefusedQuery) => void refused.push(query) },
    interfaces: { isInternal, isBehind },
  };
  // Classes with private members, which nothing here has.
  return { world: { ...plain, ...kernel } as PipelineWorld, refused };
}

function isInternal(index: number): boolean {
  return index === BRIDGE.index;
}

function isBehind(index: number, of: { address: Uint8Array }): boolean {
  return isInternal(index) && isInBridgeNetwork(of.address);
}

/** Whether an address is a container's. */
export function isInBridgeNetwork(address: Uint8Array): boolean {
  return address.length === 4 &&
    BRIDGE.network.every((byte, at) => address[at] === byte);
}
