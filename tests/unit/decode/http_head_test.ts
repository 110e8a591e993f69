import assert from "node:assert/strict";
import { decodeHttpHead } from "../../../agent/decode/http_head.ts";

/** As docker 20.10 sends it. */
const GOOD = "POST /v1.41/containers/create?name=x HTTP/1.1\r\n" +
  "Host: docker\r\nUser-Agent: Docker-Client/20.10.24 (linux)\r\n" +
  "Content-Length: 2\r\nContent-Type: application/json\r\n\r\n";

const REFUSED: readonly { name: string; text: string; why: string }[] = [
  {
    name: "a method in lower case",
    text: GOOD.replace("POST", "post"),
    why: "http request line is malformed",
  },
  {
    name: "two blanks in the request line",
    text: GOOD.replace("POST ", "POST  "),
    why: "http request line is malformed",
  },
  {
    name: "another version",
    text: GOOD.replace("1.1", "2.0"),
    why: "http request line is malformed",
  },
  {
    name: "a bare line feed",
    text: GOOD.replace("docker\r\n", "docker\n"),
    why: "http line ends without CR and LF",
  },
  {
    name: "a bare carriage return",
    text: GOOD.replace("docker\r\n", "docker\rX: y\r\n"),
    why: "http line ends without CR and LF",
  },
  {
    name: "a folded field",
    text: GOOD.replace("Content-Length", " Content-Length"),
    why: "http field is folded",
  },
  {
    name: "two lengths",
    text: GOOD.replace("Host: docker", "Content-Length: 2"),
    why: "http content-length is there twice",
  },
  {
    name: "a length with a sign",
    text: GOOD.replace("Length: 2", "Length: +2"),
    why: "http content-length is no number",
  },
  {
    name: "a length and chunks",
    text: GOOD.replace("Host: docker", "Transfer-Encoding: chunked"),
    why: "http body has two lengths",
  },
];

function encode(text: string): Uint8Array {
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}

Deno.test("decodeHttpHead() reads what a request is passed on by", () => {
  const result = decodeHttpHead(encode(`${GOOD}{}`));

  assert.equal(result.kind, "head");
  const { fields, ...rest } = (result as { head: { fields: unknown } }).head;
  assert.deepEqual(rest, {
    method: "POST",
    target: "/v1.41/containers/create?name=x",
    version: "1.1",
    bodyBytes: 2,
    isExpected: false,
    upgrade: null,
    headBytes: GOOD.length,
  });
  assert.deepEqual(fields, [
    ["host", "docker"],
    ["user-agent", "Docker-Client/20.10.24 (linux)"],
    ["content-length", "2"],
    ["content-type", "application/json"],
  ]);
});

for (const { name, text, why } of REFUSED) {
  Deno.test(`decodeHttpHead() refuses ${name}`, () => {
    assert.deepEqual(decodeHttpHead(encode(text)), { kind: "refused", why });
  });
}

Deno.test("decodeHttpHead() waits at every truncation", () => {
  for (let length = 0; length < GOOD.length; length++) {
    const result = decodeHttpHead(encode(GOOD.slice(0, length)));
    assert.deepEqual(result, { kind: "incomplete" }, `${length} bytes`);
  }
});

Deno.test("decodeHttpHead() gives up a head without an end", () => {
  const result = decodeHttpHead(new Uint8Array(200_000).fill(13));
  assert.equal(result.kind, "refused");
});
