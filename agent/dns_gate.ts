/**
 * What goes to a port 53 and what comes from it, over UDP and TCP.
 *
 * @module
 */
import type { Owner } from "./attribution.ts";
import type { Decision } from "./decide/decision.ts";
import { TunnelGuard } from "./decide/tunnel_guard.ts";
import { formatAddress } from "./decode/address.ts";
import { HOOK } from "./decode/nfqueue.ts";
import { type Packet, PROTOCOL } from "./decode/packet.ts";
import { type ConnectionsWorld, DnsConnections } from "./dns_connections.ts";
import { type DatagramsWorld, DnsDatagrams } from "./dns_datagrams.ts";
import { MARK } from "./enforce/marks.ts";
import { flowKey } from "./flow_key.ts";
import type { Place } from "./inside.ts";
import { LentLookups } from "./lent_lookups.ts";
import { accept, drop, hold, type Outcome, type Seen } from "./outcome.ts";
import type { ConnectionEvent } from "./record/event.ts";
import { RecentFlows } from "./record/recent.ts";
import { isOpening } from "./watched_flow.ts";

/** RFC 1035 section 4.2. */
const DNS_PORT = 53;

/** What DNS is judged by; all of it is borrowed. */
export interface GateWorld
  extends Omit<DatagramsWorld & ConnectionsWorld, "tunnels" | "lent"> {
  /** Flows that live on, as {@linkcode flowKey} writes them. */
  readonly openFlows: ReadonlySet<string>;
}

/** How everything else is judged. */
export interface FlowJudge {
  readonly judge: (seen: Seen) => Outcome;
  readonly placeOf: (seen: Seen) => Place;
  /** By the server's address alone. */
  readonly decide: (seen: Seen, owner: Owner | null) => Decision;
  readonly describe: (
    seen: Seen,
    of: { readonly owner: Owner | null; readonly decision: Decision },
  ) => ConnectionEvent;
}

/** Sorts the packets of the DNS queue. */
export class DnsGate {
  readonly #world: GateWorld;
  readonly #flows: FlowJudge;
  readonly #datagrams: DnsDatagrams;
  readonly #connections: DnsConnections;
  readonly #said = new RecentFlows();

  /**
   * @param world Must outlive this object.
   * @param flows Judges what is no DNS after all.
   */
  constructor(world: GateWorld, flows: FlowJudge) {
    this.#world = world;
    this.#flows = flows;
    const lent = new LentLookups();
    const tunnels = new TunnelGuard(world.policy);
    const shared = { ...world, tunnels, lent };
    this.#datagrams = new DnsDatagrams(shared);
    this.#connections = new DnsConnections(shared);
  }

  /** Judges one packet of the DNS queue. */
  judge(seen: Seen): Outcome {
    const { protocol, fragment } = seen.packet;
    if (fragment) return this.#flows.judge(seen);
    if (protocol === PROTOCOL.UDP) return this.#judgeDatagram(seen);
    if (protocol === PROTOCOL.TCP) return this.#judgeSegment(seen);
    return this.#flows.judge(seen);
  }

  /** What time decides; Infinity ends all that waits. */
  expire(nowMs: number): Outcome[] {
    return [
      hold(() => this.#datagrams.expire(nowMs)),
      ...this.#connections.expire(nowMs),
    ];
  }

  #judgeDatagram(seen: Seen): Outcome {
    const { queued, packet } = seen;
    // The rules bring nothing else from port 53 here but the reply direction
    // of a flow whose query was let out.
    if (packet.destinationPort !== DNS_PORT || queued.hook === HOOK.LOCAL_IN) {
      return this.#datagrams.judgeAnswer(seen);
    }
    // A name server in a container is not the way out; as the machine's
    // resolver it is asked for what leaves later.
    const isElsewhere = !this.#isResolver(packet) &&
      this.#flows.placeOf(seen).kind !== "outside";
    return isElsewhere
      ? this.#flows.judge(seen)
      : this.#datagrams.judgeQuery(seen);
  }

  #judgeSegment(seen: Seen): Outcome {
    const { queued, packet, nowMs } = seen;
    const known = this.#connections.judge(seen);
    if (known !== null) return known;
    const isEmpty = packet.payload.length === 0;
    if (packet.destinationPort !== DNS_PORT || queued.hook === HOOK.LOCAL_IN) {
      // Our own reset, on its way to a container.
      if (queued.hook === HOOK.LOCAL_OUT) return this.#flows.judge(seen);
      // The rest of a connection that nobody follows any more.
      const isBlocking = this.#world.policy.egress === "block";
      return isBlocking && !isEmpty ? drop() : accept(MARK.PASS);
    }
    const key = flowKey(packet);
    if (this.#world.openFlows.has(key)) return this.#flows.judge(seen);
    if (isOpening(packet)) return this.#open(seen);
    if (isEmpty) return this.#passEmpty(seen);
    const outcome = this.#connections.refuse(seen);
    const isNews = this.#said.isNews(key, nowMs);
    return isNews ? outcome : { ...outcome, events: undefined };
  }

  /**
   * The rest of a connection that nobody follows. Its header alone could tell
   * something to whom nothing may be told.
   */
  #passEmpty(seen: Seen): Outcome {
    if (this.#isResolver(seen.packet)) return accept(MARK.PASS);
    const owner = this.#world.attribution.find(seen);
    const decision = this.#flows.decide(seen, owner);
    const isElsewhere = this.#flows.placeOf(seen).kind !== "outside";
    const isRefused = decision.decision === "deny" && decision.enforced;
    return isElsewhere || isRefused
      ? this.#flows.judge(seen)
      : accept(MARK.PASS);
  }

  /** Of a name server each question is judged, and nothing else goes there. */
  #open(seen: Seen): Outcome {
    const isResolver = this.#isResolver(seen.packet);
    const { kind } = this.#flows.placeOf(seen);
    if (kind === "forged" || (kind === "inside" && !isResolver)) {
      return this.#flows.judge(seen);
    }
    const owner = this.#world.attribution.find(seen);
    const decision = this.#flows.decide(seen, owner);
    const isRefused = decision.decision === "deny" && decision.enforced;
    if (isRefused && (!isResolver || decision.why === "denied_by_rule")) {
      return this.#flows.judge(seen);
    }
    if (isResolver) return this.#connections.open(seen);
    const event = () => [this.#flows.describe(seen, { owner, decision })];
    return this.#connections.open(seen, event);
  }

  #isResolver({ destination }: Packet): boolean {
    return this.#world.resolvers.has(formatAddress(destination));
  }
}
