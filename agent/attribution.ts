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

/**
 * A description is given again for this long. A process that executes another
 * program under its own pid in that time is shown with its former one; what is
 * refused is always described anew.
 */
const FRESH_MS = 100;

interface Described {
  readonly field: ProcessField;
  readonly atMs: number;
}

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
  readonly #described = new WeakMap<Process, Described>();

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

  /**
   * What the journal says of a sender; for after the verdict.
   *
   * @param when `nowMs`: milliseconds on a clock that never goes back; `anew`
   * takes nothing from a moment ago.
   * @returns The same object while nothing is read anew.
   */
  describe(
    owner: Owner | null,
    when: { readonly nowMs: number; readonly anew: boolean },
  ): ProcessField | null {
    if (owner === null) return null;
    const { process, uid } = owner;
    const before = this.#described.get(process);
    const isFresh = before !== undefined && before.field.uid === uid &&
      when.nowMs - before.atMs < FRESH_MS;
    if (isFresh && !when.anew) return before.field;
    const ancestors = this.#processes.describe(process, when.nowMs);
    const { pid, exe, args } = process;
    const field = { pid, exe, args, uid, ancestors };
    this.#described.set(process, { field, atMs: when.nowMs });
    return field;
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#sockets[Symbol.dispose]();
    this.#processes[Symbol.dispose]();
  }
}
