import assert from "node:assert/strict";
import {
  decodeInotifyEvent,
  INOTIFY,
} from "../../../agent/decode/inotify_event.ts";
import { hex } from "../../hex.ts";

// Read on Linux 6.18, x86_64, from a directory with the watch 1, in which the
// directory "old" was renamed to "new name, longer".
const MOVE = `
  01000000 40000040 07000000 10000000   # watch, MOVED_FROM | ISDIR, cookie, 16
  6f6c6400 00000000 00000000 00000000   # old
  01000000 80000040 07000000 20000000   # watch, MOVED_TO | ISDIR, cookie, 32
  6e657720 6e616d65 2c206c6f 6e676572   # new name, longer
  00000000 00000000 00000000 00000000
  ffffffff 00400000 00000000 00000000   # no watch, Q_OVERFLOW
`;

Deno.test("decodeInotifyEvent() reads one event after the other", () => {
  const bytes = hex(MOVE);
  const text = (name: Uint8Array | null) =>
    name && new TextDecoder().decode(name);

  const from = decodeInotifyEvent(bytes, 0);
  assert.ok(from.ok);
  assert.equal(from.value.watch, 1);
  assert.equal(from.value.mask, INOTIFY.MOVED_FROM | INOTIFY.ISDIR);
  assert.equal(from.value.cookie, 7);
  assert.equal(text(from.value.name), "old");
  assert.equal(from.value.bytes, 32);
  const to = decodeInotifyEvent(bytes, 32);
  assert.ok(to.ok);
  assert.equal(to.value.mask, INOTIFY.MOVED_TO | INOTIFY.ISDIR);
  assert.equal(text(to.value.name), "new name, longer");
  assert.equal(to.value.bytes, 48);
  const lost = decodeInotifyEvent(bytes, 80);
  assert.ok(lost.ok);
  assert.deepEqual(lost.value, {
    bytes: 16,
    watch: -1,
    mask: INOTIFY.Q_OVERFLOW,
    cookie: 0,
    name: null,
  });
});

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  { name: "nothing", dump: "", why: "inotify event is 0 of 16 bytes" },
  {
    name: "a name that is longer than what was read",
    dump:
      "01000000 02000000 00000000 11000000 61000000 00000000 00000000 000000",
    why: "inotify name is 17 of 15 bytes",
  },
  {
    name: "the longest name",
    dump: "01000000 02000000 00000000 ffffffff 6100",
    why: "inotify name is 4294967295 of 2 bytes",
  },
  {
    name: "a name without its end",
    dump: "01000000 02000000 00000000 04000000 61616161",
    why: "inotify name has no end",
  },
  {
    name: "a name of nothing",
    dump: "01000000 02000000 00000000 04000000 00616161",
    why: "inotify name is empty",
  },
];

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeInotifyEvent() refuses ${name}`, () => {
    assert.deepEqual(decodeInotifyEvent(hex(dump), 0), { ok: false, why });
  });
}

Deno.test("decodeInotifyEvent() refuses every truncation of a good event", () => {
  const event = hex(MOVE).subarray(0, 32);
  for (let length = 0; length < event.length; length++) {
    const { ok } = decodeInotifyEvent(event.subarray(0, length), 0);
    assert.equal(ok, false, `${length} bytes`);
  }
});
