import assert from "node:assert/strict";
import fc from "fast-check";
import { HttpBody } from "../../../agent/decode/http_body.ts";

const ENCODER = new TextEncoder();
const CHUNKED = "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";

/** Reads a body in pieces; its content, and how much of it was the body. */
function readAll(body: HttpBody, pieces: readonly Uint8Array[]) {
  let [text, length] = ["", 0];
  for (const piece of pieces) {
    const step = body.read(piece);
    if (step.kind === "refused") return step;
    for (const content of step.content) {
      text += new TextDecoder().decode(content);
    }
    length += step.length;
  }
  return { text, length, ended: body.isEnded };
}

Deno.test("HttpBody takes the content out of its chunks", () => {
  const bytes = ENCODER.encode(`${CHUNKED}GET`);
  assert.deepEqual(readAll(new HttpBody("chunked"), [bytes]), {
    text: "abc0123456789",
    length: CHUNKED.length,
    ended: true,
  });
});

Deno.test("HttpBody reads the same in pieces of any length", () => {
  const cuts = fc.array(fc.nat(CHUNKED.length), { maxLength: 8 });
  fc.assert(fc.property(cuts, (at) => {
    const places = [0, ...at.toSorted((a, b) => a - b), CHUNKED.length];
    const pieces = places.slice(1).map((end, index) =>
      ENCODER.encode(CHUNKED.slice(places[index], end))
    );
    const read = readAll(new HttpBody("chunked"), pieces);
    assert.deepEqual(read, {
      text: "abc0123456789",
      length: CHUNKED.length,
      ended: true,
    });
  }));
});

Deno.test("HttpBody ends with its length", () => {
  const read = readAll(new HttpBody(3), [ENCODER.encode("abcdef")]);
  assert.deepEqual(read, { text: "abc", length: 3, ended: true });
});

Deno.test("HttpBody without a length has ended", () => {
  for (const framing of [null, 0]) {
    assert.equal(new HttpBody(framing).isEnded, true);
  }
});

Deno.test("HttpBody is not over at any truncation", () => {
  for (let length = 0; length < CHUNKED.length; length++) {
    const bytes = ENCODER.encode(CHUNKED.slice(0, length));
    const read = readAll(new HttpBody("chunked"), [bytes]);
    assert.equal("ended" in read && read.ended, false, `${length} bytes`);
  }
});

Deno.test("HttpBody refuses a chunk that is longer than its size", () => {
  const step = new HttpBody("chunked").read(ENCODER.encode("1\r\nab\r\n"));
  assert.equal(step.kind, "refused");
});
