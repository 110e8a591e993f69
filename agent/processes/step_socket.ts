/**
 * The guard's end of `sluice step`: gives a process a step's name at its own
 * word.
 *
 * The kernel says who asks. A process in a named step cannot take another name,
 * whatever it starts or lets go of; where a runner's workflow names the steps,
 * nobody can. Elsewhere a name is the word of whoever begins a step.
 *
 * @module
 */
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import type { Socket } from "../../ffi/sockets.ts";
import { acceptNext, peerOf } from "../../ffi/unix_sockets.ts";
import type { ProcessPart } from "./process_part.ts";
import type { ProcessWorld } from "./process_world.ts";
import { MAX_STEP_BYTES, STEP_ANSWER, whyNoName } from "./step_message.ts";
import { listenForSteps, removeStepSocket } from "./step_place.ts";
import type { Steps } from "./steps.ts";

/** Whoever connects and says nothing makes room for others. */
const MAX_CLIENTS = 64;
const CLIENT_MS = 2_000;
/** For all users at once. */
const MAX_ACCEPTED = 16;

interface Client {
  readonly fd: number;
  readonly pid: number;
  readonly untilMs: number;
  /** Microseconds from boot: it connected after that. */
  readonly afterUs: number;
}

/** Listens from when it is made; without its place it does nothing. */
export class StepSocket implements ProcessPart, Disposable {
  readonly #world: ProcessWorld;
  readonly #steps: Steps;
  readonly #clients = new Set<Client>();
  readonly #buffer = new Uint8Array(MAX_STEP_BYTES + 1);
  #socket: Socket | null;
  #drainedUs: number;

  /** Both are lent. */
  constructor(world: ProcessWorld, steps: Steps) {
    this.#world = world;
    this.#steps = steps;
    this.#drainedUs = readClockUs(world.libc, CLOCK.BOOTTIME);
    this.#socket = listenForSteps(world.libc, world.order.stepSocket);
  }

  /** Readable when somebody connects, or says a name. */
  get fds(): readonly number[] {
    if (this.#socket === null) return [];
    const served = [...this.#clients].map(({ fd }) => fd);
    // Whoever waits to be accepted would wake us again and again.
    if (this.#clients.size >= MAX_CLIENTS) return served;
    return [this.#socket.fd, ...served];
  }

  /** {@inheritDoc ProcessPart.hear} */
  hear(): void {}

  /** {@inheritDoc Watched.attend} */
  attend(nowMs: number): void {
    if (this.#socket === null) return;
    for (const client of this.#clients) this.#serve(client, nowMs);
    this.#accept(this.#socket.fd, nowMs);
  }

  /** {@inheritDoc ProcessPart.end} */
  end(): void {
    this[Symbol.dispose]();
  }

  #accept(listenFd: number, nowMs: number): void {
    const { libc } = this.#world;
    const afterUs = this.#drainedUs;
    for (let count = 0; count < MAX_ACCEPTED; count++) {
      if (this.#clients.size >= MAX_CLIENTS) return;
      const fd = acceptNext(libc, listenFd);
      if (fd < 0) {
        // None waits: who is accepted next has connected after this.
        this.#drainedUs = readClockUs(libc, CLOCK.BOOTTIME);
        return;
      }
      const { pid } = peerOf(libc, fd);
      const client = { fd, pid, afterUs, untilMs: nowMs + CLIENT_MS };
      this.#clients.add(client);
      this.#serve(client, nowMs);
    }
  }

  #serve(client: Client, nowMs: number): void {
    const { symbols } = this.#world.libc;
    const { fd } = client;
    const size = BigInt(this.#buffer.length);
    const count = symbols.read(fd, this.#buffer, size);
    if (count < 0 && nowMs < client.untilMs) return;
    if (count >= 0) {
      const said = this.#buffer.subarray(0, count);
      const answer = new TextEncoder().encode(this.#answer(client, said));
      symbols.write(fd, answer, BigInt(answer.length));
    }
    this.#clients.delete(client);
    symbols.close(fd);
  }

  #answer({ pid, afterUs }: Client, said: Uint8Array): string {
    const { source, tree, order } = this.#world;
    const name = decodeName(said);
    if (name === null || whyNoName(name) !== null) return STEP_ANSWER.NAME;
    // A command's steps are below it, whatever else is on this machine.
    const isHost = order.scope === "host";
    if (isHost && this.#steps.hasRunners) return STEP_ANSWER.RUNNER;
    const descent = source.lineage.find(pid);
    const process = tree.find(pid);
    if (descent === null || process === null) return STEP_ANSWER.AGAIN;
    // A younger one may have the pid of whoever connected, and has ended.
    if (descent.startUs > afterUs) return STEP_ANSWER.AGAIN;
    const { root } = descent;
    if (root === null && !isHost) return STEP_ANSWER.OUTSIDE;
    if (root !== null && this.#steps.isNamed(root)) return STEP_ANSWER.NESTED;
    const isBegun = this.#steps.begin(process, { root: descent, step: name });
    return isBegun ? STEP_ANSWER.OK : STEP_ANSWER.FULL;
  }

  /** Takes the place away; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#socket === null) return;
    const { libc, order } = this.#world;
    for (const { fd } of this.#clients) libc.symbols.close(fd);
    this.#clients.clear();
    this.#socket[Symbol.dispose]();
    this.#socket = null;
    removeStepSocket(libc, order.stepSocket!);
  }
}

function decodeName(bytes: Uint8Array): string | null {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
