import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeHttpAnswer } from "../../../agent/decode/http_answer.ts";

const UTF8 = new TextEncoder();

// As Docker's daemon answers HTTP/1.0 (Go's net/http closes the connection).
const ANSWER = "HTTP/1.0 200 OK\r\nApi-Version: 1.47\r\n" +
  "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n" +
  '{"a":1}';

const REFUSED: readonly { name: string; text: string; why: string }[] = [
  { name: "nothing", text: "", why: "head has no end" },
  {
    name: "a head without an end",
    text: ANSWER.slice(0, 40),
    why: "head has no end",
  },
  {
    name: "a head that is too long",
    text: `HTTP/1.0 200 OK\r\nA: ${"a".repeat(20_000)}\r\n\r\n`,
    why: "head has no end",
  },
  {
    name: "another protocol",
    text: "SSH-2.0-OpenSSH\r\n\r\n",
    why: "status line is malformed",
  },
  {
    name: "a status that is none",
    text: "HTTP/1.0 999 Odd\r\n\r\n",
    why: "status line is malformed",
  },
  {
    name: "a body that was cut",
    text: ANSWER.slice(0, -1),
    why: 'body is 6 bytes of "7"',
  },
  {
    name: "a body that is too long",
    text: `${ANSWER}x`,
    why: 'body is 8 bytes of "7"',
  },
  {
    name: "a length that is none",
    text: ANSWER.replace("Length: 7", "Length: 7x"),
    why: 'body is 7 bytes of "7x"',
  },
  {
    name: "a second length",
    text: ANSWER.replace("Api-Version: 1.47", "content-length: 9"),
    why: 'body is 7 bytes of "9"',
  },
  {
    name: "pieces that nobody asked for",
    text: ANSWER.replace("Api-Version: 1.47", "Transfer-Encoding: chunked"),
    why: "body is encoded",
  },
];

Deno.test("decodeHttpAnswer() reads a runtime's answer", () => {
  const decoded = decodeHttpAnswer(UTF8.encode(ANSWER));
  assert.ok(decoded.ok);
  assert.equal(decoded.value.status, 200);
  assert.deepEqual(decoded.value.body, UTF8.encode('{"a":1}'));
});

Deno.test("decodeHttpAnswer() reads a body without a length, and none", () => {
  const decoded = decodeHttpAnswer(UTF8.encode("HTTP/1.1 404\r\n\r\nno"));
  assert.ok(decoded.ok);
  assert.equal(decoded.value.status, 404);
  assert.equal(decoded.value.body.length, 2);
});

for (const { name, text, why } of REFUSED) {
  Deno.test(`decodeHttpAnswer() refuses ${name}`, () => {
    const decoded = decodeHttpAnswer(UTF8.encode(text));
    assert.deepEqual(decoded, { ok: false, why: `http answer ${why}` });
  });
}

Deno.test("decodeHttpAnswer() refuses every truncation", () => {
  const bytes = UTF8.encode(ANSWER);
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeHttpAnswer(bytes.subarray(0, length)).ok, false);
  }
});

Deno.test("decodeHttpAnswer() takes any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    decodeHttpAnswer(bytes);
  }));
});
