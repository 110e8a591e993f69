/**
 * The way of one packet: observe -> decode -> decide -> enforce -> record.
 *
 * @module
 */
import type { Owner } from "./attribution.ts";
import type { Decision, Flow } from "./decide/decision.ts";
import { decideFlow } from "./decide/flow.ts";
import { isNameAsked } from "./decide/said_name.ts";
import { formatAddress } from "./decode/address.ts";
import { HOOK, type QueuedPacket } from "./decode/nfqueue.ts";
import { decodePacket, type Packet, PROTOCOL } from "./decode/packet.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import { DnsPipeline, type DnsWorld } from "./dns_pipeline.ts";
import { MARK } from "./enforce/marks.ts";
import { PROBE_ADDRESS } from "./enforce/rule.ts";
import type { Interfaces } from "./observe/interfaces.ts";
import {
  connectionEvent,
  type Ends,
  endsOf,
  unreadEvent,
} from "./connection_event.ts";
import { accept, hold, type Outcome, type Seen } from "./outcome.ts";
import type { ConnectionEvent } from "./record/event.ts";
import { RecentFlows } from "./record/recent.ts";
import { WatchedFlows } from "./watched_flows.ts";

const DNS_PORT = 53;

/** DHCP and DHCPv6, client to server: RFC 2131 4.1, RFC 8415 7.2. */
const DHCP_PORTS: ReadonlyMap<number, number> = new Map([[68, 67], [546, 547]]);
/** Below are system accounts, login.defs(5): root and network managers. */
const FIRST_USER_UID = 1000;

/** What the pipeline works with; all of it is borrowed. */
export interface PipelineWorld extends DnsWorld {
  readonly interfaces: Interfaces;
  /** Whether a whole host is guarded and not one command. */
  readonly host: boolean;
  /** The queue that DNS over UDP comes by. */
  readonly dnsQueue: number;
  /** Flows that live on, as {@linkcode flowKey} writes them. */
  readonly openFlows: ReadonlySet<string>;
}

/** Judges packets, one at a time. */
export class Pipeline {
  readonly #world: PipelineWorld;
  readonly #dns: DnsPipeline;
  readonly #refused = new RecentFlows();
  readonly #watched: WatchedFlows;

  /** @param world Must outlive this object. */
  constructor(world: PipelineWorld) {
    this.#world = world;
    this.#dns = new DnsPipeline(world);
    const { policy, names } = world;
    this.#watched = new WatchedFlows({ policy, names, refused: this.#refused });
  }

  /**
   * Judges one packet.
   *
   * @param queued As the kernel described it; its payload is a view.
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns The verdict, and the events to make before the next packet is
   * received.
   */
  judge(queued: QueuedPacket, nowMs: number): Outcome {
    const decoded = decodePacket(queued.payload);
    if (!decoded.ok) return this.#refuseUnread(queued);
    const seen = { queued, packet: decoded.value, nowMs };
    if (queued.queue === this.#world.dnsQueue) return this.#judgeDns(seen);
    return this.#judgeFlow(seen);
  }

  /** What comes of time passing; Infinity ends all that waits. */
  expire(nowMs: number): Outcome[] {
    return [
      hold(() => this.#dns.expire(nowMs)),
      ...this.#watched.expire(nowMs),
    ];
  }

  #judgeDns(seen: Seen): Outcome {
    const { queued, packet } = seen;
    if (packet.protocol !== PROTOCOL.UDP || packet.fragment) {
      return this.#judgeFlow(seen);
    }
    // The rules bring nothing else from port 53 here but the reply direction
    // of a flow whose query was let out.
    if (packet.destinationPort !== DNS_PORT || queued.hook === HOOK.LOCAL_IN) {
      return this.#dns.judgeAnswer(seen);
    }
    const isResolver = this.#world.resolvers.has(
      formatAddress(packet.destination),
    );
    // A name server in a container is not the way out; as the machine's
    // resolver it is asked for what leaves later.
    if (!isResolver && this.#isInternal(seen)) return this.#judgeFlow(seen);
    return this.#dns.judgeQuery(seen);
  }

  #judgeFlow(seen: Seen): Outcome {
    const { queued, packet, nowMs } = seen;
    if (isProbe(packet.destination)) return accept(MARK.DENY);
    if (this.#isInternal(seen)) return accept(this.#internalMark(seen));
    const watched = this.#watched.size === 0
      ? null
      : this.#watched.judge(flowKey(packet), seen);
    if (watched !== null) return watched;
    const owner = this.#world.attribution.find(queued, packet);
    const flow = flowOf(packet, owner);
    const decision = this.#decide(seen, flow);
    // Held packets are released on the queue of flows.
    if (isNameAsked(decision) && queued.queue !== this.#world.dnsQueue) {
      return this.#watch(seen, { flow, owner, first: decision });
    }
    const event = () => [this.#event(seen, { owner, decision, sni: null })];
    if (decision.decision === "allow" || !decision.enforced) {
      return accept(MARK.ALLOW, event);
    }
    const isNews = this.#refused.isNews(flowKey(packet), nowMs);
    return accept(MARK.DENY, isNews ? event : undefined);
  }

  #watch(
    seen: Seen,
    of: { flow: Flow; owner: Owner | null; first: Decision },
  ): Outcome {
    const { queued, packet } = seen;
    const { owner } = of;
    // The packet is a view, and gone by the time the name is known.
    const ends = endsOf(queued, packet);
    return this.#watched.open({
      ...of,
      key: flowKey(packet),
      describe: ({ decision, sni, nowMs }) =>
        this.#describe(ends, { owner, decision, sni, nowMs }),
    }, seen);
  }

  #decide({ queued, packet, nowMs }: Seen, flow: Flow): Decision {
    const { openFlows, policy, resolvers, host } = this.#world;
    // A SYN opens a new connection, between whatever ends it may be.
    if (openFlows.size > 0 && !isOpening(packet)) {
      if (openFlows.has(flowKey(packet))) return letLive("open_before_arming");
    }
    if (host && isDhcp(queued, packet)) return letLive("dhcp");
    const { names } = this.#world;
    const decision = decideFlow(flow, { policy, names, nowMs });
    if (decision.decision === "allow") return decision;
    if (packet.fragment) return { ...decision, why: "fragment" };
    const overTcp = packet.protocol === PROTOCOL.TCP &&
      packet.destinationPort === DNS_PORT &&
      resolvers.has(formatAddress(packet.destination));
    return overTcp ? { ...decision, why: "dns_over_tcp" } : decision;
  }

  #isInternal({ queued, nowMs }: Seen): boolean {
    const { host, interfaces } = this.#world;
    return host && interfaces.isInternal(queued.outInterface, nowMs);
  }

  #internalMark({ queued, packet, nowMs }: Seen): number {
    // From outside only this packet: its answers are judged by `inbound`.
    const fromOutside = queued.hook === HOOK.FORWARD &&
      !this.#world.interfaces.isInternal(queued.inInterface, nowMs);
    // Neighbour discovery is not tracked, so there is no flow to allow.
    const isTracked = packet.protocol !== PROTOCOL.ICMPV6;
    // Our own refusals among them: allowed, the flow would be open both ways,
    // from the container to the name server too.
    const isDnsAnswer = packet.protocol === PROTOCOL.UDP &&
      packet.sourcePort === DNS_PORT;
    return fromOutside || isDnsAnswer || !isTracked ? MARK.PASS : MARK.ALLOW;
  }

  #refuseUnread(queued: QueuedPacket): Outcome {
    const enforced = this.#world.policy.egress === "block";
    const event = () => [unreadEvent(queued, enforced)];
    return accept(enforced ? MARK.DENY : MARK.ALLOW, event);
  }

  #event(
    { queued, packet, nowMs }: Seen,
    of: Told,
  ): ConnectionEvent {
    return this.#describe(endsOf(queued, packet), { ...of, nowMs });
  }

  #describe(ends: Ends, of: Told & { nowMs: number }): ConnectionEvent {
    const { owner, nowMs } = of;
    const anew = of.decision.decision === "deny";
    const process = this.#world.attribution.describe(owner, { nowMs, anew });
    return connectionEvent(ends, { ...of, process });
  }
}

/** What was found out about a flow. */
interface Told {
  readonly owner: Owner | null;
  readonly decision: Decision;
  readonly sni: string | null;
}

function flowOf(packet: Packet, owner: Owner | null): Flow {
  return {
    protocol: packet.protocol,
    destination: packet.destination,
    port: packet.destinationPort,
    sender: { exe: owner?.process.exe ?? null, step: null },
  };
}

/** What tells a flow from others: protocol and both ends. */
export function flowKey(
  flow: Pick<
    Packet,
    "protocol" | "source" | "sourcePort" | "destination" | "destinationPort"
  >,
): string {
  return `${flow.protocol} ${formatAddress(flow.source)} ${flow.sourcePort} ` +
    `${formatAddress(flow.destination)} ${flow.destinationPort}`;
}

function letLive(why: Decision["why"]): Decision {
  return { decision: "allow", enforced: true, why, rule: null, names: [] };
}

function isOpening({ protocol, tcpFlags }: Packet): boolean {
  return protocol === PROTOCOL.TCP &&
    (tcpFlags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) === TCP_FLAG.SYN;
}

function isDhcp(queued: QueuedPacket, packet: Packet): boolean {
  return packet.protocol === PROTOCOL.UDP &&
    DHCP_PORTS.get(packet.sourcePort) === packet.destinationPort &&
    queued.uid !== null && queued.uid < FIRST_USER_UID;
}

function isProbe(address: Uint8Array): boolean {
  return address.length === 4 &&
    PROBE_ADDRESS.every((byte, at) => byte === address[at]);
}
