/**
 * Where a packet comes from and goes to, as others want to know it.
 *
 * @module
 */
import type { Flow, Sender } from "./decide/decision.ts";
import type { QueuedPacket } from "./decode/nfqueue.ts";
import type { Packet } from "./decode/packet.ts";
import type { Tuple } from "./observe/socket_diagnostics.ts";

/** The ends of a packet that this machine sends, and its way out. */
export function tupleOf(queued: QueuedPacket, packet: Packet): Tuple {
  return {
    protocol: packet.protocol,
    source: packet.source,
    sourcePort: packet.sourcePort,
    destination: packet.destination,
    destinationPort: packet.destinationPort,
    interfaceIndex: queued.outInterface,
  };
}

/** A packet as the policy sees it. */
export function flowOf(packet: Packet, sender: Sender): Flow {
  return {
    protocol: packet.protocol,
    destination: packet.destination,
    port: packet.destinationPort,
    sender,
  };
}
