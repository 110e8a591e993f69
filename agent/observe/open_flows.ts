/**
 * What was open before the guard was armed: flows that live on, and ports that
 * others may go on talking to.
 *
 * @module
 */
import type { InetSocket } from "../decode/inet_diag.ts";
import { PROTOCOL } from "../decode/packet.ts";
import type { SocketDiagnostics } from "./socket_diagnostics.ts";

/** <net/tcp_states.h>; an unconnected UDP socket is in TCP_CLOSE. */
const STATE = { ESTABLISHED: 1, CLOSE: 7, LISTEN: 10 } as const;

const FAMILIES = [4, 6] as const;

/** Ports with a socket that waits for others. */
export interface ListeningPorts {
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

/** Lists the connected TCP and UDP sockets. */
export function listOpenFlows(
  sockets: SocketDiagnostics,
): (InetSocket & { readonly protocol: number })[] {
  const states = 1 << STATE.ESTABLISHED;
  return [PROTOCOL.TCP, PROTOCOL.UDP].flatMap((protocol) =>
    FAMILIES.flatMap((family) =>
      sockets.list({ family, protocol, states })
        .map((socket) => ({ ...socket, protocol }))
    )
  );
}

/**
 * Lists the ports that others can talk to, ascending, each once.
 *
 * Nobody outside reaches a port of the loopback address; were it in the list,
 * any user could take the same port of another address, and answer from there.
 */
export function listListeningPorts(sockets: SocketDiagnostics): ListeningPorts {
  const ports = (protocol: number, state: number) => {
    const found = FAMILIES.flatMap((family) =>
      sockets.list({ family, protocol, states: 1 << state })
    );
    const reachable = found.filter(({ source }) => !isLoopback(source));
    const local = new Set(reachable.map(({ sourcePort }) => sourcePort));
    local.delete(0);
    return [...local].sort((left, right) => left - right);
  };
  return {
    tcp: ports(PROTOCOL.TCP, STATE.LISTEN),
    udp: ports(PROTOCOL.UDP, STATE.CLOSE),
  };
}

/** RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3; mapped as well. */
function isLoopback(address: Uint8Array): boolean {
  const isIpv4 = address.length === 4;
  const isMapped = !isIpv4 && address[10] === 0xff &&
    address.subarray(0, 10).every((byte) => byte === 0);
  if (isIpv4 || isMapped) return address[isIpv4 ? 0 : 12] === 127;
  return address.every((byte, at) => byte === (at === 15 ? 1 : 0));
}
