/**
 * Stands between a job and its container runtime: what gives a container rights
 * over the machine is refused, all else works.
 *
 * @module
 */
import {
  CONTAINERS_DIRECTORY,
  PlacedMounts,
} from "../enforce/containers/placed_mounts.ts";
import { AgentError } from "../errors.ts";
import type { SharedProcesses } from "../thread_messages.ts";
import { openPlace } from "../../ffi/bind_mounts.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { ownerOf } from "../../ffi/file_owner.ts";
import { readLink } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { Socket } from "../../ffi/sockets.ts";
import { peerOf } from "../../ffi/unix_sockets.ts";
import { connectStream, listenAt } from "../../ffi/unix_streams.ts";
import { WakeUp } from "../../ffi/wake_up.ts";
import type {
  FilteredSocket,
  FilterOrder,
  FilterReport,
} from "./filter_messages.ts";

/** Where a runtime listens that speaks the Engine API. */
const FILTERED_SOCKETS: readonly string[] = ["/var/run/docker.sock"];

/** How to filter. */
export interface ContainerFilterOptions {
  /** Paths; those that are not there are left out. */
  readonly sockets?: readonly string[];
  /**
   * Directories whose files containers may see, where there are any: each is
   * mounted over itself, so that no file there gives rights on the machine.
   */
  readonly workspaces: readonly string[];
  /** Takes events as `encodeEvent` gives them. */
  readonly onEvents: (encoded: readonly string[]) => void;
  /**
   * Null when processes are not watched: then events name no step. What is
   * mounted is mounted before it is waited for, so that nobody who watches then
   * takes it for a step's doing.
   */
  readonly processes: SharedProcesses | null | Promise<SharedProcesses | null>;
  /** Default {@linkcode CONTAINERS_DIRECTORY}. */
  readonly directory?: string;
}

/** Open from {@linkcode ContainerFilter.open} until it is closed. */
export class ContainerFilter {
  readonly #libc: Libc;
  readonly #options: ContainerFilterOptions;
  readonly #mounts: PlacedMounts;
  readonly #stack = new DisposableStack();
  readonly #sockets: FilteredSocket[] = [];
  readonly #listening: Socket[] = [];
  readonly #wakeUp: WakeUp;
  readonly #done = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<string>();
  #worker: Worker | null = null;

  private constructor(libc: Libc, options: ContainerFilterOptions) {
    this.#libc = libc;
    this.#options = options;
    const { directory = CONTAINERS_DIRECTORY } = options;
    this.#mounts = PlacedMounts.begin(libc, directory);
    this.#wakeUp = this.#stack.use(new WakeUp(libc));
  }

  /**
   * Puts itself in the place of the runtimes' sockets.
   *
   * @param libc Must outlive the filter.
   * @throws {AgentError} `lockdown_failed`, with nothing left behind.
   */
  static async open(
    libc: Libc,
    options: ContainerFilterOptions,
  ): Promise<ContainerFilter> {
    const filter = new ContainerFilter(libc, options);
    try {
      for (const path of options.workspaces) filter.#limit(path);
      for (const path of options.sockets ?? FILTERED_SOCKETS) {
        filter.#listen(path);
      }
      await filter.#start();
      // Last: until then the runtime itself answers.
      for (const { ownPath, path } of filter.#sockets) {
        filter.#mounts.bind(ownPath, path);
      }
      return filter;
    } catch (error) {
      await filter.close();
      if (!(error instanceof SystemCallError)) throw error;
      throw new AgentError("lockdown_failed", {
        what: "Cannot filter requests to container runtimes",
        why: error.message,
        hint: "Set containers to refuse or to allow",
        cause: error,
      });
    }
  }

  /** The runtimes' sockets that are filtered, without links. */
  get paths(): readonly string[] {
    return this.#sockets.map(({ path }) => path);
  }

  /** Says why, when it has ended by itself; else it is never settled. */
  get lost(): Promise<string> {
    return this.#lost.promise;
  }

  /**
   * Tries whether whoever connects reaches the filter.
   *
   * @returns A sentence for each socket where he does not.
   */
  verify(): string[] {
    return this.paths.filter((path) => !this.#isServed(path))
      .map((path) => `${path} leads to another program than the filter`);
  }

  /** Takes itself away; the machine is as it was. */
  async close(): Promise<void> {
    this.#mounts.undo();
    if (this.#worker !== null) {
      this.#wakeUp.set();
      await this.#done.promise;
      this.#worker.terminate();
      this.#worker = null;
    }
    this.#stack.dispose();
  }

  #limit(path: string): void {
    const fd = this.#open(path);
    if (fd === null) return;
    const real = readLink(this.#libc, `/proc/self/fd/${fd}`);
    if (real !== null) this.#mounts.limit(real);
  }

  #listen(given: string): void {
    const libc = this.#libc;
    const runtimeFd = this.#open(given);
    if (runtimeFd === null) return;
    const owner = ownerOf(libc, runtimeFd);
    const path = readLink(libc, `/proc/self/fd/${runtimeFd}`);
    if (path === null || owner.kind !== "socket") return;
    if (this.paths.includes(path)) return;
    const name = `${this.#sockets.length}.sock`;
    const ownPath = `${this.#mounts.directory}/${name}`;
    const socket = this.#stack.use(listenAt(libc, ownPath, owner));
    this.#listening.push(socket);
    const listenFd = socket.fd;
    this.#sockets.push({ listenFd, runtimeFd, path, ownPath });
  }

  /** @returns Null for what is not there; closed with the filter. */
  #open(path: string): number | null {
    try {
      const fd = openPlace(this.#libc, path);
      this.#stack.defer(() => void this.#libc.symbols.close(fd));
      return fd;
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    }
  }

  async #start(): Promise<void> {
    const url = new URL("./filter_worker.ts", import.meta.url).href;
    const worker = this.#worker = new Worker(url, { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FilterReport>) =>
      this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(event.message);
    };
    const { workspaces } = this.#options;
    const order: FilterOrder = {
      sockets: this.#sockets,
      workspaces: workspaces.map((path) => this.#realPath(path)),
      directory: this.#mounts.directory,
      processes: await this.#options.processes,
      stopFd: this.#wakeUp.fd,
    };
    worker.postMessage(order);
    await this.#ready.promise;
  }

  #realPath(path: string): string {
    const fd = this.#open(path);
    const link = fd === null
      ? null
      : readLink(this.#libc, `/proc/self/fd/${fd}`);
    return link ?? path;
  }

  #hear(report: FilterReport): void {
    switch (report.kind) {
      case "ready":
        return this.#ready.resolve();
      case "events":
        return this.#options.onEvents(report.encoded);
      case "done":
        return this.#done.resolve();
      case "failed":
        return this.#lose(report.why);
    }
  }

  /** What leads to it refuses everything from now on, and at once. */
  #lose(message: string): void {
    for (const socket of this.#listening) socket[Symbol.dispose]();
    this.#done.resolve();
    this.#lost.resolve(message);
    this.#ready.reject(
      new AgentError("lockdown_failed", {
        what: "Cannot run the filter of container requests",
        why: message,
        hint: "Set containers to refuse or to allow",
      }),
    );
  }

  #isServed(path: string): boolean {
    const { symbols } = this.#libc;
    const fd = connectStream(this.#libc, path);
    if (fd < 0) return false;
    try {
      return peerOf(this.#libc, fd).pid === symbols.getpid();
    } finally {
      symbols.close(fd);
    }
  }
}
