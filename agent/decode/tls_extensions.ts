/**
 * The extensions of a ClientHello.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8446#section-4.2 | RFC 8446}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { decodeHostName } from "./host_name.ts";
import { readUint16 } from "./integer.ts";

/** IANA's TLS ExtensionType values. */
const EXTENSION = {
  SERVER_NAME: 0,
  ALPN: 16,
  EARLY_DATA: 42,
  SUPPORTED_VERSIONS: 43,
  ENCRYPTED_CLIENT_HELLO: 0xfe0d,
} as const;

/** IANA has registered fewer than that, and a client sends no type twice. */
const MAX_EXTENSIONS = 128;
const EXTENSION_HEADER_BYTES = 4;
/** NameType host_name, RFC 6066 section 3: no other was ever defined. */
const HOST_NAME_TYPE = 0;
/** Name type and length in front of a host name. */
const NAME_HEADER_BYTES = 3;

/** How each byte of a protocol name is written. */
const PRESENTED: readonly string[] = Array.from({ length: 256 }, presentByte);

/** What the extensions say. */
export interface TlsExtensions {
  /** Lower case, without the last dot; null when the client names no host. */
  sni: string | null;
  /**
   * Protocols in the client's order, values of GREASE among them. Bytes outside
   * printable ASCII, and the backslash, are `\DDD`.
   */
  alpn: readonly string[];
  /**
   * Encrypted Client Hello is there (RFC 9849): the name is the outer one. Also
   * true for its GREASE, which is made not to be told apart.
   */
  ech: boolean;
  /** The client may send application data before the server has answered. */
  earlyData: boolean;
  /** The highest version offered in supported_versions; 0 without it. */
  maxVersion: number;
}

/** An extension's body in the ClientHello: `[start, end)`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Decodes the extensions of a ClientHello.
 *
 * @param body The ClientHello.
 * @param start Offset of the first extension; they end with the body.
 * @returns The fields, or why they were refused.
 */
export function decodeExtensions(
  body: Uint8Array,
  start: number,
): Decoded<TlsExtensions> {
  const extensions: TlsExtensions = {
    sni: null,
    alpn: [],
    ech: false,
    earlyData: false,
    maxVersion: 0,
  };
  const types: number[] = [];
  for (let at = start; at < body.length;) {
    if (at + EXTENSION_HEADER_BYTES > body.length) {
      return refuse(`extension header stops at byte ${body.length}`);
    }
    const type = readUint16(body, at);
    const bodyAt = at + EXTENSION_HEADER_BYTES;
    const end = bodyAt + readUint16(body, at + 2);
    if (end > body.length) {
      return refuse(`extension ${type} stops at byte ${body.length} of ${end}`);
    }
    // RFC 8446 section 4.2: of two names one server takes the first, another
    // the last.
    if (types.includes(type)) return refuse(`extension ${type} is there twice`);
    if (types.length === MAX_EXTENSIONS) {
      return refuse(`has more than ${MAX_EXTENSIONS} extensions`);
    }
    types.push(type);
    const why = readExtension(type, body, {
      range: { start: bodyAt, end },
      into: extensions,
    });
    if (why !== null) return refuse(why);
    at = end;
  }
  return { ok: true, value: extensions };
}

/** Reads one extension; why it was refused, or null. */
function readExtension(
  type: number,
  body: Uint8Array,
  { range, into }: { readonly range: Range; readonly into: TlsExtensions },
): string | null {
  switch (type) {
    case EXTENSION.SERVER_NAME: {
      const name = decodeServerName(body, range);
      if (!name.ok) return name.why;
      into.sni = name.value;
      return null;
    }
    case EXTENSION.ALPN: {
      const protocols = decodeProtocols(body, range);
      if (!protocols.ok) return protocols.why;
      into.alpn = protocols.value;
      return null;
    }
    case EXTENSION.SUPPORTED_VERSIONS: {
      const version = decodeMaxVersion(body, range);
      if (!version.ok) return version.why;
      into.maxVersion = version.value;
      return null;
    }
    case EXTENSION.ENCRYPTED_CLIENT_HELLO:
      into.ech = true;
      return null;
    case EXTENSION.EARLY_DATA:
      into.earlyData = true;
      return null;
    default:
      return null;
  }
}

/**
 * The one host name of a server_name extension, RFC 6066 section 3.
 *
 * The list may hold one name of each type, and there is one type: whatever else
 * stands in it is read differently by different servers.
 */
function decodeServerName(
  body: Uint8Array,
  { start, end }: Range,
): Decoded<string> {
  const nameAt = start + 2 + NAME_HEADER_BYTES;
  if (end < nameAt) return { ok: false, why: `sni has ${end - start} bytes` };
  const listBytes = readUint16(body, start);
  if (start + 2 + listBytes !== end) {
    const found = end - start - 2;
    return { ok: false, why: `sni list is ${listBytes} of ${found} bytes` };
  }
  const type = body[start + 2]!;
  if (type !== HOST_NAME_TYPE) {
    return { ok: false, why: `sni name type is ${type}` };
  }
  const nameBytes = readUint16(body, start + 3);
  if (nameAt + nameBytes > end) {
    const found = end - nameAt;
    return { ok: false, why: `sni name is ${found} of ${nameBytes} bytes` };
  }
  if (nameAt + nameBytes < end) {
    return { ok: false, why: "sni list goes on after the first name" };
  }
  const name = decodeHostName(body.subarray(nameAt, end));
  return name.ok ? name : { ok: false, why: `sni ${name.why}` };
}

/** The names of an ALPN extension, RFC 7301 section 3.1. */
function decodeProtocols(
  body: Uint8Array,
  { start, end }: Range,
): Decoded<readonly string[]> {
  if (end - start < 2 || start + 2 + readUint16(body, start) !== end) {
    return { ok: false, why: `alpn list does not fill ${end - start} bytes` };
  }
  const protocols: string[] = [];
  for (let at = start + 2; at < end;) {
    const next = at + 1 + body[at]!;
    if (next === at + 1 || next > end) {
      return { ok: false, why: `alpn name has ${body[at]} bytes` };
    }
    let name = "";
    for (let byte = at + 1; byte < next; byte++) {
      name += PRESENTED[body[byte]!]!;
    }
    protocols.push(name);
    at = next;
  }
  return { ok: true, value: protocols };
}

/** The highest entry of supported_versions, RFC 8446 section 4.2.1. */
function decodeMaxVersion(
  body: Uint8Array,
  { start, end }: Range,
): Decoded<number> {
  const listBytes = end - start - 1;
  if (listBytes < 2 || listBytes % 2 !== 0 || body[start] !== listBytes) {
    return { ok: false, why: `versions do not fill ${end - start} bytes` };
  }
  let highest = 0;
  for (let at = start + 1; at < end; at += 2) {
    const version = readUint16(body, at);
    // Only TLS has major version 3: GREASE (RFC 8701) would be the highest.
    if (version >> 8 === 3 && version > highest) highest = version;
  }
  return { ok: true, value: highest };
}

function presentByte(_: unknown, byte: number): string {
  return byte > 0x20 && byte < 0x7f && byte !== 0x5c
    ? String.fromCharCode(byte)
    : `\\${byte.toString().padStart(3, "0")}`;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why };
}
