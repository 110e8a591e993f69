/**
 * From a held packet to the process that sent it.
 *
 * @module
 */
import { type Packet, PROTOCOL } from "./decode/packet.ts";
import type { Decision, Flow } from "./decide/decision.ts";
import { HOOK, type QueuedPacket } from "./decode/nfqueue.ts";
import {
  type Process,
  ProcessTable,
  type ProcessTableOptions,
} from "./observe/processes.ts";
import { findRawSocket } from "./observe/raw_sockets.ts";
import { SocketDiagnostics, type Tuple } from "./observe/socket_diagnostics.ts";
import type { Seen } from "./outcome.ts";
import type { ProcessField } from "./record/event.ts";
import type { Libc } from "../ffi/libc.ts";

/** <net/tcp_states.h> */
const TCP_SYN_SENT = 2;
/** A description is given again for this long. */
const FRESH_MS = 100;

interface Described {
  readonly field: ProcessField;
  readonly atMs: number;
}

/** Who sent a packet, as far as it could be found. */
export interface Owner {
  readonly process: Process;
  readonly uid: number;
  /** Of the socket. */
  readonly inode: number;
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
  find({ queued, packet, nowMs }: Seen): Owner | null {
    if (queued.hook !== HOOK.LOCAL_OUT) return null;
    const { protocol } = packet;
    const socket = protocol === PROTOCOL.TCP || protocol === PROTOCOL.UDP
      ? this.#sockets.find(tupleOf(queued, packet))
      : findRawSocket(this.#libc, packet);
    if (socket === null) return null;
    const { inode, uid } = socket;
    const process = this.#processes.find(inode, nowMs);
    // Our own raw sockets could send anything, but only answer DNS.
    if (process === null || process.pid === Deno.pid) return null;
    return { process, uid, inode };
  }

  /**
   * Up to where the server has what the sender of a TCP packet has sent, by the
   * word of the kernel: no process can make its socket believe more.
   *
   * @returns A sequence number, which may be too small; null when it is not
   * known.
   */
  acknowledged({ queued, packet }: Seen): number | null {
    const socket = this.#sockets.find(tupleOf(queued, packet));
    if (socket === null || socket.state === TCP_SYN_SENT) return null;
    // What the socket has written reaches at least as far as this packet.
    const end = packet.tcpSequence + packet.payload.length;
    return (end - socket.unacknowledgedBytes) >>> 0;
  }

  /** Whether nobody with another program could have sent it instead. */
  isSure({ process, inode }: Owner): boolean {
    const { exe } = process;
    return exe !== null && this.#processes.isHeldOnlyBy(inode, exe);
  }

  /**
   * What the journal says of a sender; for after the verdict.
   *
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns The same object while nothing is read anew.
   */
  describe(owner: Owner | null, nowMs: number): ProcessField | null {
    if (owner === null) return null;
    const { process, uid } = owner;
    const { pid, exe, args } = process;
    const before = this.#described.get(process);
    if (
      before !== undefined && before.field.uid === uid &&
      before.field.exe === exe && before.field.args === args &&
      nowMs - before.atMs < FRESH_MS
    ) return before.field;
    const ancestors = this.#processes.describe(process, nowMs);
    const field = { pid, exe, args, uid, ancestors };
    this.#described.set(process, { field, atMs: nowMs });
    return field;
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#sockets[Symbol.dispose]();
    this.#processes[Symbol.dispose]();
  }
}

function tupleOf(queued: QueuedPacket, packet: Packet): Tuple {
  return {
    protocol: packet.protocol,
    source: packet.source,
    sourcePort: packet.sourcePort,
    destination: packet.destination,
    destinationPort: packet.destinationPort,
    interfaceIndex: queued.outInterface,
  };
}

/** A decision, and whether it holds for this sender's program only. */
export interface SureDecision {
  readonly decision: Decision;
  readonly isScoped: boolean;
}

/**
 * Decides for a sender, and for an unknown one where another program may have
 * sent the packet by the same socket: a scope must not be lent.
 *
 * @param decide The decision for a sender of that executable.
 */
export function decideSurely(
  owner: Owner | null,
  of: {
    readonly attribution: Pick<Attribution, "isSure">;
    readonly decide: (exe: string | null) => Decision;
  },
): SureDecision {
  const { attribution, decide } = of;
  const decision = decide(owner?.process.exe ?? null);
  const anyone = { decision, isScoped: false };
  if (owner === null || decision.decision === "deny") return anyone;
  const forAnyone = decide(null);
  if (forAnyone.decision === "allow") return anyone;
  return attribution.isSure(owner)
    ? { decision, isScoped: true }
    : { decision: forAnyone, isScoped: false };
}

/** Let out without asking the policy. */
export function letLive(why: Decision["why"]): SureDecision {
  const names: readonly string[] = [];
  return surely({ decision: "allow", enforced: true, why, rule: null, names });
}

/** A decision that holds for every program. */
export function surely(decision: Decision): SureDecision {
  return { decision, isScoped: false };
}

/** A packet as the policy sees it. */
export function flowOf(packet: Packet, owner: Owner | null): Flow {
  return {
    protocol: packet.protocol,
    destination: packet.destination,
    port: packet.destinationPort,
    sender: { exe: owner?.process.exe ?? null, step: null },
  };
}
