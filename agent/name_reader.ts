/**
 * Which reader a flow gets.
 *
 * @module
 */
import { PROTOCOL } from "./decode/packet.ts";
import { QuicNameReader } from "./quic_name_reader.ts";
import type { NameReader } from "./reading.ts";
import { TcpNameReader } from "./tcp_name_reader.ts";

/** The reader for a flow of TCP, or else of UDP. */
export function nameReader(protocol: number): NameReader {
  return protocol === PROTOCOL.TCP ? new TcpNameReader() : new QuicNameReader();
}
