/**
 * The attacker's own side: takes every byte, from anyone, and keeps it.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { ADDRESSES, PORTS } from "./topology.ts";

/** One line of the attacker's journal. */
export interface AttackerRecord {
  /** Counts connections; each UDP message is one by itself. */
  readonly contact: number;
  readonly protocol: "tcp" | "tls" | "udp";
  readonly port: number;
  readonly peer: string;
  /** One byte per character; empty when a connection was opened. */
  readonly bytes: string;
}

type Keep = (bytes: Uint8Array) => void;

/** Where TLS is taken off what arrives on 443, so that it can be read. */
const TLS_INNER = { hostname: "127.0.0.1", port: 4430 } as const;

/** First byte of a TLS record that carries a handshake, RFC 8446 section 5.1. */
const TLS_HANDSHAKE = 0x16;

/** An answer that ends any HTTP client's request well. */
const REPLY = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\r\nthanks\n",
);

/**
 * The attacker's journal, one {@linkcode AttackerRecord} per line.
 *
 * @param directory The lab's own.
 */
export function attackerJournalPath(directory: string): string {
  return `${directory}/attacker.ndjson`;
}

/**
 * Listens, and serves for as long as the process lives.
 *
 * @param directory The lab's own, with the attacker's certificate in it.
 */
export async function serveAttacker(directory: string): Promise<void> {
  const open = openJournal(attackerJournalPath(directory));
  const inner = Deno.listenTls({
    ...TLS_INNER,
    cert: await Deno.readTextFile(`${directory}/attacker.pem`),
    key: await Deno.readTextFile(`${directory}/attacker.key`),
  });
  acceptAll(inner, (connection) => {
    const keep = open({ protocol: "tls", port: 443, peer: "" });
    return converse(connection, keep);
  });
  for (const hostname of Object.values(ADDRESSES.attacker)) {
    for (const port of PORTS.attackerTcp) {
      acceptAll(Deno.listen({ hostname, port }), (connection) => {
        const { hostname: peer } = connection.remoteAddr;
        const keep = open({ protocol: "tcp", port, peer });
        return port === 443
          ? converseTls(connection, keep)
          : converse(connection, keep);
      });
    }
    for (const port of PORTS.attackerUdp) {
      const socket = createSocket(hostname.includes(":") ? "udp6" : "udp4");
      socket.on("message", (message, { address }) => {
        open({ protocol: "udp", port, peer: address })(message);
      });
      socket.bind(port, hostname);
      await once(socket, "listening");
    }
  }
}

/** Each call is a contact; what it returns keeps that contact's bytes. */
function openJournal(
  path: string,
): (head: Omit<AttackerRecord, "contact" | "bytes">) => Keep {
  const file = Deno.openSync(path, { create: true, append: true });
  let contacts = 0;
  return (head) => {
    const contact = contacts++;
    const keep: Keep = (bytes) => {
      const text = Array.from(bytes, (byte) => String.fromCharCode(byte));
      const record: AttackerRecord = { contact, ...head, bytes: text.join("") };
      const line = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
      // Regular files take a write whole, so no line is ever half there.
      file.writeSync(line);
    };
    if (head.protocol !== "udp") keep(new Uint8Array());
    return keep;
  };
}

async function acceptAll<T extends Deno.Conn>(
  listener: AsyncIterable<T>,
  serve: (connection: T) => Promise<void>,
): Promise<void> {
  for await (const connection of listener) {
    serve(connection)
      // A client that resets its connection has still said what it said.
      .catch(() => {})
      .finally(() => connection.close());
  }
}

async function converse(connection: Deno.Conn, keep: Keep): Promise<void> {
  let replied = false;
  for await (const chunk of read(connection)) {
    keep(chunk);
    if (!replied) await write(connection, REPLY);
    replied = true;
  }
}

async function converseTls(connection: Deno.Conn, keep: Keep): Promise<void> {
  let inner: Deno.TcpConn | undefined;
  let replied = false;
  for await (const chunk of read(connection)) {
    keep(chunk);
    if (!replied && chunk[0] === TLS_HANDSHAKE) {
      inner = await Deno.connect(TLS_INNER);
      copy(inner, connection).catch(() => {});
    } else if (!replied) {
      await write(connection, REPLY);
    }
    replied = true;
    if (inner) await write(inner, chunk);
  }
  inner?.close();
}

async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  for await (const chunk of read(from)) await write(to, chunk);
  await to.closeWrite();
}

async function* read(connection: Deno.Conn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return;
    yield buffer.slice(0, count);
  }
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await connection.write(bytes.subarray(sent));
  }
}
