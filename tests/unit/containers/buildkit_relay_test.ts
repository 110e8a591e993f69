import assert from "node:assert/strict";
import fc from "fast-check";
import { HTTP2_FLAG } from "../../../agent/decode/http2_frame.ts";
import {
  BEGINNING,
  brief,
  call,
  data,
  Ends,
  fields,
  frame,
  INFO,
  join,
  message,
  notAllowed,
  settings,
  SOLVE,
  text,
} from "./http2_words.ts";

const HARMLESS = message(text(1, "ref"), text(6, "dockerfile.v0"));
const RIGHT = message(text(1, "ref"), text(9, "network.host"));
const STATUS_200 = [[":status", "200"]] as const;
const DONE = [["grpc-status", "0"]] as const;

/** A connection that has begun. */
function begin(): Ends {
  const ends = new Ends();
  assert.ok(ends.relay.fromClient(BEGINNING));
  return ends;
}

Deno.test("BuildkitRelay carries a call and its answer", () => {
  const ends = begin();
  assert.ok(ends.relay.fromRuntime(settings()));
  assert.ok(ends.relay.fromClient(
    join(call(1, INFO), data(1, { bytes: message(), isEnd: true })),
  ));
  assert.ok(ends.relay.fromRuntime(join(
    fields(1, { fields: STATUS_200 }),
    data(1, { bytes: message() }),
    fields(1, { fields: DONE, isEnd: true }),
  )));
  assert.deepEqual(brief(ends.runtime), [
    "0 settings",
    "1 fields",
    "1 data 5 end",
  ]);
  assert.deepEqual(brief(ends.client), [
    "0 settings",
    "1 fields",
    "1 data 5",
    "1 fields end",
  ]);
  assert.deepEqual(ends.refused, []);
});

Deno.test("BuildkitRelay holds a message until all of it was looked at", () => {
  const ends = begin();
  ends.relay.fromClient(call(1, SOLVE));
  for (const byte of HARMLESS) {
    ends.relay.fromClient(data(1, { bytes: [byte] }));
  }
  assert.deepEqual(brief(ends.runtime), ["0 settings", "1 fields"]);
  ends.relay.fromClient(data(1, { bytes: [], isEnd: true }));
  const { runtime } = ends;
  assert.deepEqual(brief(runtime).slice(2), [
    `1 data ${HARMLESS.length} end`,
  ]);
  const last = runtime.at(-1)!;
  assert.ok(last.kind === "frame");
  assert.deepEqual([...last.frame.payload], HARMLESS);
});

Deno.test("BuildkitRelay refuses a message that asks for a right, and goes on", () => {
  const ends = begin();
  ends.relay.fromClient(join(
    call(1, SOLVE),
    data(1, { bytes: RIGHT.slice(0, 8) }),
    data(1, { bytes: RIGHT.slice(8), isEnd: true }),
    call(3, SOLVE),
    data(3, { bytes: HARMLESS, isEnd: true }),
  ));
  assert.deepEqual(brief(ends.runtime), [
    ...["0 settings", "1 fields", "1 rst_stream", "3 fields"],
    `3 data ${HARMLESS.length} end`,
  ]);
  const why = `the call ${SOLVE}: Entitlements: "network.host"`;
  assert.deepEqual(ends.refused, [why]);
  assert.deepEqual(brief(ends.client), ["0 window_update", "1 fields end"]);
  const answer = ends.client.at(-1)!;
  assert.ok(answer.kind === "fields");
  assert.deepEqual(answer.fields.slice(0, 3), [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-status", "7"],
  ]);
});

Deno.test("BuildkitRelay tells the runtime nothing of a method that is refused", () => {
  const ends = begin();
  ends.relay.fromClient(join(
    call(1, "/moby.buildkit.v1.Control/Session"),
    data(1, { bytes: [1, 2, 3] }),
    frame("WINDOW_UPDATE", { streamId: 1, payload: [0, 0, 0, 1] }),
    frame("RST_STREAM", { streamId: 1, payload: [0, 0, 0, 8] }),
    call(3, INFO),
  ));
  assert.deepEqual(brief(ends.runtime), ["0 settings", "3 fields"]);
  assert.deepEqual(brief(ends.client), [
    ...["1 fields end", "1 rst_stream", "0 window_update"],
  ]);
});

Deno.test("BuildkitRelay gives back the windows of what it keeps", () => {
  const ends = begin();
  ends.relay.fromClient(join(
    ...[call(1, SOLVE), data(1, { bytes: HARMLESS })],
    frame("RST_STREAM", { streamId: 1, payload: [0, 0, 0, 8] }),
    data(1, { bytes: [1, 2] }),
  ));
  ends.relay.fromRuntime(data(1, { bytes: [1, 2, 3] }));
  const granted = (events: Ends["client"]) =>
    events.flatMap((event) =>
      event.kind === "frame" && event.frame.type === 8
        ? [event.frame.payload[3]]
        : []
    );
  assert.deepEqual(granted(ends.client), [HARMLESS.length, 2]);
  assert.deepEqual(granted(ends.runtime), [3]);
});

Deno.test("BuildkitRelay refuses a message that would fill the windows", () => {
  const ends = begin();
  ends.relay.fromClient(call(1, SOLVE));
  const bytes = Array.from({ length: 16_000 }, () => 0);
  for (let count = 0; count < 4; count++) {
    assert.ok(ends.relay.fromClient(data(1, { bytes })));
  }
  assert.deepEqual(brief(ends.runtime).slice(2), ["1 rst_stream"]);
  assert.match(ends.refused[0]!, /over 49152 bytes/);
});

Deno.test("BuildkitRelay ends an answer that has begun as an answer", () => {
  const ends = begin();
  ends.relay.fromClient(call(1, SOLVE));
  ends.relay.fromRuntime(fields(1, { fields: [[":status", "103"]] }));
  ends.relay.fromRuntime(fields(1, { fields: STATUS_200 }));
  ends.relay.fromClient(data(1, { bytes: RIGHT, isEnd: true }));
  const answer = ends.client.at(-1)!;
  assert.ok(answer.kind === "fields" && answer.isEnd);
  assert.deepEqual(answer.fields[0], ["grpc-status", "7"]);
  // Of what the runtime says afterwards nobody hears.
  const before = ends.client.length;
  ends.relay.fromRuntime(fields(1, { fields: DONE, isEnd: true }));
  assert.equal(ends.client.length, before);
});

Deno.test("BuildkitRelay keeps each end's fields and frames to the least", () => {
  const ends = begin();
  const pairs = [1, 2, 3, 4, 5, 6, 8, 9].map((id) => [id, 1_000_000] as const);
  ends.relay.fromClient(
    settings(...pairs.map(([a, b]) => [a, b] as [number, number])),
  );
  ends.relay.fromRuntime(settings([1, 65_536], [5, 65_536], [4, 1_048_576]));
  const kept = (events: Ends["client"]) => {
    const last = events.at(-1)!;
    assert.ok(last.kind === "frame");
    return [...last.frame.payload].filter((_, at) => at % 6 === 1);
  };
  assert.deepEqual(kept(ends.runtime), [2, 3, 4, 6]);
  assert.deepEqual(kept(ends.client), [4]);
});

Deno.test("BuildkitRelay passes what is of the connection, and no new types", () => {
  const ends = begin();
  const ping = frame("PING", { flags: 1, payload: [1, 2, 3, 4, 5, 6, 7, 8] });
  const away = frame("GOAWAY", { payload: [0, 0, 0, 0, 0, 0, 0, 0, 65] });
  const unknown = join(frame("PING", { payload: [1, 2, 3, 4, 5, 6, 7, 8] }));
  unknown[3] = 0x20;
  const weight = frame("PRIORITY", { streamId: 9, payload: [0, 0, 0, 0, 1] });
  const all = join(
    ping,
    unknown,
    weight,
    frame("SETTINGS", { flags: 1 }),
    away,
  );
  ends.relay.fromClient(all);
  ends.relay.fromRuntime(all);
  const passed = ["0 ping", "0 settings", "0 goaway"];
  assert.deepEqual(brief(ends.runtime), ["0 settings", ...passed]);
  assert.deepEqual(brief(ends.client), passed);
});

const MALFORMED: readonly { name: string; bytes: Uint8Array }[] = [
  { name: "fields before settings", bytes: call(1, INFO) },
  {
    name: "a ping before settings",
    bytes: frame("PING", { payload: [1, 2, 3, 4, 5, 6, 7, 8] }),
  },
  { name: "an even stream", bytes: join(settings(), call(2, INFO)) },
  {
    name: "data of a stream that is not open",
    bytes: join(settings(), data(1, { bytes: [] })),
  },
  {
    name: "fields behind a call",
    bytes: join(settings(), call(1, SOLVE), call(1, INFO)),
  },
  {
    name: "data behind a call",
    bytes: join(
      settings(),
      ...[call(1, INFO), data(1, { bytes: [], isEnd: true })],
      data(1, { bytes: [] }),
    ),
  },
  {
    name: "a promise",
    bytes: join(settings(), frame("PUSH_PROMISE", { streamId: 1 })),
  },
  {
    name: "fields with half of their rest",
    bytes: join(
      settings(),
      frame("HEADERS", { streamId: 1, payload: [0x82] }),
      settings(),
    ),
  },
];

for (const { name, bytes } of MALFORMED) {
  Deno.test(`BuildkitRelay ends a connection with ${name}`, () => {
    const ends = new Ends();
    const preface = BEGINNING.subarray(0, 24);
    assert.equal(ends.relay.fromClient(join(preface, bytes)), false);
    assert.equal(brief(ends.client).at(-1), "0 goaway");
    assert.match(ends.refused.at(-1)!, /^a connection to BuildKit: it/);
    assert.equal(notAllowed(ends.runtime), null);
  });
}

Deno.test("BuildkitRelay ends a connection that goes on asking for what is refused", () => {
  const ends = begin();
  let count = 0;
  while (ends.relay.fromClient(call(2 * count + 1, "/x"))) count++;
  assert.ok(count > 16 && count < 64, `${count}`);
});

Deno.test("BuildkitRelay has no more calls at once than BuildKit", () => {
  const ends = begin();
  for (let count = 0; count < 252; count++) {
    assert.ok(ends.relay.fromClient(call(2 * count + 1, INFO)));
  }
  assert.equal(ends.refused.length, 2);
  assert.match(ends.refused[0]!, /too many at once/);
});

/** What clients could say, in any order; each is well made. */
const WORD = fc.oneof(
  fc.record({
    streamId: fc.constantFrom(1, 3, 5, 7),
    path: fc.constantFrom(SOLVE, SOLVE, INFO, "/other"),
  }).map(({ streamId, path }) => call(streamId, path)),
  fc.record({
    streamId: fc.constantFrom(1, 3, 5, 7),
    bytes: fc.constantFrom(
      ...[HARMLESS, RIGHT, HARMLESS.slice(0, 7), HARMLESS.slice(7)],
      ...[RIGHT.slice(0, 12), RIGHT.slice(12), []],
    ),
    isEnd: fc.boolean(),
  }).map(({ streamId, bytes, isEnd }) => data(streamId, { bytes, isEnd })),
  fc.constantFrom(1, 3, 5).map((streamId) =>
    frame("RST_STREAM", { streamId, payload: [0, 0, 0, 8] })
  ),
);

Deno.test("BuildkitRelay passes nothing that was not allowed, whatever is said", () => {
  fc.assert(
    fc.property(
      fc.array(WORD, { maxLength: 12 }),
      fc.integer({ min: 1, max: 40 }),
      (words, size) => {
        const ends = begin();
        const bytes = join(...words);
        for (let at = 0; at < bytes.length; at += size) {
          if (!ends.relay.fromClient(bytes.slice(at, at + size))) break;
          assert.equal(notAllowed(ends.runtime), null);
        }
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("BuildkitRelay reads fields that are packed by those before", () => {
  const ends = begin();
  // The path is kept by the first call, and only named by the second one.
  const path = [...new TextEncoder().encode("/x.Y/Z")];
  const flags = HTTP2_FLAG.END_HEADERS;
  const first = [0x83, 0x86, 0x44, path.length, ...path];
  ends.relay.fromClient(join(
    frame("HEADERS", { streamId: 1, flags, payload: first }),
    frame("HEADERS", { streamId: 3, flags, payload: [0x83, 0x86, 0xbe] }),
    call(5, INFO),
  ));
  assert.equal(ends.refused.length, 2);
  assert.deepEqual(brief(ends.runtime), ["0 settings", "5 fields"]);
});
