/**
 * Writes a request to the runtime in our own words: of the client's only those
 * are passed on that a runtime needs.
 *
 * @module
 */
import type { HttpHead } from "../decode/http_head.ts";
import type { RoutedRequest } from "../decide/containers/container_request.ts";

/** Keys of registries, and what a session offers. */
const PASSED =
  /^(?:x-registry-auth|x-registry-config|x-docker-expose-session-[a-z-]+|user-agent|accept|accept-encoding)$/;

const ENCODER = new TextEncoder();

/**
 * Writes the head of a request.
 *
 * @param of `content`: the length of what follows, `chunked`, or null.
 */
export function writeHead(
  head: HttpHead,
  of: {
    readonly request: RoutedRequest;
    readonly content: number | "chunked" | null;
  },
): Uint8Array {
  const { request, content } = of;
  const { method, target, body } = request;
  // One request a connection: what a client sends behind it reaches nobody
  // who could take it for another.
  const connection = head.upgrade === null
    ? ["Connection: close"]
    : ["Connection: Upgrade, close", `Upgrade: ${head.upgrade}`];
  const type = body === "bytes" ? "application/x-tar" : "application/json";
  const length = content === "chunked"
    ? ["Transfer-Encoding: chunked"]
    : [`Content-Length: ${content ?? 0}`];
  const framing = content === null && method !== "POST" && method !== "PUT"
    ? []
    // A form's parameters would count for more than those of the path.
    : [...length, ...(content === null ? [] : [`Content-Type: ${type}`])];
  const fields = head.fields.filter(([name]) => PASSED.test(name));
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "Host: docker",
    ...connection,
    ...framing,
    ...fields.map(([name, value]) => `${name}: ${value}`),
  ];
  return latin1(lines.map((line) => `${line}\r\n`).join("") + "\r\n");
}

/** A piece of a body, framed as {@linkcode writeHead} has said. */
export function* writeContent(
  content: Uint8Array,
  isChunked: boolean,
): Generator<Uint8Array> {
  if (content.length === 0) return;
  if (isChunked) yield ENCODER.encode(`${content.length.toString(16)}\r\n`);
  yield content;
  if (isChunked) yield ENCODER.encode("\r\n");
}

/** What ends a body that is chunked. */
export const LAST_CHUNK: Uint8Array = ENCODER.encode("0\r\n\r\n");

/** What a client waits for before it sends a body. */
export const CONTINUE: Uint8Array = ENCODER.encode(
  "HTTP/1.1 100 Continue\r\n\r\n",
);

/**
 * An answer of our own, in the form of the Engine API.
 *
 * @param status 400 for what cannot be read, 403 for what is refused, 502 for a
 * runtime that does not answer.
 */
export function writeAnswer(
  status: 400 | 403 | 502,
  message: string,
): Uint8Array {
  const reason = { 400: "Bad Request", 403: "Forbidden", 502: "Bad Gateway" };
  const body = ENCODER.encode(`${JSON.stringify({ message })}\n`);
  const head = latin1(
    `HTTP/1.1 ${status} ${reason[status]}\r\n` +
      "Content-Type: application/json\r\n" +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
  );
  const answer = new Uint8Array(head.length + body.length);
  answer.set(head);
  answer.set(body, head.length);
  return answer;
}

/** One character, one byte: fields are passed on as they came. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
