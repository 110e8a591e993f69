/**
 * The machine asking for its own address.
 *
 * @module
 */
import { type Packet, PROTOCOL } from "../decode/packet.ts";

/** DHCP and DHCPv6, client to server: RFC 2131 4.1, RFC 8415 7.2. */
const DHCP_PORTS: ReadonlyMap<number, number> = new Map([[68, 67], [546, 547]]);
/** Below are system accounts, login.defs(5): root and network managers. */
const FIRST_USER_UID = 1000;

/**
 * Whether a packet is a DHCP client's, sent by the system: the port is only for
 * root, and no user's process is let go for having it.
 *
 * @param packet Its protocol and ports are read.
 * @param uid The owner of the socket; null when it is not known.
 */
export function isDhcp(packet: Packet, uid: number | null): boolean {
  return packet.protocol === PROTOCOL.UDP &&
    DHCP_PORTS.get(packet.sourcePort) === packet.destinationPort &&
    uid !== null && uid < FIRST_USER_UID;
}
