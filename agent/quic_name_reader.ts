/**
 * From a UDP flow's first datagrams to what its client said.
 *
 * @module
 */
import type { Said } from "./decide/said_name.ts";
import type { Packet } from "./decode/packet.ts";
import { QuicCryptoAssembler } from "./decode/quic_initial.ts";
import { decodeClientHelloMessage } from "./decode/tls_client_hello.ts";
import {
  type NameReader,
  type Reading,
  settledOn,
  UNREADABLE,
  WAITING,
} from "./reading.ts";

/** Reads one UDP flow. */
export class QuicNameReader implements NameReader {
  readonly #crypto = new QuicCryptoAssembler();
  #said: Said | null = null;
  #heard = false;

  add(packet: Packet): Reading {
    const reading = this.#crypto.add(packet.payload);
    const said = this.#said;
    switch (reading.kind) {
      case "crypto":
        return this.#readHello(reading.bytes);
      case "incomplete":
      case "early_data":
      case "discarded":
        this.#heard = true;
        return { said, settled: false, waiting: said === null };
      case "handshake":
        return said === null ? UNREADABLE : settledOn(said);
      case "not_quic":
        if (said !== null) return settledOn(said);
        return this.#heard ? UNREADABLE : settledOn({ kind: "other" });
      default:
        return UNREADABLE;
    }
  }

  #readHello(bytes: Uint8Array): Reading {
    this.#heard = true;
    const hello = decodeClientHelloMessage(bytes);
    if (hello.kind === "incomplete") return WAITING;
    if (hello.kind !== "hello") return UNREADABLE;
    this.#said = { kind: "tls", name: hello.hello.sni };
    return { said: this.#said, settled: false, waiting: false };
  }
}
