/**
 * How tables of flows tell one from another.
 *
 * @module
 */
import { formatAddress } from "./decode/address.ts";
import type { Packet } from "./decode/packet.ts";

/** Protocol and both ends. */
export type FlowEnds = Pick<
  Packet,
  "protocol" | "source" | "sourcePort" | "destination" | "destinationPort"
>;

/** What tells a flow from others. */
export function flowKey(flow: FlowEnds): string {
  return `${flow.protocol} ${formatAddress(flow.source)} ${flow.sourcePort} ` +
    `${formatAddress(flow.destination)} ${flow.destinationPort}`;
}

/** What tells the flow from others that a packet answers in. */
export function reverseFlowKey(packet: Packet): string {
  const { protocol, source, sourcePort, destination, destinationPort } = packet;
  return flowKey({
    protocol,
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
  });
}
