/**
 * TCP and UDP echo, RFC 862, on a port that no firewall knows by name.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { ECHO, PORTS } from "./topology.ts";

/** Listens, and serves for as long as the process lives. */
export async function serveEcho(): Promise<void> {
  const { ipv4, ipv6 } = ECHO;
  for (const hostname of [ipv4, ipv6]) {
    acceptAll(Deno.listen({ hostname, port: PORTS.echo }));
  }
  await Promise.all([
    listenUdp("udp4", ipv4),
    listenUdp("udp6", ipv6),
  ]);
}

async function acceptAll(listener: Deno.TcpListener): Promise<void> {
  for await (const connection of listener) {
    // A client that resets its connection is no reason to stop for the others.
    connection.readable.pipeTo(connection.writable).catch(() => {});
  }
}

async function listenUdp(
  family: "udp4" | "udp6",
  address: string,
): Promise<void> {
  const socket = createSocket(family);
  socket.on("message", (message, peer) => {
    socket.send(message, peer.port, peer.address);
  });
  socket.bind(PORTS.echo, address);
  await once(socket, "listening");
}
