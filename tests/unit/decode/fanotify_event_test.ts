import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeFanotifyEvent,
  FANOTIFY,
  type Span,
} from "../../../agent/decode/fanotify_event.ts";
import { hex } from "../../hex.ts";
import {
  FANOTIFY_DIRECTORY as DIRECTORY,
  FANOTIFY_ITSELF as ITSELF,
  FANOTIFY_LOST as LOST,
  FANOTIFY_MADE as MADE,
  FANOTIFY_WRITTEN as WRITTEN,
} from "./fanotify_samples.ts";

function read(bytes: Uint8Array, at = 0) {
  const decoded = decodeFanotifyEvent(bytes, at);
  assert.ok(decoded.ok);
  const { directory, name, file, ...rest } = decoded.value;
  const of = (span: Span | null) =>
    span === null ? null : bytes.subarray(span.start, span.end);
  return {
    ...rest,
    directory: of(directory)?.toHex() ?? null,
    name: name === null ? null : new TextDecoder().decode(of(name)!),
    file: of(file)?.toHex() ?? null,
  };
}

Deno.test("decodeFanotifyEvent() reads what was done with a file", () => {
  assert.deepEqual(read(hex(WRITTEN)), {
    bytes: 0x60,
    mask: FANOTIFY.CREATE | FANOTIFY.MODIFY | FANOTIFY.CLOSE_WRITE,
    pid: 0x7a5f,
    directory: DIRECTORY.replaceAll(" ", ""),
    name: "main.c",
    file: "7b0d27eeb3b801a70c000000010000004bf81d0155460f0000000000",
  });
});

Deno.test("decodeFanotifyEvent() reads events behind each other", () => {
  const bytes = hex(WRITTEN + MADE + ITSELF + LOST);
  const events = [];
  for (let at = 0; at < bytes.length; at += events.at(-1)!.bytes) {
    events.push(read(bytes, at));
  }
  assert.deepEqual(events.map(({ name }) => name), ["main.c", "d", ".", null]);
  assert.deepEqual(events.map(({ mask }) => mask).slice(1), [
    FANOTIFY.CREATE | FANOTIFY.ONDIR,
    FANOTIFY.ATTRIB | FANOTIFY.ONDIR,
    FANOTIFY.Q_OVERFLOW,
  ]);
  assert.equal(events[2]?.file, null);
  assert.equal(events[3]?.directory, null);
});

Deno.test("decodeFanotifyEvent() passes over records that it does not know", () => {
  // FAN_EVENT_INFO_TYPE_PIDFD
  const bytes = hex(
    ITSELF.replace("3c000000", "44000000") + "04000800ffffffff",
  );
  assert.equal(read(bytes).name, ".");
});

Deno.test("decodeFanotifyEvent() takes a handle of no bytes", () => {
  const directory = "7b0d27ee b3b801a7 00000000 01000000";
  const bytes = hex(`
    30000000 03001800 04000040 00000000 ffffffff 637a0000
    02001800 ${directory} 2e000000
  `);
  assert.equal(read(bytes).directory, directory.replaceAll(" ", ""));
});

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  {
    name: "another version",
    dump: LOST.replace("03001800", "04001800"),
    why: "event has version 4",
  },
  {
    name: "an event that is shorter than its head",
    dump: LOST.replace("18000000", "17000000"),
    why: "event is 23 of 24 bytes",
  },
  {
    name: "a head that is longer than the event",
    dump: LOST.replace("03001800", "03001900"),
    why: "event has 25 bytes of metadata",
  },
  {
    name: "a record of no bytes",
    dump: ITSELF.replace("02002400", "02000000"),
    why: "event ends within a record",
  },
  {
    name: "a record that is longer than the event",
    dump: ITSELF.replace("02002400", "02002500"),
    why: "event ends within a record",
  },
  {
    name: "a handle that is longer than its record",
    dump: ITSELF.replace("0c000000", "ffffffff"),
    why: "event ends within a handle",
  },
  {
    name: "a name that does not end",
    dump: ITSELF.replace("2e000000", "2e2e2e2e"),
    why: "event ends within a name",
  },
];

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeFanotifyEvent() refuses ${name}`, () => {
    const bytes = hex(dump);
    assert.deepEqual(decodeFanotifyEvent(bytes, 0), { ok: false, why });
  });
}

Deno.test("decodeFanotifyEvent() refuses every truncation", () => {
  for (const dump of [WRITTEN, MADE, ITSELF, LOST]) {
    const bytes = hex(dump);
    for (let length = 0; length < bytes.length; length++) {
      const { ok } = decodeFanotifyEvent(bytes.subarray(0, length), 0);
      assert.equal(ok, false, `${length} bytes`);
    }
  }
});

Deno.test("decodeFanotifyEvent() keeps all places within the event", () => {
  const bytes = fc.uint8Array({ minLength: 24, maxLength: 120 });
  fc.assert(fc.property(bytes, fc.nat(96), (noise, keep) => {
    const sample = hex(WRITTEN);
    sample.set(noise.subarray(0, sample.length - keep), keep);
    const decoded = decodeFanotifyEvent(sample, 0);
    if (!decoded.ok) return;
    const { directory, name, file } = decoded.value;
    for (const span of [directory, name, file]) {
      if (span === null) continue;
      assert.ok(span.start <= span.end && span.end <= decoded.value.bytes);
    }
  }));
});
