/**
 * ClientHellos: as real clients sent them, and made by hand.
 *
 * The captured ones were taken on Linux 6.18 in a network namespace of its own,
 * by a server that read and did not answer, the `flight_` ones by a relay in
 * front of `openssl s_server`; each file's first line names its client. The two
 * files of packets are tcpdump's, on a link of 1,500 bytes without segmentation
 * offload. All names are from RFC 2606.
 *
 * @module
 */
import { hex } from "../../hex.ts";

const FOLDER = new URL("../../fixtures/hellos/", import.meta.url);

/** What one client said. */
export interface CapturedHello {
  /** The file's name, without its ending. */
  readonly name: string;
  readonly sni: string | null;
  readonly alpn: readonly string[];
  readonly ech: boolean;
}

/** All captured streams; in each, the ClientHello is everything. */
export const CAPTURED: readonly CapturedHello[] = [
  captured("openssl", ["h2", "http/1.1"]),
  captured("curl", ["h2", "http/1.1"]),
  captured("node", ["http/1.1"]),
  captured("python", []),
  captured("go", ["h2", "http/1.1"]),
  captured("java", []),
  captured("deno", ["h2", "http/1.1"]),
  captured("gnutls", []),
  captured("git", ["h2", "http/1.1"]),
  { ...captured("openssl_tls12", []), sni: "tls12.example.org" },
  { ...captured("openssl_no_name", []), sni: null },
  { ...captured("chromium", ["h2", "http/1.1"]), ech: true },
  {
    name: "go_ech",
    sni: "public.example.net",
    alpn: ["h2", "http/1.1"],
    ech: true,
  },
];

/** The stream of one captured hello. */
export function readHello(name: string): Uint8Array {
  return hex(Deno.readTextFileSync(new URL(`${name}.hex`, FOLDER)));
}

/** The client's IP packets of one captured connection, in their order. */
export function readPackets(name: string): Uint8Array[] {
  const text = Deno.readTextFileSync(new URL(`${name}_packets.txt`, FOLDER));
  return text.split("\n").map(hex).filter(({ length }) => length > 0);
}

/** An extension's type and body. */
export type Extension = readonly [type: number, body: Uint8Array];

/** The parts of a ClientHello that tests vary. */
export interface HelloParts {
  readonly extensions?: readonly Extension[];
  readonly version?: string;
  readonly sessionId?: Uint8Array;
  readonly suites?: string;
  readonly compressions?: string;
}

/** A ClientHello with its handshake header, without records. */
export function makeHello(parts: HelloParts = {}): Uint8Array {
  const {
    extensions = [serverName("www.example.org"), VERSIONS],
    version = "0303",
    sessionId = new Uint8Array(32).fill(7),
    suites = "1301 1302 c02f",
    compressions = "00",
  } = parts;
  const body = concat([
    hex(version),
    new Uint8Array(32).fill(0x2a),
    prefixed(1, sessionId),
    prefixed(2, hex(suites)),
    prefixed(1, hex(compressions)),
    prefixed(2, concat(extensions.map(makeExtension))),
  ]);
  return concat([Uint8Array.of(1), prefixed(3, body)]);
}

/** supported_versions: a value of GREASE, TLS 1.3 and 1.2. */
export const VERSIONS: Extension = [43, hex("06 fafa 0304 0303")];

/** server_name with one host_name. */
export function serverName(name: string | Uint8Array): Extension {
  const bytes = typeof name === "string" ? ascii(name) : name;
  return [0, prefixed(2, concat([Uint8Array.of(0), prefixed(2, bytes)]))];
}

/** A key_share for one group, RFC 8446 section 4.2.8. */
export function keyShare(
  ...shares: [group: number, bytes: number][]
): Extension {
  const entries = shares.map(([group, length]) =>
    concat([
      Uint8Array.of(group >> 8, group),
      prefixed(2, new Uint8Array(length).fill(0x5a)),
    ])
  );
  return [51, prefixed(2, concat(entries))];
}

/**
 * Puts a handshake message into TLS records.
 *
 * @param message With its handshake header.
 * @param cuts Offsets in the message at which another record begins.
 */
export function makeRecords(
  message: Uint8Array,
  cuts: readonly number[] = [],
): Uint8Array {
  const edges = [0, ...cuts, message.length];
  return concat(
    edges.slice(1).map((end, index) =>
      concat([
        hex("16 0301"),
        prefixed(2, message.subarray(edges[index], end)),
      ])
    ),
  );
}

/** A length of so many bytes in front. */
export function prefixed(lengthBytes: number, body: Uint8Array): Uint8Array {
  const length = Array.from(
    { length: lengthBytes },
    (_, index) => body.length >>> (8 * (lengthBytes - 1 - index)),
  );
  return concat([Uint8Array.from(length), body]);
}

/** All parts, one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One character, one byte. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function makeExtension([type, body]: Extension): Uint8Array {
  return concat([Uint8Array.of(type >> 8, type), prefixed(2, body)]);
}

function captured(name: string, alpn: readonly string[]): CapturedHello {
  return { name, sni: `${name}.example.org`, alpn, ech: false };
}
