/**
 * One question to the runtime, of which only the runtime's thread of ours waits
 * for the answer.
 *
 * @module
 */
import type { Answer } from "../decide/containers/answers.ts";
import { pathOf } from "../decide/containers/answers.ts";
import type { Question } from "../decide/containers/judged_body.ts";
import { decodeHttpAnswer } from "../decode/http_answer.ts";
import { decodeJson } from "../decode/strict_json.ts";
import { ByteQueue } from "./byte_queue.ts";
import type { Stream } from "./stream.ts";

/** What a runtime says of a container is some ten thousand bytes. */
const MAX_BYTES = 1 << 22;
const NOTHING: Answer = { status: 0, body: null };

/** Asked, until it is answered. */
export class RuntimeAnswer implements Disposable {
  readonly #stream: Stream;
  readonly #bytes = new ByteQueue();

  /** @param stream Newly connected; it is the question's from now on. */
  constructor(stream: Stream, question: Question) {
    this.#stream = stream;
    // An answer in HTTP/1.0 ends with its connection.
    const request = `GET ${pathOf(question)} HTTP/1.0\r\nHost: docker\r\n\r\n`;
    stream.send(new TextEncoder().encode(request));
  }

  /** Readable when there is something of the answer. */
  get fd(): number {
    return this.#stream.fd;
  }

  /** @returns Null while there is more to come; status 0 for no answer. */
  read(): Answer | null {
    for (;;) {
      const bytes = this.#stream.receive();
      if (bytes === null) return null;
      if (bytes.length === 0) return this.#decode();
      this.#bytes.add(bytes);
      if (this.#bytes.length > MAX_BYTES) return NOTHING;
    }
  }

  #decode(): Answer {
    const answer = decodeHttpAnswer(this.#bytes.take());
    if (!answer.ok) return NOTHING;
    const { status, body } = answer.value;
    const value = decodeJson(body);
    return value.ok ? { status, body: value.value } : { status, body: null };
  }

  /** Closes its connection; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]();
  }
}
