/**
 * From a held packet to the process that sent it.
 *
 * @module
 */
import { type Packet, PROTOCOL } from "./decode/packet.ts";
import { HOOK, type QueuedPacket } from "./decode/nfqueue.ts";
import {
  type Process,
  ProcessTable,
  type ProcessTableOptions,
} from "./observe/processes.ts";
import { findRawSocket } from "./observe/raw_sockets.ts";
import { SocketDiagnostics } from "./observe/socket_diagnostics.ts";
import type { ProcessField } from "./record/event.ts";
import type { Libc } from "../ffi/libc.ts";

/** Who sent a packet, as far as it could be found. */
export interface Owner {
  readonly process: Process;
  readonly uid: number;
}

/** Looks senders up while their packets are held. */
export class Attribution implements Disposable {
  readonly #libc: Libc;
  readonly #sockets: SocketDiagnostics;
  readonly #processes: ProcessTable;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, options: ProcessTableOptions) {
    this.#libc = libc;
    this.#sockets = new SocketDiagnostics(libc);
    this.#processes = new ProcessTable(libc, options);
  }

  /** Finds the sender; null for the kernel, a forwarded packet, or unknown. */
  find(queued: QueuedPacket, packet: Packet): Owner | null {
    if (queued.hook !== HOOK.LOCAL_OUT) return null;
    const { protocol } = packet;
    const socket = protocol === PROTOCOL.TCP || protocol === PROTOCOL.UDP
      ? this.#sockets.find({
        protocol,
        source: packet.source,
        sourcePort: packet.sourcePort,
        destination: packet.destination,
        destinationPort: packet.destinationPort,
        interfaceIndex: queued.outInterface,
      })
      : findRawSocket(this.#libc, packet);
    if (socket === null) return null;
    const process = this.#processes.find(socket.inode);
    return process === null ? null : { process, uid: socket.uid };
  }

  /** What the journal says of a sender; for after the verdict. */
  describe(owner: Owner | null): ProcessField | null {
    if (owner === null) return null;
    const ancestors = this.#processes.describe(
      owner.process,
      performance.now(),
    );
    const { pid, exe, args } = owner.process;
    return { pid, exe, args, uid: owner.uid, ancestors };
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#sockets[Symbol.dispose]();
    this.#processes[Symbol.dispose]();
  }
}
