/**
 * The body of an HTTP/1 request that comes in chunks.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-7.1 | RFC 9112}
 * @module
 */
import { emptyFields, readField } from "./http_fields.ts";

/** What was read of a body. */
export type ChunksStep =
  | {
    readonly kind: "read";
    /** So many of the bytes belong to the body. */
    readonly length: number;
    /** Whether the body ends with them. */
    readonly ended: boolean;
  }
  | { readonly kind: "refused"; readonly why: string };

/** Told where bytes are that say how long something is. */
export type Mark = (start: number, end: number) => void;

const CODE = { LF: 0x0a, CR: 0x0d } as const;
/** A size of 2^48 bytes; as many digits as are exact in a number. */
const MAX_SIZE_DIGITS = 12;
const SIZE = /^[0-9A-Fa-f]+$/;
/** Of the fields behind the last chunk, together. */
const MAX_TRAILER_BYTES = 8192;

/**
 * Reads one body, in pieces of any length.
 *
 * Stricter than the RFC where servers differ: no extensions of a chunk, no bare
 * line feed, no field behind the chunks that belongs in front of them.
 */
export class HttpChunks {
  #state: "size" | "data" | "data_end" | "trailer" = "size";
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** A line that is not complete: one byte, one character. */
  #line = "";
  #trailerBytes = 0;
  #isEnd = false;

  /**
   * Reads on.
   *
   * @param bytes What follows the bytes before.
   * @param mark Told of the bytes that are not a chunk's data.
   */
  read(bytes: Uint8Array, mark: Mark): ChunksStep {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "data") {
        const taken = Math.min(this.#left, bytes.length - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) this.#state = "data_end";
        continue;
      }
      const start = at;
      const lineEnd = bytes.indexOf(CODE.LF, at);
      at = lineEnd < 0 ? bytes.length : lineEnd + 1;
      mark(start, at);
      for (let each = start; each < at; each++) {
        this.#line += String.fromCharCode(bytes[each]!);
        if (this.#line.length > MAX_TRAILER_BYTES) {
          return refuse("chunk's line is too long");
        }
      }
      const why = lineEnd < 0 ? this.#refusalOfPart() : this.#readLine();
      if (why !== null) return refuse(why);
      if (this.#isEnd) return { kind: "read", length: at, ended: true };
    }
    return { kind: "read", length: bytes.length, ended: false };
  }

  /** Why no end of the line could make it one. */
  #refusalOfPart(): string | null {
    const text = this.#line.endsWith("\r")
      ? this.#line.slice(0, -1)
      : this.#line;
    switch (this.#state) {
      case "size":
        return text === "" && !this.#line.endsWith("\r") ||
            SIZE.test(text) && text.length <= MAX_SIZE_DIGITS
          ? null
          : "chunk's size is malformed";
      case "data_end":
        return this.#line === "\r" ? null : "chunk is longer than its size";
      default:
        return null;
    }
  }

  #readLine(): string | null {
    const line = this.#line;
    this.#line = "";
    if (!line.endsWith("\r\n")) return "chunk's line ends without CR";
    const text = line.slice(0, -2);
    switch (this.#state) {
      case "size":
        if (!SIZE.test(text) || text.length > MAX_SIZE_DIGITS) {
          return "chunk's size is malformed";
        }
        this.#left = parseInt(text, 16);
        this.#state = this.#left === 0 ? "trailer" : "data";
        return null;
      case "data_end":
        this.#state = "size";
        return text === "" ? null : "chunk is longer than its size";
      default:
        return this.#readTrailer(text);
    }
  }

  #readTrailer(text: string): string | null {
    if (text === "") {
      this.#isEnd = true;
      return null;
    }
    this.#trailerBytes += text.length;
    if (this.#trailerBytes > MAX_TRAILER_BYTES) return "trailer is too long";
    const fields = emptyFields();
    const why = readField(text, fields);
    if (why !== null) return why;
    // RFC 9110 section 6.5.1; some servers would take them for the head's.
    const isHead = fields.host !== null || fields.contentLength !== null ||
      fields.chunked || fields.upgrade !== null || fields.connection.length > 0;
    return isHead ? "trailer says what belongs in the head" : null;
  }
}

function refuse(why: string): ChunksStep {
  return { kind: "refused", why };
}
