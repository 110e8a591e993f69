import assert from "node:assert/strict";
import fc from "fast-check";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import { type TcpPlace, TcpWindow } from "../../../agent/decode/tcp_window.ts";
import { ascii } from "./hellos.ts";

const FIRST = 1001;
const MAX = 16;

function put(window: TcpWindow, at: number, text: string, flags = 0) {
  const sequence = (FIRST + at) >>> 0;
  return window.add({ sequence, flags, payload: ascii(text) });
}

/** `again`, `astray`, `refused`, or the text that goes on. */
function read(place: TcpPlace): string {
  return place.kind === "next"
    ? `+${String.fromCharCode(...place.bytes)}`
    : place.kind;
}

const STREAMS: readonly {
  name: string;
  /** Where a segment begins, and its text; or how much is acknowledged. */
  steps: readonly (readonly [number, string] | number)[];
  places: readonly string[];
}[] = [
  {
    name: "goes on in order",
    steps: [[0, "ab"], [2, "c"], [3, ""]],
    places: ["+ab", "+c", "again"],
  },
  {
    name: "leaves out what is behind a gap, until it comes in order",
    steps: [[2, "c"], [0, "ab"], [2, "c"]],
    places: ["astray", "+ab", "+c"],
  },
  {
    name: "takes the same bytes again",
    steps: [[0, "abcd"], [0, "abcd"], [1, "bc"]],
    places: ["+abcd", "again", "again"],
  },
  {
    name: "takes what goes on behind bytes that came before",
    steps: [[0, "abcd"], [2, "cdef"]],
    places: ["+abcd", "+ef"],
  },
  {
    name: "refuses other bytes in the place of those under way",
    steps: [[0, "abcd"], [1, "x"]],
    places: ["+abcd", "refused"],
  },
  {
    name: "refuses other bytes in front of those that go on",
    steps: [[0, "abcd"], [3, "xe"]],
    places: ["+abcd", "refused"],
  },
  {
    name: "leaves out what the other side has",
    steps: [[0, "abcd"], 2, [0, "xx"], [1, "xcde"], [2, "cde"]],
    places: ["+abcd", "astray", "astray", "+e"],
  },
  {
    name: "leaves out what comes from before the beginning",
    steps: [[-1, "x"], [-1, "xa"]],
    places: ["astray", "astray"],
  },
  {
    name: "compares what is not acknowledged, whatever else is",
    steps: [[0, "abcd"], 3, [3, "x"]],
    places: ["+abcd", "refused"],
  },
  {
    name: "believes no acknowledgement of what was not sent",
    steps: [[0, "abcd"], 6, -1, [0, "x"]],
    places: ["+abcd", "refused"],
  },
  {
    name: "takes the acknowledgement of a FIN",
    steps: [[0, "ab"], 3, [2, "c"]],
    places: ["+ab", "+c"],
  },
  {
    name: "leaves out what is more than may be under way",
    steps: [[0, "a".repeat(MAX)], [MAX, "b"], 1, [MAX, "b"]],
    places: [`+${"a".repeat(MAX)}`, "astray", "+b"],
  },
];

for (const base of [0, 0xffff_fffe - FIRST]) {
  for (const { name, steps, places } of STREAMS) {
    Deno.test(`TcpWindow from ${base} ${name}`, () => {
      const window = new TcpWindow(FIRST + base, MAX);
      const found = steps.flatMap((step) => {
        if (typeof step !== "number") {
          return [read(put(window, base + step[0], step[1]))];
        }
        window.acknowledge((FIRST + base + step) >>> 0);
        return [];
      });
      assert.deepEqual(found, places);
    });
  }
}

Deno.test("TcpWindow refuses urgent data, which a receiver may leave out", () => {
  const window = new TcpWindow(FIRST, MAX);
  assert.equal(put(window, 0, "a", TCP_FLAG.URG).kind, "refused");
});

Deno.test("TcpWindow gives each byte once and in order, whatever comes again", () => {
  const text = "abcdefghijklmnop";
  const anySegment = fc.tuple(fc.nat(text.length), fc.nat(text.length));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anySegment, fc.nat(text.length)), { maxLength: 60 }),
      (steps) => {
        const window = new TcpWindow(FIRST, MAX);
        let stream = "";
        for (const step of steps) {
          if (typeof step === "number") {
            // A server has no more than has been let out.
            const had = Math.min(step, stream.length);
            window.acknowledge(FIRST + had);
            continue;
          }
          const [from, to] = [Math.min(...step), Math.max(...step)];
          const place = put(window, from, text.slice(from, to));
          assert.notEqual(place.kind, "refused");
          if (place.kind === "next") stream += read(place).slice(1);
          assert.ok(text.startsWith(stream), stream);
        }
      },
    ),
  );
});
