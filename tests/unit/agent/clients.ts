/**
 * Packets of clients, as the packet thread sees them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Decision } from "../../../agent/decide/decision.ts";
import { HOOK } from "../../../agent/decode/nfqueue.ts";
import {
  decodePacket,
  type Packet,
  PROTOCOL,
} from "../../../agent/decode/packet.ts";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import type { Seen } from "../../../agent/outcome.ts";
import type { EventBody } from "../../../agent/record/event.ts";
import { ascii } from "../decode/hellos.ts";

/** Another program's mark, on every packet that is queued. */
export const QUEUED_MARK = 0x0000_0042;

const NOTHING = new Uint8Array(0);
const { SYN, ACK, FIN, RST } = TCP_FLAG;

/** One client's side of a TCP connection from 192.0.2.10 to 198.51.100.1. */
export class TcpClient {
  readonly #ports: { readonly source: number; readonly destination: number };
  #next: number;
  #acknowledged = 0xffff_fff0;

  /** @param isn Sequence number of the SYN. */
  constructor({ source = 40000, destination = 443, isn = 1000 } = {}) {
    this.#ports = { source, destination };
    this.#next = isn;
  }

  /** The first packet; data in it is TCP Fast Open. */
  syn(data: Uint8Array | string = NOTHING): Packet {
    const packet = this.segment(data, { flags: SYN });
    this.#next += 1 + packet.payload.length;
    return packet;
  }

  /** What the client says next; without data, an acknowledgement. */
  say(data: Uint8Array | string = NOTHING): Packet {
    const packet = this.segment(data);
    this.#next += packet.payload.length;
    return packet;
  }

  /** From now on the client has `bytes` more of the server's. */
  hear(bytes: number): this {
    this.#acknowledged += bytes;
    return this;
  }

  /** The end of what the client says, with the last of it. */
  fin(data: Uint8Array | string = NOTHING): Packet {
    const packet = this.segment(data, { flags: FIN | ACK });
    this.#next += 1 + packet.payload.length;
    return packet;
  }

  /** The end of the connection. */
  rst(): Packet {
    return this.segment(NOTHING, { flags: RST });
  }

  /** A packet `ahead` bytes after what was said; it counts as not said. */
  segment(
    data: Uint8Array | string = NOTHING,
    { flags = ACK as number, ahead = 0 } = {},
  ): Packet {
    return {
      ...packetOf(data, this.#ports),
      protocol: PROTOCOL.TCP,
      tcpFlags: flags,
      tcpSequence: (this.#next + ahead) >>> 0,
      tcpAcknowledgment: (flags & ACK) === 0 ? 0 : this.#acknowledged >>> 0,
    };
  }
}

/** One datagram of a client's. */
export function datagram(
  data: Uint8Array | string,
  { source = 40000, destination = 443 } = {},
): Packet {
  const ports = { source, destination };
  return { ...packetOf(data, ports), protocol: PROTOCOL.UDP };
}

/** A captured IP packet. */
export function decoded(bytes: Uint8Array): Packet {
  const packet = decodePacket(bytes);
  assert.ok(packet.ok);
  return packet.value;
}

/** A packet as it waits in the queue of flows, with its id there. */
export function queued(
  packet: Packet,
  { id, nowMs, uid = 1001, hook = HOOK.LOCAL_OUT }: {
    readonly id: number;
    readonly nowMs: number;
    readonly uid?: number;
    readonly hook?: number;
  },
): Seen {
  return {
    packet,
    nowMs,
    queued: {
      queue: 8300,
      id,
      hook,
      hardwareProtocol: 0x0800,
      mark: QUEUED_MARK,
      inInterface: 0,
      outInterface: 2,
      inPort: 0,
      hardwareAddress: 0,
      uid,
      gid: 1001,
      payload: packet.payload,
      originalBytes: packet.payload.length,
    },
  };
}

function packetOf(
  data: Uint8Array | string,
  ports: { readonly source: number; readonly destination: number },
): Packet {
  return {
    version: 4,
    source: Uint8Array.of(192, 0, 2, 10),
    destination: Uint8Array.of(198, 51, 100, 1),
    protocol: 0,
    fragment: false,
    optionsBytes: 0,
    sourcePort: ports.source,
    destinationPort: ports.destination,
    tcpFlags: 0,
    tcpSequence: 0,
    tcpAcknowledgment: 0,
    payload: typeof data === "string" ? ascii(data) : data,
  };
}

/** The event of a flow that was decided so. */
export function eventOf(
  { decision, enforced, why, rule, names }: Decision,
  sni: string | null,
): Extract<EventBody, { kind: "connection" }> {
  return {
    kind: "connection",
    decision,
    enforced,
    why,
    rule,
    protocol: "tcp",
    direction: "output",
    source: { address: "192.0.2.10", port: 1 },
    destination: { address: "198.51.100.1", port: 443 },
    names,
    sni,
    step: null,
    process: null,
    container: null,
  };
}
