/**
 * Finds the service that runs.
 *
 * @module
 */
import { SERVICE_SOCKET } from "../action/protocol.ts";
import type { Libc } from "../../ffi/libc.ts";
import { UnixClient } from "../../ffi/unix_client.ts";
import { peerOf } from "../../ffi/unix_sockets.ts";

/** The process that listens, by the kernel's word; null for none. */
export function listenerPid(libc: Libc): number | null {
  using client = UnixClient.connect(libc, SERVICE_SOCKET);
  return client === null ? null : peerOf(libc, client.fd).pid;
}
