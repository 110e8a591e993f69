/**
 * Names under which a host publishes its services.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc2782 | RFC 2782}
 * @module
 */

/**
 * Services that programs look up before they connect, as IANA registers them.
 *
 * Closed: a label that anyone may choose would carry data out in the question.
 */
const SERVICES: ReadonlySet<string> = new Set([
  "_caldavs",
  "_carddavs",
  "_http",
  "_https",
  "_imap",
  "_imaps",
  "_kerberos",
  "_kerberos-master",
  "_kpasswd",
  "_ldap",
  "_ldaps",
  "_matrix-fed",
  "_mongodb",
  "_pgpkey-http",
  "_pgpkey-https",
  "_pop3s",
  "_sip",
  "_sips",
  "_stun",
  "_stuns",
  "_submission",
  "_submissions",
  "_turn",
  "_turns",
  "_xmpp-client",
  "_xmpps-client",
]);

const TRANSPORTS: ReadonlySet<string> = new Set(["_tcp", "_udp"]);

/** RFC 9460 section 9.1: HTTPS on another port than 443. */
const PORT = /^_([1-9][0-9]{0,4})$/;
const MAX_PORT = 65_535;

/**
 * The host whose service a name asks for.
 *
 * @param name Lower case, without the last dot.
 * @returns `a.example` for `_https._tcp.a.example`, and for the
 * `_8443._https.a.example` of browsers; null for other names.
 */
export function hostOfServiceName(name: string): string | null {
  // Most names are hosts: one comparison is all they cost.
  if (!name.startsWith("_")) return null;
  const service = name.indexOf(".");
  const transport = name.indexOf(".", service + 1);
  if (service < 0 || transport < 0) return null;
  const first = name.slice(0, service);
  const second = name.slice(service + 1, transport);
  const port = second === "_https" ? PORT.exec(first)?.[1] : undefined;
  const isKnown = port === undefined
    ? SERVICES.has(first) && TRANSPORTS.has(second)
    : Number(port) <= MAX_PORT;
  return isKnown ? name.slice(transport + 1) : null;
}
