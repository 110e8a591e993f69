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

/** Lists the ports that are listened on, ascending, each once. */
export function listListeningPorts(sockets: SocketDiagnostics): ListeningPorts {
  const ports = (protocol: number, state: number) => {
    const found = FAMILIES.flatMap((family) =>
      sockets.list({ family, protocol, states: 1 << state })
    );
    const local = new Set(found.map(({ sourcePort }) => sourcePort));
    local.delete(0);
    return [...local].sort((left, right) => left - right);
  };
  return {
    tcp: ports(PROTOCOL.TCP, STATE.LISTEN),
    udp: ports(PROTOCOL.UDP, STATE.CLOSE),
  };
}
