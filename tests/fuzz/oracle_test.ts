import assert from "node:assert/strict";
import {
  ascii,
  makeHello,
  makeRecords,
  serverName,
} from "../unit/decode/hellos.ts";
import { ServerStream } from "./oracle.ts";

const SYN = 2;
const ACK = 16;
const GOOD = helloFor("allowed.test");
const OTHER = helloFor("shared.test");

function helloFor(name: string): Uint8Array {
  return makeRecords(makeHello({ extensions: [serverName(name)] }));
}

/** A segment at an offset in the stream that a SYN has begun. */
type Piece = readonly [offset: number, payload: Uint8Array | string];

/** Lets pieces through, in their order, and looks at them. */
function serve(port: number, pieces: readonly Piece[]): void {
  const stream = new ServerStream(port);
  const segment = { sequence: 1000, acknowledgment: 0, flags: SYN };
  stream.add({ ...segment, payload: new Uint8Array(0) });
  for (const [offset, data] of pieces) {
    const payload = typeof data === "string" ? ascii(data) : data;
    stream.add({
      ...{ sequence: 1001 + offset, acknowledgment: 1, flags: ACK },
      payload,
    });
  }
  stream.check();
}

const HELD: readonly { name: string; port: number; pieces: Piece[] }[] = [
  { name: "nothing", port: 443, pieces: [] },
  { name: "a hello", port: 443, pieces: [[0, GOOD]] },
  {
    name: "a hello in pieces that come again",
    port: 443,
    pieces: [[50, GOOD.subarray(50)], [0, GOOD.subarray(0, 60)], [0, GOOD]],
  },
  {
    name: "a request",
    port: 80,
    pieces: [[0, "GET / HTTP/1.1\r\nHost: allowed.test:80\r\n\r\n"]],
  },
  { name: "a banner on a port of its own", port: 22, pieces: [[0, "SSH-2.0"]] },
];

for (const { name, port, pieces } of HELD) {
  Deno.test(`ServerStream has nothing against ${name}`, () => {
    serve(port, pieces);
  });
}

const FOUND: readonly {
  name: string;
  port: number;
  pieces: Piece[];
  what: RegExp;
}[] = [
  {
    name: "another name",
    port: 443,
    pieces: [[0, OTHER]],
    what: /says the allowed name/,
  },
  {
    name: "a hello that is cut",
    port: 443,
    pieces: [[0, GOOD.subarray(0, 80)]],
    what: /says the allowed name/,
  },
  {
    name: "the end without the start",
    port: 443,
    pieces: [[50, GOOD.subarray(50)]],
    what: /TLS is spoken/,
  },
  {
    name: "the same place with another content",
    port: 443,
    pieces: [[0, GOOD], [60, OTHER.subarray(60)]],
    what: /agrees with itself/,
  },
  {
    name: "something else on port 443",
    port: 443,
    pieces: [[0, "a secret"]],
    what: /TLS is spoken/,
  },
  {
    name: "another host in a request",
    port: 80,
    pieces: [[0, "GET / HTTP/1.1\r\nHost: shared.test\r\n\r\n"]],
    what: /the allowed host/,
  },
  {
    name: "a request to another host by its target",
    port: 80,
    pieces: [[
      0,
      "GET http://shared.test/ HTTP/1.1\r\nHost: allowed.test\r\n\r\n",
    ]],
    what: /the allowed host/,
  },
];

for (const { name, port, pieces, what } of FOUND) {
  Deno.test(`ServerStream finds ${name}`, () => {
    assert.throws(() => serve(port, pieces), what);
  });
}
