/**
 * The loop between clients and container runtimes; it never awaits.
 *
 * @module
 */
import { EventBatch } from "../event_batch.ts";
import { PlacedMounts } from "../enforce/containers/placed_mounts.ts";
import { Sparing } from "../processes/sparing.ts";
import type { Libc } from "../../ffi/libc.ts";
import { POLL, type PollEntry, PollSet } from "../../ffi/poll_set.ts";
import { connectStream } from "../../ffi/unix_streams.ts";
import { acceptNext } from "../../ffi/unix_sockets.ts";
import { BindPlaces } from "./bind_places.ts";
import { type Client, Clients } from "./clients.ts";
import { Exchange } from "./exchange.ts";
import type {
  FilteredSocket,
  FilterOrder,
  FilterReport,
} from "./filter_messages.ts";
import { Stream } from "./stream.ts";

/** Whoever comes when there are so many waits. */
const MAX_EXCHANGES = 256;
/** How often time is looked at when nothing comes. */
const IDLE_MS = 200;

interface Served {
  readonly exchange: Exchange;
  readonly client: Client;
}

/** The loop and all that it owns. */
export class FilterThread {
  readonly #libc: Libc;
  readonly #order: FilterOrder;
  readonly #batch: EventBatch;
  readonly #poll: PollSet;
  readonly #places: BindPlaces;
  readonly #sparing = new Sparing();
  readonly #served = new Set<Served>();

  /** @param libc Must outlive this object. */
  constructor(
    libc: Libc,
    options: {
      readonly order: FilterOrder;
      readonly post: (report: FilterReport) => void;
    },
  ) {
    const { order, post } = options;
    this.#libc = libc;
    this.#order = order;
    this.#batch = new EventBatch((encoded) =>
      post({ kind: "events", encoded })
    );
    this.#poll = new PollSet(libc);
    const { workspaces, sockets, directory } = order;
    this.#places = new BindPlaces(libc, {
      workspaces,
      sockets: new Map(sockets.map(({ path, ownPath }) => [path, ownPath])),
      mounts: PlacedMounts.of(libc, directory),
    });
  }

  /** Serves until the stop descriptor is readable; blocks. */
  run(): void {
    using clients = new Clients(this.#libc, this.#order.processes);
    try {
      while (this.#serve(clients));
    } finally {
      for (const served of [...this.#served]) this.#forget(served);
      this.#batch.flush();
    }
  }

  #serve(clients: Clients): boolean {
    const { stopFd, sockets } = this.#order;
    const listens = this.#served.size < MAX_EXCHANGES ? POLL.IN : 0;
    const entries: PollEntry[] = [
      { fd: stopFd, events: POLL.IN },
      ...sockets.map(({ listenFd: fd }) => ({ fd, events: listens })),
    ];
    const served = [...this.#served].map((each) => {
      const first = entries.length;
      entries.push(...each.exchange.entries);
      return { each, first };
    });
    const found = this.#poll.wait(entries, IDLE_MS);
    if (found[0] !== 0) return false;
    const nowMs = performance.now();
    for (const { each, first } of served) {
      const hasHungUp = (found[first]! & (POLL.HUP | POLL.ERR)) !== 0;
      if (each.exchange.attend(nowMs, hasHungUp)) this.#forget(each);
    }
    for (const [index, socket] of sockets.entries()) {
      if (found[index + 1] !== 0) this.#accept(socket, { clients, nowMs });
    }
    this.#batch.flushDue(nowMs);
    return true;
  }

  #accept(
    { listenFd, runtimeFd }: FilteredSocket,
    of: { readonly clients: Clients; readonly nowMs: number },
  ): void {
    const libc = this.#libc;
    while (this.#served.size < MAX_EXCHANGES) {
      const fd = acceptNext(libc, listenFd);
      if (fd < 0) return;
      const client = of.clients.meet(fd);
      const exchange = new Exchange({
        client: new Stream(libc, fd),
        places: this.#places,
        // What is at the path by now is our own socket.
        connect: () => {
          const runtime = connectStream(libc, `/proc/self/fd/${runtimeFd}`);
          return runtime < 0 ? null : new Stream(libc, runtime);
        },
        onRefused: (what, why) => this.#tell(client, { what, why }),
      }, of.nowMs);
      this.#served.add({ exchange, client });
    }
  }

  #tell(
    client: Client,
    { what, why }: { readonly what: string; readonly why: string },
  ): void {
    const done = client.describe();
    const key = JSON.stringify([done.step, done.process?.exe, what, why]);
    const count = this.#sparing.count(key);
    if (count === null) return;
    const more = count === 1 ? "" : ` (${count} times)`;
    this.#batch.tell({
      kind: "privilege",
      ...done,
      rule: "container-refused",
      reason: `${what} was refused: ${why}${more}`,
      denied: true,
    });
  }

  #forget(served: Served): void {
    this.#served.delete(served);
    served.exchange[Symbol.dispose]();
    served.client[Symbol.dispose]();
  }
}
