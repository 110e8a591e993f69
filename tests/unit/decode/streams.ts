/**
 * What TCP clients say first, to be damaged.
 *
 * @module
 */
import {
  ascii,
  CAPTURED,
  makeHello,
  makeRecords,
  readHello,
  serverName,
  VERSIONS,
} from "./hellos.ts";

/** Long enough for the longest sample. */
export const MAX_SAMPLE_BYTES = 4096;

// Requests are many beside the hellos, whose names are a small part of them.
const REQUESTS = [
  "GET /a HTTP/1.1\r\nHost: www.example.org:8080\r\nAccept: */*\r\n\r\n",
  "CONNECT www.example.org:443 HTTP/1.1\r\nHost: www.example.org:443\r\n\r\n",
  "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: [2001:db8::1]\r\nContent-Length: 5\r\n\r\nhello",
  "PUT / HTTP/1.0\r\nHost: 192.0.2.1\r\nConnection: keep-alive\r\n\r\n",
  "PUT / HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

/** Samples of both protocols, none longer than `MAX_SAMPLE_BYTES`. */
export function makeStreams(): Uint8Array[] {
  const small = makeHello({
    extensions: [serverName("www.example.org"), VERSIONS],
    sessionId: new Uint8Array(0),
  });
  return [
    ...CAPTURED.map(({ name }) => readHello(name)),
    makeRecords(small),
    makeRecords(small, [1, 2, 3, 4, 50]),
    makeRecords(small, [60, 61]),
    ...REQUESTS.map(ascii),
  ];
}
