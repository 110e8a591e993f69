import assert from "node:assert/strict";
import fc from "fast-check";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import { SparseWindow } from "../../../agent/decode/sparse_window.ts";
import { ascii } from "./hellos.ts";

const { ACK, FIN, RST, SYN, URG } = TCP_FLAG;
/** The numbers wrap behind the second byte. */
const FIRST = 0xffff_fffe;

function segment(start: number, text: string, flags: number = ACK) {
  const sequence = (FIRST + start) >>> 0;
  return { sequence, flags, payload: ascii(text) };
}

/** What is new, or why there is nothing. */
function place(
  window: SparseWindow,
  ...of: Parameters<typeof segment>
): string {
  const placed = window.place(segment(...of));
  return placed.kind === "placed"
    ? new TextDecoder().decode(placed.bytes)
    : placed.kind;
}

Deno.test("SparseWindow gives what is new of each segment", () => {
  const window = new SparseWindow(FIRST);

  assert.equal(place(window, 0, "abcd"), "abcd");
  assert.equal(place(window, 0, "abcd"), "");
  assert.equal(place(window, 2, "cdef"), "ef");
  assert.equal(place(window, 7, "h"), "ahead");
  assert.equal(place(window, 6, "g"), "g");
  assert.equal(window.next, 7);
  assert.equal(window.nextSequence, 5);
});

Deno.test("SparseWindow takes an acknowledgement from wherever it comes", () => {
  const window = new SparseWindow(FIRST);

  assert.equal(place(window, 900, ""), "");
  assert.equal(place(window, 0, "ignored", RST), "");
  assert.equal(window.next, 0);
});

Deno.test("SparseWindow refuses another content for what is kept, and no other", () => {
  const window = new SparseWindow(FIRST);
  place(window, 0, "headbodyhead");
  window.keep(0, ascii("head"));
  window.keep(8, ascii("head"));

  assert.equal(place(window, 0, "headBODYheadmore"), "more");
  assert.equal(place(window, 4, "bodyhEad"), "refused");
  assert.equal(place(window, 0, "Head"), "refused");
  assert.equal(place(window, 11, "Xmore"), "refused");
  assert.equal(window.agrees(segment(8, "he")), true);
  assert.equal(window.agrees(segment(6, "dyhi")), false);
});

Deno.test("SparseWindow forgets what the receiver has", () => {
  const window = new SparseWindow(FIRST);
  place(window, 0, "onetwo");
  window.keep(0, ascii("one"));
  const one = window.keptBytes;
  window.keep(3, ascii("two"));
  window.forget((FIRST + 4) >>> 0);

  assert.equal(window.keptBytes, one);
  assert.equal(place(window, 0, "ONEtwo"), "");
  assert.equal(place(window, 3, "TWO"), "refused");
});

for (
  const [name, start, flags] of [
    ["urgent data", 0, ACK | URG],
    ["bytes in front of the first", -3, ACK],
    ["another beginning", 5, SYN],
  ] as const
) {
  Deno.test(`SparseWindow refuses ${name}`, () => {
    assert.equal(
      place(new SparseWindow(FIRST), start, "abcd", flags),
      "refused",
    );
  });
}

Deno.test("SparseWindow knows the end, and that nothing follows it", () => {
  const window = new SparseWindow(FIRST);
  place(window, 0, "ab");
  assert.equal(window.ended, false);
  assert.equal(place(window, 3, "", FIN), "ahead");
  assert.equal(place(window, 2, "c", FIN), "c");
  assert.equal(window.ended, true);
  assert.equal(place(window, 2, "c", FIN), "");
  assert.equal(place(window, 3, "d"), "refused");
});

Deno.test("SparseWindow goes back to where something else begins", () => {
  const window = new SparseWindow(FIRST);
  place(window, 0, "abcdef", FIN);
  window.cut(4);

  assert.equal(window.next, 4);
  assert.equal(window.ended, false);
  assert.equal(place(window, 4, "gh"), "gh");
});

Deno.test("SparseWindow counts on behind 4 GiB", () => {
  const window = new SparseWindow(FIRST);
  const payload = new Uint8Array(1 << 30);
  for (let count = 0; count < 5; count++) {
    const sequence = window.nextSequence;
    window.place({ sequence, flags: ACK, payload });
  }
  assert.equal(window.next, 5 * 2 ** 30);
  window.keep(window.next - 1, ascii("x"));
  assert.equal(place(window, 5 * 2 ** 30 - 1, "y"), "refused");
});

Deno.test("SparseWindow gives each byte once, in order, however it is sent", () => {
  const text = "abcdefghijklmnopqrstuvwxyz";
  const piece = fc.tuple(fc.nat(26), fc.nat(8));
  fc.assert(fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
    const window = new SparseWindow(FIRST);
    let seen = "";
    for (const [start, length] of pieces) {
      const from = Math.min(start, window.next);
      seen += place(window, from, text.slice(from, start + length));
    }
    assert.equal(seen, text.slice(0, window.next));
  }));
});
