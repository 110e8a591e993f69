/**
 * Refusals that need no look at the sender.
 *
 * @module
 */
import type { Decision } from "./decide/decision.ts";
import { isDhcp } from "./decide/dhcp.ts";
import { decideFlow } from "./decide/flow.ts";
import type { CompiledPolicy } from "./decide/match.ts";
import type { NameTable } from "./decide/names.ts";
import { isPlainQuery } from "./decide/plain_query.ts";
import { decideQuery } from "./decide/query.ts";
import { formatAddress } from "./decode/address.ts";
import { decodeDns } from "./decode/dns.ts";
import { HOOK } from "./decode/nfqueue.ts";
import { PROTOCOL } from "./decode/packet.ts";
import { flowKey } from "./flow_key.ts";
import { isMarkedForged, type Place } from "./inside.ts";
import type { Seen } from "./outcome.ts";
import { isMarkedOpen } from "./watched_datagrams.ts";

const DNS_PORT = 53;
/** Not even the runner, who may do more than others, would be let out. */
const ANYBODY = { exe: null, step: null, isRunner: true } as const;

/** What a glance goes by; all of it is borrowed. */
export interface GlanceWorld {
  readonly policy: CompiledPolicy;
  /** Whether an entry is for certain senders only. */
  readonly isScoped: boolean;
  readonly names: NameTable;
  readonly resolvers: ReadonlySet<string>;
  readonly probeName: string;
  readonly dnsQueue: number;
  /** Flows that live on, as {@linkcode flowKey} writes them. */
  readonly openFlows: ReadonlySet<string>;
  readonly placeOf: (seen: Seen) => Place;
  /** Whether something is known of a flow already. */
  readonly isWatched: (key: string) => boolean;
}

/**
 * Whether a packet is refused whoever sent it, at the price of a look into
 * tables. False when that takes a closer look; nothing is changed by asking.
 */
export function isRefusedAtAGlance(seen: Seen, world: GlanceWorld): boolean {
  const { queued, packet } = seen;
  const { hook } = queued;
  if (hook !== HOOK.LOCAL_OUT && hook !== HOOK.FORWARD) return false;
  const { protocol, destination, destinationPort, fragment } = packet;
  // Whoever forges a source is refused in silence.
  if (fragment || isMarkedForged(queued)) return false;
  // What was let go lives on when its name does not.
  if (isMarkedOpen(queued.mark)) return false;
  if (destinationPort !== DNS_PORT) {
    return world.placeOf(seen).kind === "outside" && isFlowRefused(seen, world);
  }
  // What DNS over TCP comes to is not decided by where it goes alone.
  if (protocol !== PROTOCOL.UDP || queued.queue !== world.dnsQueue) {
    return false;
  }
  const isAsked = world.resolvers.has(formatAddress(destination)) ||
    world.placeOf(seen).kind === "outside";
  return isAsked && isQueryRefused(seen, world);
}

function isFlowRefused(seen: Seen, world: GlanceWorld): boolean {
  const { queued, packet, nowMs } = seen;
  const { protocol, destination, destinationPort: port } = packet;
  if (isDhcp(packet, queued.uid)) return false;
  const flow = { protocol, destination, port, sender: ANYBODY };
  const decision = decideFlow(flow, { ...world, nowMs });
  if (!isForAnybody(decision, world)) return false;
  const key = flowKey(packet);
  return !world.isWatched(key) && !world.openFlows.has(key);
}

function isQueryRefused(seen: Seen, world: GlanceWorld): boolean {
  const { packet, nowMs } = seen;
  const { destination: server } = packet;
  const decoded = decodeDns(packet.payload);
  if (!decoded.ok || !isPlainQuery(decoded.value)) return false;
  const { name, type } = decoded.value.questions[0]!;
  if (name === world.probeName) return false;
  const query = { name, type, server, sender: ANYBODY };
  return isForAnybody(decideQuery(query, { ...world, nowMs }), world);
}

function isForAnybody(
  decision: Decision,
  { isScoped }: GlanceWorld,
): boolean {
  const { enforced, why } = decision;
  if (decision.decision === "allow" || !enforced) return false;
  // A deny entry for certain senders is held against one who is not known.
  return why !== "process_not_allowed" &&
    (why !== "denied_by_rule" || !isScoped);
}
