import assert from "node:assert/strict";
import { decodeHttpReply } from "../../../agent/decode/http_reply.ts";

/** As dockerd answers `attach`. */
const GOOD = "HTTP/1.1 101 UPGRADED\r\n" +
  "Content-Type: application/vnd.docker.Raw-stream; x=y\r\n" +
  "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("decodeHttpReply() reads what decides what follows", () => {
  assert.deepEqual(decodeHttpReply(encode(`${GOOD}bytes`)), {
    status: 101,
    contentType: "application/vnd.docker.raw-stream",
    headBytes: GOOD.length,
  });
});

Deno.test("decodeHttpReply() waits at every truncation", () => {
  for (let length = 0; length < GOOD.length; length++) {
    assert.equal(decodeHttpReply(encode(GOOD.slice(0, length))), undefined);
  }
});

for (const text of ["HTTP/2 200\r\n\r\n", "ftp\r\n\r\n", "x".repeat(70_000)]) {
  Deno.test(`decodeHttpReply() finds none in ${text.slice(0, 6)}`, () => {
    assert.equal(decodeHttpReply(encode(text)), null);
  });
}
