/**
 * Where an HTTP request says it goes: its target and its Host field.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-3.2 | RFC 9112}
 * @module
 */
import { formatAddress, parseAddress } from "./address.ts";
import type { Decoded } from "./bytes.ts";
import { decodeHostName } from "./host_name.ts";

/** A host and the port behind it. */
export interface HttpAuthority {
  /** A name in lower case without the last dot, or a canonical address. */
  readonly host: string;
  /** 1 to 65535; null when none is written. */
  readonly port: number | null;
}

/** RFC 9112 section 3.2; `absolute` and `authority` are said to proxies. */
export type HttpForm = "origin" | "absolute" | "authority" | "asterisk";

/** A request's target. */
export interface HttpTarget {
  readonly form: HttpForm;
  /** Null in the forms that leave it to the Host field. */
  readonly authority: HttpAuthority | null;
  /** The port that the scheme stands for; null in the forms without one. */
  readonly defaultPort: number | null;
}

/** The schemes that a client asks a proxy for. */
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  ftp: 21,
  http: 80,
  https: 443,
};

// A colon in a name is refused, so the last one is the only one.
const NAME_AND_PORT = /^([^:]*)(?::([0-9]*))?$/;
const BRACKETS_AND_PORT = /^\[([^\]]*)\](?::([0-9]*))?$/;
const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/;
const PORT = /^[1-9][0-9]{0,4}$/;

/**
 * Decodes a request's target.
 *
 * @param method In upper case; it decides which forms there can be.
 * @param target As it stands in the request line: one byte, one character.
 * @returns Its form and host, or why it was refused.
 */
export function decodeTarget(
  method: string,
  target: string,
): Decoded<HttpTarget> {
  if (method === "CONNECT") {
    const authority = decodeAuthority(target);
    if (!authority.ok) return authority;
    // RFC 9110 section 9.3.6: there is no default port.
    if (authority.value.port === null) return refuse("target has no port");
    return {
      ok: true,
      value: {
        form: "authority",
        authority: authority.value,
        defaultPort: null,
      },
    };
  }
  if (target.startsWith("/")) return { ok: true, value: withoutHost("origin") };
  if (target === "*" && method === "OPTIONS") {
    return { ok: true, value: withoutHost("asterisk") };
  }
  const [, scheme, text] = ABSOLUTE.exec(target) ?? [];
  if (scheme === undefined) return refuse("target has no known form");
  const name = scheme.toLowerCase();
  if (!Object.hasOwn(DEFAULT_PORTS, name)) {
    return refuse("target has an unknown scheme");
  }
  const authority = decodeAuthority(text!);
  if (!authority.ok) return authority;
  const defaultPort = DEFAULT_PORTS[name]!;
  return {
    ok: true,
    value: { form: "absolute", authority: authority.value, defaultPort },
  };
}

/**
 * Decodes a host with an optional port.
 *
 * Addresses only in the forms that every program reads alike; a port without
 * leading zeros; no user in front.
 *
 * @param text One byte, one character.
 * @returns Both, or why they were refused.
 */
export function decodeAuthority(text: string): Decoded<HttpAuthority> {
  const isBracketed = text.startsWith("[");
  const found = (isBracketed ? BRACKETS_AND_PORT : NAME_AND_PORT).exec(text);
  if (found === null) return refuse("host has no known form");
  const host = decodeHost(found[1]!, isBracketed);
  if (!host.ok) return host;
  const port = found[2];
  if (port === undefined) {
    return { ok: true, value: { host: host.value, port: null } };
  }
  if (!PORT.test(port) || Number(port) > 65535) {
    return refuse("port is no port");
  }
  return { ok: true, value: { host: host.value, port: Number(port) } };
}

function decodeHost(text: string, isBracketed: boolean): Decoded<string> {
  const address = parseAddress(text);
  if (isBracketed) {
    return address?.length === 16
      ? { ok: true, value: formatAddress(address) }
      : refuse("host in brackets is no address");
  }
  if (address !== null) return { ok: true, value: formatAddress(address) };
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const name = decodeHostName(bytes);
  return name.ok ? name : refuse(name.why);
}

function withoutHost(form: HttpForm): HttpTarget {
  return { form, authority: null, defaultPort: null };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why };
}
