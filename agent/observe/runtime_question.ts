/**
 * One question to a container runtime, over its socket, without ever waiting
 * for the answer.
 *
 * Only sockets that root owns are asked: what a user's own runtime says could
 * be anything.
 *
 * @module
 */
import {
  type ContainerFacts,
  decodeContainerInspect,
} from "../decode/container_inspect.ts";
import type { ContainerRuntime } from "../decode/container_id.ts";
import { decodeHttpAnswer } from "../decode/http_answer.ts";
import type { Libc } from "../../ffi/libc.ts";
import { UnixClient } from "../../ffi/unix_client.ts";

/** Paths of sockets; who has none is not asked. */
export type RuntimeSockets = Readonly<
  Partial<Record<ContainerRuntime, string>>
>;

/** Where runtimes listen when root runs them. */
export const RUNTIME_SOCKETS: RuntimeSockets = {
  docker: "/run/docker.sock",
  podman: "/run/podman/podman.sock",
};

/** An answer is some ten thousand bytes. */
const MAX_ANSWER_BYTES = 1 << 20;
/** A runtime that starts the container answers when that is done. */
const DEADLINE_MS = 5_000;
const CHUNK = new Uint8Array(65_536);

/** What is asked, and of whom. */
export interface RuntimeQuestionOptions {
  readonly runtime: ContainerRuntime | null;
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly nowMs: number;
  /** Default {@linkcode RUNTIME_SOCKETS}. */
  readonly sockets?: RuntimeSockets;
}

/** A question that was asked. */
export class RuntimeQuestion implements Disposable {
  readonly #client: UnixClient;
  readonly #id: string;
  readonly #untilMs: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  private constructor(client: UnixClient, of: { id: string; untilMs: number }) {
    this.#client = client;
    this.#id = of.id;
    this.#untilMs = of.untilMs;
  }

  /**
   * Asks for one container.
   *
   * @param libc Must outlive the question.
   * @returns Null when there is nobody to ask.
   */
  static ask(
    libc: Libc,
    options: RuntimeQuestionOptions,
  ): RuntimeQuestion | null {
    const { runtime, id, nowMs, sockets = RUNTIME_SOCKETS } = options;
    const path = sockets[runtime ?? "docker"];
    if (path === undefined || !/^[0-9a-f]{64}$/.test(id)) return null;
    const client = UnixClient.connect(libc, path);
    if (client === null) return null;
    const request = `GET /containers/${id}/json HTTP/1.0\r\nHost: runtime\r\n` +
      "\r\n";
    if (client.send(new TextEncoder().encode(request))) {
      return new RuntimeQuestion(client, { id, untilMs: nowMs + DEADLINE_MS });
    }
    client[Symbol.dispose]();
    return null;
  }

  /** Readable when there is something of the answer. */
  get fd(): number {
    return this.#client.fd;
  }

  /**
   * Reads what has come.
   *
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns Undefined while there is more to come; null for no answer.
   */
  read(nowMs: number): ContainerFacts | null | undefined {
    for (;;) {
      let count: number;
      try {
        count = this.#client.receive(CHUNK);
      } catch {
        return null;
      }
      if (count === 0) return this.#decode();
      if (count < 0) return nowMs < this.#untilMs ? undefined : null;
      this.#bytes += count;
      if (this.#bytes > MAX_ANSWER_BYTES) return null;
      this.#chunks.push(CHUNK.slice(0, count));
    }
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
    this.#chunks = [];
  }

  #decode(): ContainerFacts | null {
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    const answer = decodeHttpAnswer(bytes);
    if (!answer.ok || answer.value.status !== 200) return null;
    const facts = decodeContainerInspect(answer.value.body);
    return facts.ok && facts.value.id === this.#id ? facts.value : null;
  }
}
