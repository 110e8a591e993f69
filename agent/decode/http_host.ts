/**
 * What an HTTP/1 client says first, or next, in a TCP stream.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112 | RFC 9112}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import {
  classifyOpening,
  CODE,
  countBlanks,
  MAX_HEADER_BYTES,
  METHODS,
  textOf,
} from "./http_opening.ts";
import {
  decodeBody,
  emptyFields,
  type HttpFields,
  readField,
} from "./http_fields.ts";
import {
  decodeAuthority,
  decodeTarget,
  type HttpForm,
  type HttpTarget,
} from "./http_target.ts";

const REQUEST_LINE = /^(\S+) ([\x21-\x7e\x80-\xff]+) HTTP\/([0-9]\.[0-9])$/;

/** One request without its body. */
export interface HttpRequest {
  /** As the client wrote it: methods know upper from lower case. */
  readonly method: string;
  /** `absolute` and `authority` are for a proxy. */
  readonly form: HttpForm;
  /**
   * A name in lower case without the last dot, or an address in its canonical
   * form; null only in HTTP/1.0.
   */
  readonly host: string | null;
  /** 1 to 65535; null for the port that the connection goes to. */
  readonly port: number | null;
  /** The body's length, `chunked` when its chunks say it, null without one. */
  readonly bodyBytes: number | "chunked" | null;
  /** The body begins at this offset. */
  readonly headerBytes: number;
  /** What the client would change to, in lower case; null when nothing. */
  readonly upgrade: string | null;
}

/** What a stream begins with. */
export type HttpResult =
  /** So many more bytes make it certain, if not fewer; 1 or more. */
  | { readonly kind: "incomplete"; readonly neededBytes: number }
  /** No server would take it for HTTP/1. */
  | { readonly kind: "not_http" }
  /** HTTP, or what some server takes for it, without a host to rely on. */
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "request"; readonly request: HttpRequest };

/**
 * Decodes the request that a TCP stream begins with, treating every byte as
 * hostile.
 *
 * What two programs on the way could read differently (request smuggling) is
 * refused and not repaired. It needs no memory of earlier calls.
 *
 * @param stream The client's bytes from a request's first one on, without a
 * gap. At most the first 16384 are looked at.
 * @returns What they are; nothing in it is a view.
 *
 * @example A Host that is not the target's
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeHttpRequest } from "./http_host.ts";
 *
 * const text = "GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n";
 * assert.deepEqual(decodeHttpRequest(new TextEncoder().encode(text)), {
 *   kind: "refused",
 *   why: "http host is not the target's",
 * });
 * ```
 */
export function decodeHttpRequest(stream: Uint8Array): HttpResult {
  const blanks = countBlanks(stream);
  if (blanks > 0) return decodeBehindBlanks(stream, blanks);
  const opening = classifyOpening(stream);
  if (opening === "not_http") return { kind: "not_http" };
  if (opening === "refused") return refuse("request line is malformed");
  const lineEnd = opening === "incomplete" ? -1 : findLineEnd(stream, 0);
  if (lineEnd < 0) return incomplete(stream);
  const line = textOf(stream, 0, lineEnd);
  const parts = REQUEST_LINE.exec(line.slice(0, -1));
  if (!line.endsWith("\r") || parts === null) {
    const isHttp = METHODS.test(line.slice(0, line.indexOf(" "))) ||
      /http\//i.test(line);
    return isHttp ? refuse("request line is malformed") : { kind: "not_http" };
  }
  const [, method, target, version] = parts;
  if (method === "PRI" && version === "2.0") {
    return refuse("request is the preface of HTTP/2");
  }
  if (version !== "1.0" && version !== "1.1") {
    return refuse(`version is ${version}`);
  }
  const decodedTarget = decodeTarget(method!, target!);
  if (!decodedTarget.ok) return refuse(decodedTarget.why);

  const fields = emptyFields();
  for (let at = lineEnd + 1;;) {
    const end = findLineEnd(stream, at);
    if (end < 0) return incomplete(stream);
    if (stream[end - 1] !== CODE.CR) return refuse("line ends without CR");
    if (end === at + 1) {
      return decodeRequest(method!, fields, {
        target: decodedTarget.value,
        version: version === "1.1" ? 1 : 0,
        headerBytes: end + 1,
      });
    }
    const why = readField(textOf(stream, at, end - 1), fields);
    if (why !== null) return refuse(why);
    at = end + 1;
  }
}

/** Python's servers leave out what they take for white space in front. */
function decodeBehindBlanks(stream: Uint8Array, blanks: number): HttpResult {
  const { kind } = decodeHttpRequest(stream.subarray(blanks));
  if (kind === "not_http") return { kind };
  return kind === "incomplete"
    ? incomplete(stream)
    : refuse("request line begins with a blank");
}

function decodeRequest(
  method: string,
  fields: HttpFields,
  { target, version, headerBytes }: {
    readonly target: HttpTarget;
    readonly version: 0 | 1;
    readonly headerBytes: number;
  },
): HttpResult {
  const body = decodeBody(fields, version);
  if (!body.ok) return refuse(body.why);
  if (method === "CONNECT" && body.value !== null) {
    return refuse("body comes with CONNECT");
  }
  const place = decodePlace(fields, { target, version });
  if (!place.ok) return refuse(place.why);
  return {
    kind: "request",
    request: {
      method,
      form: target.form,
      ...place.value,
      bodyBytes: body.value,
      headerBytes,
      upgrade: fields.upgrade,
    },
  };
}

/** The one host that target and Host field name, RFC 9112 section 3.2.2. */
function decodePlace(
  fields: HttpFields,
  { target, version }: {
    readonly target: HttpTarget;
    readonly version: 0 | 1;
  },
): Decoded<Pick<HttpRequest, "host" | "port">> {
  const { authority, defaultPort } = target;
  const place = authority === null
    ? { host: null, port: null }
    : { host: authority.host, port: authority.port ?? defaultPort };
  if (fields.host === null) {
    return version === 1
      ? { ok: false, why: "host is missing" }
      : { ok: true, value: place };
  }
  const host = decodeAuthority(fields.host);
  if (!host.ok || authority === null) return host;
  // Behind CONNECT some clients leave the port out of the Host field.
  const port = host.value.port ?? defaultPort ?? place.port;
  return host.value.host === place.host && port === place.port
    ? { ok: true, value: place }
    : { ok: false, why: "host is not the target's" };
}

/** Offset of the line feed that ends the line at `at`, or -1. */
function findLineEnd(stream: Uint8Array, at: number): number {
  const end = stream.indexOf(CODE.LF, at);
  return end < MAX_HEADER_BYTES ? end : -1;
}

function incomplete(stream: Uint8Array): HttpResult {
  const neededBytes = MAX_HEADER_BYTES - stream.length;
  return neededBytes > 0
    ? { kind: "incomplete", neededBytes }
    : refuse(`header is not complete after ${MAX_HEADER_BYTES} bytes`);
}

function refuse(why: string): HttpResult {
  return { kind: "refused", why: `http ${why}` };
}
