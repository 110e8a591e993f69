/**
 * Carries an accepted request to the runtime, and what comes back.
 *
 * @module
 */
import type { Behind } from "../decide/containers/routes.ts";
import type { HttpBody } from "../decode/http_body.ts";
import { decodeHttpReply, type HttpReply } from "../decode/http_reply.ts";
import { POLL, type PollEntry } from "../../ffi/poll_set.ts";
import { BuildkitRelay } from "./buildkit_relay.ts";
import { ByteQueue } from "./byte_queue.ts";
import { LAST_CHUNK, writeContent } from "./request_writer.ts";
import type { Stream } from "./stream.ts";

/** How Docker says that the bytes of a terminal follow, if not by 101. */
const STREAM_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.docker.raw-stream",
  "application/vnd.docker.multiplexed-stream",
]);
const MAX_EARLY_BYTES = 1 << 20;

/** What the relay works with; both streams are lent. */
export interface RelayOptions {
  readonly client: Stream;
  readonly runtime: Stream;
  readonly behind: Behind;
  readonly body: HttpBody;
  /** Whether the body goes on in chunks. */
  readonly isChunked: boolean;
  /** What has come of the body, and behind it. */
  readonly rest: Uint8Array;
  /** Told of a call that was refused: what it was, and why. */
  readonly onRefused: (what: string, why: string) => void;
}

/** Both directions, until one has nobody left. */
export class Relay {
  readonly #options: RelayOptions;
  /** What came behind the body: only a stream has a use for it. */
  readonly #early = new ByteQueue();
  readonly #replyHead = new ByteQueue();
  #hasReply = false;
  #isStream = false;
  /** What the stream goes through, when it is of calls. */
  #calls: BuildkitRelay | null = null;
  #isBodyEnded: boolean;
  #isClientEnded = false;
  #isRuntimeEnded = false;
  #hasHungUp = false;
  #isClientGone = false;

  /** Begins with what has come already. */
  constructor(options: RelayOptions) {
    this.#options = options;
    this.#isBodyEnded = options.body.isEnded;
    this.#take(options.rest);
  }

  /** What to wait for: the client, then the runtime. */
  get entries(): readonly [PollEntry, PollEntry] {
    const { client, runtime } = this.#options;
    const listens = this.#listensToClient && this.#hasRoom;
    const hears = !this.#isRuntimeEnded && client.hasRoom;
    // Its end is told again and again, also while nothing can be done for it.
    const isIdle = this.#isClientGone || this.#hasHungUp && !listens;
    return [
      {
        fd: isIdle ? -1 : client.fd,
        events: (listens ? POLL.IN : 0) | client.events,
      },
      {
        fd: this.#isRuntimeEnded ? -1 : runtime.fd,
        events: (hears ? POLL.IN : 0) | runtime.events,
      },
    ];
  }

  /**
   * Carries on.
   *
   * @param hasHungUp Whether the client neither sends nor receives any more.
   * @returns Whether all is over.
   */
  carry(hasHungUp: boolean): boolean {
    const { client, runtime } = this.#options;
    client.flush();
    runtime.flush();
    this.#carryRequest();
    this.#carryReply();
    this.#hasHungUp ||= hasHungUp;
    this.#isClientGone ||= this.#hasHungUp && !this.#listensToClient;
    if (client.isGone || (this.#isClientGone && runtime.isEmpty)) return true;
    return this.#isRuntimeEnded && client.isEmpty;
  }

  /** A client who does not read is not answered without end. */
  get #hasRoom(): boolean {
    const { client, runtime } = this.#options;
    return runtime.hasRoom && (this.#calls === null || client.hasRoom);
  }

  get #listensToClient(): boolean {
    if (this.#isClientEnded || this.#options.runtime.isGone) return false;
    return !this.#isBodyEnded || this.#isStream;
  }

  #carryRequest(): void {
    const { client, runtime } = this.#options;
    while (this.#listensToClient && this.#hasRoom) {
      const bytes = client.receive();
      if (bytes === null) return;
      if (bytes.length > 0) {
        this.#take(bytes);
        continue;
      }
      this.#isClientEnded = true;
      // Half of a body must not pass for a whole one.
      if (!this.#isBodyEnded) this.#isClientGone = true;
      else runtime.end();
    }
  }

  #take(bytes: Uint8Array): void {
    const { runtime, body, isChunked } = this.#options;
    if (this.#isStream) return this.#sendOn(bytes);
    if (this.#isBodyEnded) return this.#keepEarly(bytes);
    const step = body.read(bytes);
    if (step.kind === "refused") {
      this.#isClientEnded = this.#isClientGone = true;
      return;
    }
    for (const content of step.content) {
      for (const piece of writeContent(content, isChunked)) runtime.send(piece);
    }
    if (!step.ended) return;
    this.#isBodyEnded = true;
    if (isChunked) runtime.send(LAST_CHUNK);
    this.#keepEarly(bytes.subarray(step.length));
  }

  #sendOn(bytes: Uint8Array): void {
    if (this.#calls === null) return this.#options.runtime.send(bytes);
    if (!this.#calls.fromClient(bytes)) this.#hangUp();
  }

  #keepEarly(bytes: Uint8Array): void {
    const { behind } = this.#options;
    if (behind === "nothing" || bytes.length === 0) return;
    if (this.#early.length < MAX_EARLY_BYTES) this.#early.add(bytes);
    else this.#isClientGone = true;
  }

  #carryReply(): void {
    const { client, runtime } = this.#options;
    while (!this.#isRuntimeEnded && client.hasRoom) {
      const bytes = runtime.receive();
      if (bytes === null) return;
      if (bytes.length === 0) return this.#hangUp();
      if (this.#hasReply) this.#sendBack(bytes);
      else this.#readReply(bytes);
    }
  }

  #sendBack(bytes: Uint8Array): void {
    if (this.#calls === null) return this.#options.client.send(bytes);
    if (!this.#calls.fromRuntime(bytes)) this.#hangUp();
  }

  /** Nothing more comes, and nothing is taken. */
  #hangUp(): void {
    this.#isRuntimeEnded = true;
    if (this.#calls !== null) this.#isClientEnded = true;
    this.#options.client.end();
  }

  #readReply(bytes: Uint8Array): void {
    const { client, runtime, behind, onRefused } = this.#options;
    this.#replyHead.add(bytes);
    const reply = decodeHttpReply(this.#replyHead.peek());
    if (reply === undefined) return;
    if (reply === null) return this.#hangUp();
    this.#hasReply = true;
    const begun = this.#replyHead.take();
    client.send(begun.subarray(0, reply.headBytes));
    this.#isStream = this.#becomesStream(reply);
    if (this.#isStream && behind === "buildkit") {
      const toClient = (bytes: Uint8Array) => client.send(bytes);
      const toRuntime = (bytes: Uint8Array) => runtime.send(bytes);
      this.#calls = new BuildkitRelay({ toClient, toRuntime, onRefused });
    }
    const early = this.#early.take();
    if (this.#isStream && early.length > 0) this.#sendOn(early);
    const more = begun.subarray(reply.headBytes);
    if (!this.#isRuntimeEnded && more.length > 0) this.#sendBack(more);
  }

  #becomesStream({ status, contentType }: HttpReply): boolean {
    const { behind } = this.#options;
    if (behind === "nothing") return false;
    if (status === 101) return true;
    return behind === "stream" && status === 200 &&
      STREAM_TYPES.has(contentType);
  }
}
