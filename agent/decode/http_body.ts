/**
 * The content of an HTTP/1 body, taken out of what frames it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-6 | RFC 9112}
 * @module
 */
import { HttpChunks } from "./http_chunks.ts";

/** What some bytes came to. */
export type HttpBodyStep =
  | {
    readonly kind: "read";
    /** Views, in their order. */
    readonly content: readonly Uint8Array[];
    /** So many of the bytes belong to the body. */
    readonly length: number;
    /** Whether the body ends with them. */
    readonly ended: boolean;
  }
  | { readonly kind: "refused"; readonly why: string };

/** Reads one body, in pieces of any length. */
export class HttpBody {
  /** Bytes that are still to come, or its chunks. */
  readonly #chunks: HttpChunks | null;
  #left: number;
  #isEnded: boolean;

  /** @param framing As a head says it; null for no body. */
  constructor(framing: number | "chunked" | null) {
    this.#chunks = framing === "chunked" ? new HttpChunks() : null;
    this.#left = typeof framing === "number" ? framing : 0;
    this.#isEnded = this.#chunks === null && this.#left === 0;
  }

  /** Whether nothing more belongs to it. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Reads on. */
  read(bytes: Uint8Array): HttpBodyStep {
    if (this.#isEnded) {
      return { kind: "read", content: [], length: 0, ended: true };
    }
    if (this.#chunks !== null) return this.#readChunks(this.#chunks, bytes);
    const length = Math.min(this.#left, bytes.length);
    this.#left -= length;
    this.#isEnded = this.#left === 0;
    const content = length === 0 ? [] : [bytes.subarray(0, length)];
    return { kind: "read", content, length, ended: this.#isEnded };
  }

  #readChunks(chunks: HttpChunks, bytes: Uint8Array): HttpBodyStep {
    const content: Uint8Array[] = [];
    let from = 0;
    const take = (until: number) => {
      if (until > from) content.push(bytes.subarray(from, until));
    };
    const step = chunks.read(bytes, (start, end) => {
      take(start);
      from = end;
    });
    if (step.kind === "refused") return step;
    take(step.length);
    this.#isEnded = step.ended;
    return { kind: "read", content, length: step.length, ended: step.ended };
  }
}
