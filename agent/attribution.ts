/**
 * From a held packet to the process that sent it.
 *
 * @module
 */
import { PROTOCOL } from "./decode/packet.ts";
import type { Sender } from "./decide/decision.ts";
import { HOOK } from "./decode/nfqueue.ts";
import type { SocketFiles } from "./observe/bpf/socket_files.ts";
import { ForwardedSockets } from "./observe/forwarded_sockets.ts";
import type { Descent } from "./observe/process_source.ts";
import { type Process, ProcessTable } from "./observe/processes.ts";
import { findRawSocket } from "./observe/raw_sockets.ts";
import { SocketDiagnostics, type Tuple } from "./observe/socket_diagnostics.ts";
import { isRunner, type Origin, type Origins } from "./origins.ts";
import type { Seen } from "./outcome.ts";
import { tupleOf } from "./packet_ends.ts";
import { BY_NOBODY, type Done } from "./record/done.ts";
import { redactArguments } from "./record/redact.ts";
import { NOBODY, type Scopes } from "./scopes.ts";
import type { Libc } from "../ffi/libc.ts";

/** <net/tcp_states.h> */
const TCP_SYN_SENT = 2;
/** A description is given again for this long. */
const FRESH_MS = 100;

interface Described {
  readonly done: Done;
  readonly origin: Origin | null;
  readonly exe: string | null;
  readonly args: readonly string[];
  readonly uid: number;
  readonly atMs: number;
}

/** Who sent a packet, as far as it could be found. */
export interface Owner {
  readonly process: Process;
  readonly uid: number;
  /** Of the socket. */
  readonly inode: number;
  /** Where the process comes from; null when that is not known. */
  readonly descent: Descent | null;
  /**
   * Whether it sends from another network namespace, where a path of a program
   * need not mean what it means here.
   */
  readonly isForwarded: boolean;
}

/** How to look senders up. */
export interface AttributionOptions {
  /** As in `ProcessTableOptions`. */
  readonly procsPath: string | null;
  /** What the policy asks about senders. */
  readonly scopes: Scopes;
  /** Null when processes are not watched. Borrowed. */
  readonly origins: Origins | null;
  /** As in `ProcessTableOptions`. */
  readonly files: SocketFiles | null;
}

/** Looks senders up while their packets are held. */
export class Attribution implements Disposable {
  readonly #libc: Libc;
  readonly #sockets: SocketDiagnostics;
  readonly #forwarded: ForwardedSockets;
  readonly #processes: ProcessTable;
  readonly #scopes: Scopes;
  readonly #origins: Origins | null;
  readonly #described = new WeakMap<Process, Described>();

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, options: AttributionOptions) {
    const { procsPath, scopes, origins, files } = options;
    this.#libc = libc;
    this.#scopes = scopes;
    this.#origins = origins;
    this.#sockets = new SocketDiagnostics(libc);
    this.#forwarded = new ForwardedSockets(libc);
    const { programs, hashed } = scopes;
    this.#processes = new ProcessTable(libc, {
      ...{ procsPath, programs, hashed, files },
    });
    this.#processes.warmUp();
  }

  /** Finds the sender; null for the kernel, or when it is not known. */
  find(seen: Seen): Owner | null {
    const { queued, packet, nowMs } = seen;
    if (queued.hook === HOOK.FORWARD) return this.#findForwarded(seen);
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
    // Now: the kernel forgets it at the end of the process.
    const descent = this.#descentOf(process);
    return { process, uid, inode, descent, isForwarded: false };
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

  /** The sender, as far as the policy asks about it. */
  senderOf(owner: Omit<Owner, "uid" | "inode"> | null): Sender {
    if (owner === null) return NOBODY;
    const { process, descent, isForwarded } = owner;
    const { isAny, asksStep, asksAncestors, hashed } = this.#scopes;
    const isOfRunner = descent !== null && isRunner(descent);
    if (!isAny && !isOfRunner) return NOBODY;
    const step = asksStep ? this.#originOf(descent)?.step ?? null : null;
    if (isForwarded) return { ...NOBODY, step };
    const exe = this.#programOf(process, descent);
    const sha256 = exe !== null && hashed.has(exe)
      ? this.#processes.hashOf(process)
      : null;
    const sender = { exe, step, isRunner: isOfRunner, sha256 };
    if (!asksAncestors) return sender;
    const { programs: ancestors, isWhole: isAncestryWhole } = this.#processes
      .ancestryOf(process, {
        isMaker: (child) => this.#isMadeByParent(child),
        programOf: (one) => this.#programOf(one, this.#descentOf(one)),
      });
    return { ...sender, ancestors, isAncestryWhole };
  }

  /**
   * Whether nobody else could have sent it instead.
   *
   * @param accept Whether it might have been that sender as well.
   */
  isSure(
    { inode, process: owner, isForwarded }: Owner,
    accept: (one: Sender) => boolean,
  ): boolean {
    return this.#processes.isHeldOnlyBy(inode, {
      owner,
      accept: (process) => {
        const descent = this.#descentOf(process);
        return accept(this.senderOf({ process, descent, isForwarded }));
      },
    });
  }

  /** Whether a process is the one that would send a packet. */
  isSender(tuple: Tuple, { process }: Owner): boolean {
    const inode = this.#sockets.find(tuple)?.inode ?? 0;
    return this.#processes.isHolder(inode, process);
  }

  /**
   * What the journal says of a sender; for after the verdict.
   *
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns The same object while nothing is read anew.
   */
  describe(owner: Owner | null, nowMs: number): Done {
    if (owner === null) return BY_NOBODY;
    const { process, uid, descent } = owner;
    const { pid, exe, args } = process;
    const origin = this.#originOf(descent);
    const before = this.#described.get(process);
    if (
      before !== undefined && before.uid === uid && before.exe === exe &&
      before.args === args && isSame(before.origin, origin) &&
      nowMs - before.atMs < FRESH_MS
    ) return before.done;
    const ancestors = this.#processes.describe(process, nowMs);
    const done = {
      step: origin?.step ?? null,
      ...(origin?.substep == null ? {} : { substep: origin.substep }),
      process: { pid, exe, args: redactArguments(args), uid, ancestors },
      container: process.container,
    };
    const described = { done, origin, exe, args, uid, atMs: nowMs };
    this.#described.set(process, described);
    return done;
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#forwarded[Symbol.dispose]();
    this.#sockets[Symbol.dispose]();
    this.#processes[Symbol.dispose]();
  }

  /**
   * What a policy may go by: neither what another file is behind, nor what the
   * process has not executed.
   */
  #programOf(process: Process, descent: Descent | null): string | null {
    const { program } = process;
    if (program === null || this.#origins === null) return program;
    // Nobody gets an entry by filling the kernel's map until it is not in it.
    const executed = descent === null ? null : descent.program;
    const isExecuted = executed === undefined ||
      this.#processes.isExecuted(program, executed);
    return isExecuted ? program : null;
  }

  #descentOf(process: Process): Descent | null {
    return this.#origins?.descentOf(process) ?? null;
  }

  /** Orphans have another parent than the one that made them. */
  #isMadeByParent(process: Process): boolean {
    const descent = this.#descentOf(process);
    return descent?.parentPid === process.parentPid;
  }

  #findForwarded(seen: Seen): Owner | null {
    const socket = this.#forwarded.find(seen);
    if (socket === null) return null;
    const { inode, uid, place } = socket;
    const { nowMs } = seen;
    const process = this.#processes.findIn(place, { inode, nowMs });
    if (process === null) return null;
    const descent = this.#descentOf(process);
    return { process, uid, inode, descent, isForwarded: true };
  }

  #originOf(descent: Descent | null): Origin | null {
    return this.#origins?.of(descent) ?? null;
  }
}

function isSame(one: Origin | null, other: Origin | null): boolean {
  return one?.step === other?.step && one?.substep === other?.substep;
}
