/**
 * What is known of a QUIC connection after one of its client's datagrams.
 *
 * @module
 */

/**
 * What is known after a datagram.
 *
 * - `crypto`: the whole ClientHello, a TLS handshake message with its header of
 *   four bytes and without records, a view that lives as long as the assembler.
 *   When its name is allowed, all that was held may go, and this datagram with
 *   the early data in it.
 * - `incomplete`: the name is still to come; hold the datagram.
 * - `early_data`: 0-RTT before the name is known. This datagram must not leave;
 *   hold it, or drop it: the client sends its data again.
 * - `handshake`: packets that only a client sends that had an answer. Of no
 *   use to a server that gave none.
 * - `other_connection`: it belongs to another connection of the same flow, that
 *   has to show a name of its own to an assembler of its own.
 * - `not_quic`: begins like no packet that opens a connection.
 * - `unreadable`: a version that is not known here.
 * - `unauthentic`: no server opens a connection for it, for it is not sealed
 *   with the keys that its connection ID gives.
 * - `discarded`: servers have to throw it away, so it need not leave.
 * - `refused`: what no client does, for good: the flow is not to be trusted.
 */
export type QuicReading =
  | { readonly kind: "crypto"; readonly bytes: Uint8Array }
  | {
    readonly kind:
      | "incomplete"
      | "early_data"
      | "handshake"
      | "other_connection";
  }
  | {
    readonly kind:
      | "not_quic"
      | "unreadable"
      | "unauthentic"
      | "discarded"
      | "refused";
    readonly why: string;
  };
