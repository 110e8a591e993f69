/**
 * Reads what a call of BuildKit's interface is, and words the answer to one
 * that is refused.
 *
 * @see {@link https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md | gRPC over HTTP/2}
 * @module
 */
import type { Decoded } from "../../decode/bytes.ts";
import type { HpackField } from "../../decode/hpack.ts";
import { callAgainst, kindOfCall } from "./buildkit_call.ts";

/** What a request begins with; readers disagree about one that is there twice. */
const PSEUDO: ReadonlySet<string> = new Set([
  ":authority",
  ":method",
  ":path",
  ":scheme",
]);
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Fields of HTTP/1, which mean a connection that is none. */
const CONNECTION: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding"],
  ...["upgrade", "host", "expect"],
]);
/** gRPC's own: the caller does not have the permission. */
const PERMISSION_DENIED = "7";

/** What a call is, as far as its fields say. */
export interface JudgedHead {
  /** Of its method; null for none that can be read. */
  readonly path: string | null;
  /** Whether its message is to be looked at before it is passed on. */
  readonly isHeld: boolean;
  /** Half a sentence; null when nothing is against it so far. */
  readonly against: string | null;
}

/**
 * Judges the fields that a call begins with.
 *
 * @param fields In their order, as they are passed on.
 * @param isEnd Whether no message follows.
 */
export function judgeCallHead(
  fields: readonly HpackField[],
  isEnd: boolean,
): JudgedHead {
  const decoded = decodeCallPath(fields);
  if (!decoded.ok) return { path: null, isHeld: false, against: decoded.why };
  const path = decoded.value;
  const kind = kindOfCall(path);
  const isHeld = kind === "judged";
  const isJudged = kind === "refused" || (isHeld && isEnd);
  const against = isJudged ? callAgainst(path, new Uint8Array(0)) : null;
  return { path, isHeld, against };
}

/** The method that is called, or why the fields are not passed on. */
function decodeCallPath(fields: readonly HpackField[]): Decoded<string> {
  const pseudo = new Map<string, string>();
  let isBehind = false;
  for (const [name, value] of fields) {
    // deno-lint-ignore no-control-regex -- what no field may have
    if (/[\x00-\x08\x0a-\x1f\x7f-\xff]/.test(value)) return refuse(name);
    if (!PSEUDO.has(name)) {
      isBehind = true;
      if (!NAME.test(name) || CONNECTION.has(name)) return refuse(name);
      continue;
    }
    if (isBehind || pseudo.has(name)) return refuse(name);
    pseudo.set(name, value);
  }
  const path = pseudo.get(":path");
  if (pseudo.get(":method") !== "POST") return refuse(":method");
  if (!pseudo.has(":scheme")) return refuse(":scheme");
  return path === undefined ? refuse(":path") : { ok: true, value: path };
}

/**
 * The answer to a call that is refused.
 *
 * @param hasHead Whether the runtime's own answer has begun.
 */
export function answerRefused(
  why: string,
  hasHead: boolean,
): readonly HpackField[] {
  const head: readonly HpackField[] = [
    [":status", "200"],
    ["content-type", "application/grpc"],
  ];
  const message = `Sluice refuses this (containers: filter): ${why}`;
  return [
    ...(hasHead ? [] : head),
    ["grpc-status", PERMISSION_DENIED],
    ["grpc-message", encodeMessage(message)],
  ];
}

/** As gRPC writes it: what is not plain ASCII, byte by byte. */
function encodeMessage(message: string): string {
  const bytes = new TextEncoder().encode(message);
  return Array.from(bytes, (byte) => {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    if (isPlain) return String.fromCharCode(byte);
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

function refuse(name: string): Decoded<never> {
  const shown = /^:?[a-z0-9-]{1,40}$/.test(name) ? name : "a name of its own";
  return { ok: false, why: `its field ${shown} is not as gRPC has it` };
}
