/**
 * All requests that an HTTP/1 client sends over one connection.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112 | RFC 9112}
 * @module
 */
import { HttpChunks } from "./http_chunks.ts";
import { decodeHttpRequest, type HttpRequest } from "./http_host.ts";

/** What some bytes came to. */
export type HttpStep =
  | {
    readonly kind: "walked";
    /** Requests whose heads end in these bytes, in their order. */
    readonly requests: readonly HttpRequest[];
    /** So many bytes were walked over: all, unless the walk is over. */
    readonly length: number;
    /**
     * Where in these bytes stands what says where requests begin and end, and
     * for whom they are; start and end are equal when nothing does.
     */
    readonly start: number;
    readonly end: number;
    /**
     * What follows is no request, or not for sure: it is behind CONNECT, or it
     * may be the frames of a web socket.
     */
    readonly over: "connect" | "websocket" | null;
  }
  | { readonly kind: "refused"; readonly why: string };

const CODE = { LF: 0x0a, CR: 0x0d } as const;
/** RFC 6455 section 5.3: what a client sends is masked. */
const WEBSOCKET_MASK = 0x80;
const NOTHING = new Uint8Array(0);
const INCOMPLETE = { kind: "incomplete" } as const;

/**
 * Walks from one request to the next, over bodies that it does not look at.
 *
 * What two programs could walk over differently is refused and stays refused;
 * after CONNECT, and where web socket frames begin, the walk is over.
 */
export class HttpWalk {
  /** The beginning of a head that is not complete. */
  #head: Uint8Array = NOTHING;
  /** Bytes of a body that are still to come, or its chunks. */
  #body: number | HttpChunks = 0;
  /** RFC 9112 section 2.2: one empty line behind a request is skipped. */
  #maySkipLine = false;
  /** Whether the last request asked for a web socket. */
  #offersWebSocket = false;
  #refusal: HttpStep | null = null;

  /** Whether the last byte is part of a head that is not complete. */
  get isInHead(): boolean {
    return this.#head.length > 0;
  }

  /** How many bytes wait for the rest of a head. */
  get headBytes(): number {
    return this.#head.length;
  }

  /**
   * Walks on.
   *
   * @param bytes What follows the bytes before; copied as far as needed.
   */
  add(bytes: Uint8Array): HttpStep {
    if (this.#refusal !== null) return this.#refusal;
    const requests: HttpRequest[] = [];
    let first = bytes.length;
    let last = 0;
    const mark = (start: number, end: number) => {
      if (start === end) return;
      first = Math.min(first, start);
      last = end;
    };
    const walked = (
      length: number,
      over: "connect" | "websocket" | null,
    ): HttpStep => {
      const [start, end] = [Math.min(first, last), last];
      return { kind: "walked", requests, length, start, end, over };
    };
    let at = 0;
    while (at < bytes.length) {
      const rest = bytes.subarray(at);
      if (typeof this.#body === "number" && this.#body > 0) {
        const taken = Math.min(this.#body, rest.length);
        this.#body -= taken;
        at += taken;
        continue;
      }
      if (typeof this.#body !== "number") {
        const offset = at;
        const step = this.#body.read(
          rest,
          (start, end) => mark(offset + start, offset + end),
        );
        if (step.kind === "refused") return this.#refuse(step.why);
        at += step.length;
        if (step.ended) this.#body = 0;
        continue;
      }
      const before = this.#head.length;
      const head = before === 0 ? rest : join(this.#head, rest);
      if (this.#offersWebSocket && looksLikeFrame(head)) {
        return walked(at, "websocket");
      }
      if (this.#maySkipLine && head[0] === CODE.CR && head[1] === CODE.LF) {
        this.#maySkipLine = false;
        this.#head = NOTHING;
        mark(at, at + 2 - before);
        at += 2 - before;
        continue;
      }
      const isShort = head.length === 1 &&
        (this.#offersWebSocket || (this.#maySkipLine && head[0] === CODE.CR));
      const result = isShort ? INCOMPLETE : decodeHttpRequest(head);
      switch (result.kind) {
        case "refused":
          return this.#refuse(result.why);
        case "not_http":
          return this.#refuse("http request is none");
        case "incomplete":
          mark(at, bytes.length);
          this.#head = head.slice();
          return walked(bytes.length, null);
        case "request": {
          const { request } = result;
          mark(at, at + request.headerBytes - before);
          at += request.headerBytes - before;
          requests.push(request);
          this.#goOnAfter(request);
          if (request.form === "authority") return walked(at, "connect");
        }
      }
    }
    return walked(bytes.length, null);
  }

  #goOnAfter({ bodyBytes, upgrade }: HttpRequest): void {
    this.#head = NOTHING;
    this.#maySkipLine = true;
    this.#offersWebSocket = upgrade === "websocket";
    this.#body = bodyBytes === "chunked" ? new HttpChunks() : bodyBytes ?? 0;
  }

  #refuse(why: string): HttpStep {
    this.#head = NOTHING;
    this.#refusal = { kind: "refused", why };
    return this.#refusal;
  }
}

/**
 * Whether a client's first bytes are a web socket's: no method's second byte
 * has its top bit set, so they are no request to a server that stayed with
 * HTTP, which ends the connection.
 */
function looksLikeFrame(bytes: Uint8Array): boolean {
  return bytes.length > 1 && (bytes[1]! & WEBSOCKET_MASK) !== 0;
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}
