/**
 * Who asks: the process at the other end of a socket, as the journal names it.
 *
 * @module
 */
import { KnownProcess } from "../observe/known_process.ts";
import { ProcFiles } from "../observe/proc_files.ts";
import { openProcesses, type Origins } from "../origins.ts";
import { BY_NOBODY, type Done } from "../record/done.ts";
import { redactArguments } from "../record/redact.ts";
import type { SharedProcesses } from "../thread_messages.ts";
import type { Libc } from "../../ffi/libc.ts";
import { peerOf } from "../../ffi/unix_sockets.ts";

/** A chain longer than this is cut: somebody forked it to be long. */
const MAX_ANCESTORS = 32;

/** A client, held by descriptors: nobody who has its pid later is it. */
export interface Client extends Disposable {
  /** What the journal says of it. */
  describe(): Done;
}

/** Finds clients. */
export class Clients implements Disposable {
  readonly #libc: Libc;
  readonly #files: ProcFiles;
  readonly #origins: Origins | null;
  readonly #stack = new DisposableStack();

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, shared: SharedProcesses | null) {
    this.#libc = libc;
    this.#files = new ProcFiles(libc);
    const stack = this.#stack;
    this.#origins = openProcesses(libc, { shared, stack }).origins;
  }

  /** The process that has connected, as it is now. */
  meet(fd: number): Client {
    const { pid, uid } = peerOf(this.#libc, fd);
    const process = new KnownProcess(this.#files, pid);
    return {
      describe: () => pid === 0 ? BY_NOBODY : this.#describe(process, uid),
      [Symbol.dispose]: () => process[Symbol.dispose](),
    };
  }

  #describe(process: KnownProcess, uid: number): Done {
    process.read();
    process.readContainer();
    const { pid, exe, args, container } = process;
    if (process.startTicks === 0) return BY_NOBODY;
    const descent = this.#origins?.descentOf(process) ?? null;
    const origin = this.#origins?.of(descent) ?? null;
    const substep = origin?.substep ?? null;
    const ancestors = this.#listAbove(process);
    return {
      step: origin?.step ?? null,
      ...(substep === null ? {} : { substep }),
      process: { pid, exe, args: redactArguments(args), uid, ancestors },
      container,
    };
  }

  #listAbove({ parentPid }: KnownProcess) {
    const ancestors: { pid: number; exe: string | null }[] = [];
    let pid = parentPid;
    while (pid > 0 && ancestors.length < MAX_ANCESTORS) {
      using parent = new KnownProcess(this.#files, pid);
      ancestors.push({ pid, exe: parent.exe });
      pid = parent.parentPid;
    }
    return ancestors;
  }

  /** Closes what it has opened; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}
