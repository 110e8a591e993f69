import assert from "node:assert/strict";
import fc from "fast-check";
import { HttpWalk } from "../../../agent/decode/http_walk.ts";
import { ascii } from "./hellos.ts";
import { mutate } from "./mutate.ts";

const GET = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
const SIZED = "POST / HTTP/1.1\r\nHost: b.example\r\nContent-Length: 5\r\n\r\n";
const CHUNKED =
  "PUT / HTTP/1.1\r\nHost: c.example\r\nTransfer-Encoding: chunked\r\n\r\n";
const CONNECT = "CONNECT d.example:443 HTTP/1.1\r\nHost: d.example:443\r\n\r\n";
const SOCKET =
  "GET /s HTTP/1.1\r\nHost: e.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
/** A client's frame, masked: RFC 6455 section 5.7. */
const FRAME = Uint8Array.of(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f);

/** What a walk over pieces came to, in words. */
function walk(...pieces: readonly (string | Uint8Array)[]): string {
  const walk = new HttpWalk();
  const words: string[] = [];
  for (const piece of pieces) {
    const bytes = typeof piece === "string" ? ascii(piece) : piece;
    const step = walk.add(bytes);
    if (step.kind === "refused") return [...words, "refused"].join(" ");
    for (const { host } of step.requests) words.push(host ?? "-");
    if (step.over !== null) {
      return [...words, `${step.over}@${bytes.length - step.length}`].join(" ");
    }
  }
  if (walk.isInHead) words.push("…");
  return words.join(" ");
}

const STREAMS: readonly {
  readonly name: string;
  readonly text: string;
  readonly is: string;
}[] = [
  { name: "one request", text: GET, is: "a.example" },
  {
    name: "requests without waiting for answers",
    text: GET + SIZED + "12345" + GET,
    is: "a.example b.example a.example",
  },
  { name: "a body that is still to come", text: SIZED + "1", is: "b.example" },
  {
    name: "a request in a body",
    text: SIZED.replace("5", String(GET.length)) + GET + SIZED,
    is: "b.example b.example",
  },
  {
    name: "chunks",
    text: CHUNKED + "5\r\n12345\r\n0A\r\n1234567890\r\n0\r\n\r\n" + GET,
    is: "c.example a.example",
  },
  {
    name: "a request in a chunk",
    text: `${CHUNKED}${GET.length.toString(16)}\r\n${GET}\r\n0\r\n\r\n`,
    is: "c.example",
  },
  {
    name: "a field behind the chunks",
    text: CHUNKED + "0\r\nX-Sum: 12\r\n\r\n" + GET,
    is: "c.example a.example",
  },
  {
    name: "an empty line behind a body",
    text: SIZED + "12345\r\n" + GET,
    is: "b.example a.example",
  },
  {
    name: "an empty line at the end",
    text: SIZED + "12345\r\n",
    is: "b.example",
  },
  {
    name: "a body that waits for the server",
    text: SIZED.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n") +
      "12345" + GET,
    is: "b.example a.example",
  },
  { name: "half of a head", text: GET + GET.slice(0, 20), is: "a.example …" },
  {
    name: "a request behind one that ends the connection",
    text: GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n") + GET,
    is: "a.example a.example",
  },
  {
    name: "a server that does not change to a web socket",
    text: SOCKET + GET,
    is: "e.example a.example",
  },
];

for (const { name, text, is } of STREAMS) {
  Deno.test(`HttpWalk walks over ${name}, wherever it is cut`, () => {
    assert.equal(walk(text), is);
    for (let at = 1; at < text.length; at++) {
      assert.equal(walk(text.slice(0, at), text.slice(at)), is, `at ${at}`);
    }
    assert.equal(walk(...text), is);
  });
}

Deno.test("HttpWalk is over behind CONNECT", () => {
  assert.equal(walk(GET + CONNECT), "a.example d.example connect@0");
  assert.equal(walk(CONNECT + "\x16\x03\x01"), "d.example connect@3");
});

Deno.test("HttpWalk is over where the frames of a web socket begin", () => {
  assert.equal(walk(SOCKET, FRAME), "e.example websocket@8");
  assert.equal(
    walk(SOCKET, FRAME.subarray(0, 1), FRAME.subarray(1)),
    "e.example websocket@7",
  );
  assert.equal(walk(GET, FRAME), "a.example refused");
  assert.equal(
    walk(SOCKET.replace("websocket", "h2c"), FRAME),
    "e.example refused",
  );
});

const REFUSED: readonly (readonly [name: string, text: string])[] = [
  [
    "both lengths",
    CHUNKED.replace("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\n"),
  ],
  ["two lengths", SIZED.replace("\r\n\r\n", "\r\nContent-Length: 6\r\n\r\n")],
  ["a length with a sign", SIZED.replace("5", "+5")],
  ["another coding", CHUNKED.replace("chunked", "gzip, chunked")],
  ["another expectation", GET.replace("\r\n\r\n", "\r\nExpect: x\r\n\r\n")],
  ["chunks in HTTP/1.0", CHUNKED.replace("1.1", "1.0")],
  ["the preface of HTTP/2", GET + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["something else behind a request", GET + "QUIT\r\n"],
  ["bytes behind a request", GET + "\x01\x02"],
  ["a line feed alone", SIZED + "12345\nGET / HTTP/1.1\r\n"],
  ["two empty lines", SIZED + "12345\r\n\r\n" + GET],
  ["an empty line in front of the first request", "\r\n" + GET],
  ["no size", CHUNKED + "\r\n"],
  ["a size with a sign", CHUNKED + "-1\r\n"],
  ["a size with 0x", CHUNKED + "0x5\r\n12345\r\n"],
  ["a size behind a space", CHUNKED + " 5\r\n12345\r\n"],
  ["a size in front of a space", CHUNKED + "5 \r\n12345\r\n"],
  ["an extension of a chunk", CHUNKED + "5;a=b\r\n12345\r\n"],
  ["a size without CR", CHUNKED + "5\n12345\r\n"],
  ["a size with CR within", CHUNKED + "5\r\r\n12345\r\n"],
  ["a size that no number holds", CHUNKED + "1".repeat(13) + "\r\n"],
  ["a chunk that is too long", CHUNKED + "5\r\n123456\r\n"],
  ["a chunk that ends without CR", CHUNKED + "5\r\n12345\n0\r\n\r\n"],
  ["a host behind the chunks", CHUNKED + "0\r\nHost: x.example\r\n\r\n"],
  ["a length behind the chunks", CHUNKED + "0\r\nContent-Length: 5\r\n\r\n"],
  ["a folded field behind the chunks", CHUNKED + "0\r\nA: b\r\n c\r\n\r\n"],
  ["a malformed field behind the chunks", CHUNKED + "0\r\nA b\r\n\r\n"],
  ["long fields behind the chunks", CHUNKED + "0\r\nA: " + "b".repeat(9000)],
];

for (const [name, text] of REFUSED) {
  Deno.test(`HttpWalk refuses ${name}, and stays with it`, () => {
    assert.match(walk(text), /refused$/);
    assert.match(walk(...text), /refused$/);
    const stays = new HttpWalk();
    stays.add(ascii(text));
    assert.equal(stays.add(ascii(GET)).kind, "refused");
  });
}

const body = fc.string({ unit: "binary-ascii", maxLength: 40 });
const request = fc.oneof(
  fc.constant({ host: "a.example", text: GET }),
  body.map((data) => ({
    host: "b.example",
    text: SIZED.replace("5", String(data.length)) + data,
  })),
  fc.array(body.filter((data) => data !== "")).map((chunks) => ({
    host: "c.example",
    text: CHUNKED +
      chunks.map((data) => `${data.length.toString(16)}\r\n${data}\r\n`)
        .join("") +
      "0\r\n\r\n",
  })),
);

Deno.test("HttpWalk finds every request and no other, however they are cut", () => {
  const cuts = fc.array(fc.nat(400));
  fc.assert(fc.property(fc.array(request), cuts, (requests, at) => {
    const text = requests.map((each) => each.text).join("");
    const ends = [...at.filter((each) => each < text.length), text.length];
    const pieces: string[] = [];
    let from = 0;
    for (const end of ends.toSorted((left, right) => left - right)) {
      pieces.push(text.slice(from, end));
      from = end;
    }
    const hosts = requests.map(({ host }) => host).join(" ");
    assert.equal(walk(...pieces), hosts);
  }));
});

Deno.test("HttpWalk keeps every byte that is no data", () => {
  fc.assert(fc.property(fc.array(request), body, (requests, data) => {
    const walk = new HttpWalk();
    for (const { text, host } of requests) {
      const step = walk.add(ascii(text));
      assert.ok(step.kind === "walked");
      const head = text.indexOf("\r\n\r\n") + 4;
      assert.equal(step.start, 0);
      assert.ok(step.end >= head);
      if (host === "c.example") assert.equal(step.end, text.length);
    }
    const step = walk.add(ascii(SIZED.replace("5", "40") + data));
    assert.ok(step.kind === "walked");
    assert.equal(step.end, SIZED.length + 1);
  }));
});

Deno.test("HttpWalk comes to the same however damaged requests are cut", () => {
  const samples = [
    GET + SIZED + "12345" + GET,
    CHUNKED + "5\r\n12345\r\n0\r\nX: y\r\n\r\n" + GET,
    SOCKET + GET,
  ].map(ascii);
  const buffer = new Uint8Array(512);
  for (let index = 0; index < 3_000; index++) {
    const bytes = mutate({ seed: 7, index, samples }, buffer).slice();
    const whole = walk(bytes);
    const cut = index % (bytes.length + 1);
    const halves = walk(bytes.subarray(0, cut), bytes.subarray(cut));
    assert.equal(wordsOf(halves), wordsOf(whole), `${index}: ${cut}`);
  }
});

/** Without where in its piece a walk was over, or came to be refused. */
function wordsOf(text: string): string {
  return text.replace(/@.*/, "").replace(/.*refused/, "refused");
}
