/**
 * What the journal says of one flow.
 *
 * @module
 */
import type { Decision } from "./decide/decision.ts";
import type { Asked } from "./decide/proxied.ts";
import { formatAddress } from "./decode/address.ts";
import { HOOK, type QueuedPacket } from "./decode/nfqueue.ts";
import { type Packet, PROTOCOL } from "./decode/packet.ts";
import { BY_NOBODY, type Done } from "./record/done.ts";
import type { ConnectionEvent } from "./record/event.ts";

/** Where a flow comes from and goes to, as its event says. */
export type Ends = Pick<
  ConnectionEvent,
  "protocol" | "direction" | "source" | "destination"
>;

/** Reads the ends out of a packet, which is a view. */
export function endsOf(queued: QueuedPacket, packet: Packet): Ends {
  return {
    protocol: protocolName(packet.protocol),
    direction: directionOf(queued),
    source: {
      address: formatAddress(packet.source),
      port: packet.sourcePort,
    },
    destination: {
      address: formatAddress(packet.destination),
      port: packet.destinationPort,
    },
  };
}

/** The event of a flow whose decision is known. */
export function connectionEvent(
  ends: Ends,
  of: {
    readonly decision: Decision;
    readonly sni: string | null;
    readonly asked?: Asked | null;
    readonly done: Done;
  },
): ConnectionEvent {
  const { decision, enforced, why, rule, names } = of.decision;
  const { sni, asked = null, done } = of;
  return {
    kind: "connection",
    decision,
    enforced,
    why,
    rule,
    ...ends,
    names,
    sni,
    ...(asked === null ? {} : { asked }),
    ...done,
  };
}

/** The event of a packet whose headers could not be read. */
export function unreadEvent(
  queued: QueuedPacket,
  enforced: boolean,
): ConnectionEvent {
  const nowhere = { address: "", port: 0 };
  return connectionEvent({
    protocol: "unknown",
    direction: directionOf(queued),
    source: nowhere,
    destination: nowhere,
  }, {
    decision: {
      decision: "deny",
      enforced,
      why: "packet_malformed",
      rule: null,
      names: [],
    },
    sni: null,
    done: BY_NOBODY,
  });
}

function directionOf(queued: QueuedPacket): ConnectionEvent["direction"] {
  return queued.hook === HOOK.FORWARD ? "forward" : "output";
}

/** A protocol as events name it. */
export function protocolName(protocol: number): string {
  switch (protocol) {
    case PROTOCOL.TCP:
      return "tcp";
    case PROTOCOL.UDP:
      return "udp";
    case PROTOCOL.ICMP:
    case PROTOCOL.ICMPV6:
      return "icmp";
    default:
      return String(protocol);
  }
}
