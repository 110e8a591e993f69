import assert from "node:assert/strict";
import { AgentError } from "../../../agent/errors.ts";
import type { Event, EventBody } from "../../../agent/record/event.ts";
import { Journal } from "../../../agent/record/journal.ts";
import { encodeEvent } from "../../../agent/record/line.ts";
import { readJournal } from "../../../agent/record/read.ts";
import { ownership, readDirectory } from "../../../ffi/directories.ts";
import {
  canAccess,
  O,
  openFile,
  readText,
  writeAll,
} from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { cString } from "../../../ffi/text.ts";
import { Scratch } from "../../scratch.ts";
import { STARTED } from "./events.ts";

const NAME = "journal.ndjson";

/** How much waits for room before events are lost. */
const WAITING_BYTES = 4 << 20;

function messageOf(message: string): EventBody {
  return { kind: "agent", event: "tampered", message };
}

/** The events of a journal that must be sound. */
function eventsOf(text: string): readonly Event[] {
  const { events, problems } = readJournal(text);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  return events;
}

function messagesOf(text: string): (string | undefined)[] {
  return eventsOf(text).map((event) =>
    event.kind === "agent" ? event.message : undefined
  );
}

function isUnusable(error: unknown): boolean {
  return error instanceof AgentError && error.code === "journal_unusable";
}

Deno.test("Journal makes a file that only its owner can read", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  {
    using journal = new Journal(libc, scratch.at(NAME));
    journal.write(STARTED);
    journal.append([encodeEvent(messageOf("a"), journal.now())]);
  }
  assert.deepEqual(messagesOf(scratch.read(NAME)), [undefined, "a"]);
  assert.deepEqual(ownership(libc, scratch.at(NAME)), {
    uid: 0,
    gid: 0,
    isShared: false,
  });
});

Deno.test("Journal counts on without a gap each time it is opened", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  for (let time = 0; time < 20; time++) {
    using journal = new Journal(libc, scratch.at(NAME));
    for (let event = 0; event < time % 3; event++) {
      journal.write(messageOf(`${time}`));
    }
  }
  assert.equal(eventsOf(scratch.read(NAME)).length, 19);
});

Deno.test("Journal mends a last line that was cut at any byte", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  {
    using journal = new Journal(libc, scratch.at(NAME));
    // A cut inside a character is one more kind of cut.
    for (const message of ["é€😀", "b", "\u2028😀"]) {
      journal.write(messageOf(message));
    }
  }
  const whole = new TextEncoder().encode(scratch.read(NAME));
  for (let length = 0; length <= whole.length; length++) {
    const cut = whole.subarray(0, length);
    const lines = cut.filter((byte) => byte === 0x0a).length;
    const path = scratch.write("cut", cut);
    {
      using journal = new Journal(libc, path);
      journal.write(messageOf("after"));
    }
    const messages = messagesOf(scratch.read("cut"));
    assert.deepEqual(
      messages,
      [...["é€😀", "b", "\u2028😀"].slice(0, lines), "after"],
      `cut at byte ${length}`,
    );
  }
});

Deno.test("Journal continues one that is longer than what it looks at", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 24);
  const message = "é".repeat(50_000);
  {
    using journal = new Journal(libc, scratch.at(NAME));
    for (let event = 0; event < 40; event++) journal.write(messageOf(message));
  }
  {
    using journal = new Journal(libc, scratch.at(NAME));
    journal.write(STARTED);
  }
  assert.equal(eventsOf(scratch.read(NAME)).length, 41);
});

const FOREIGN: readonly { name: string; content: string }[] = [
  { name: "a text", content: "root:x:0:0:root:/root:/bin/bash\n" },
  { name: "a text without a line feed", content: "secret" },
  { name: "an empty line", content: "\n" },
  { name: "another JSON", content: '{"version":1}\n' },
  { name: "a journal and then something else", content: `${line(1)}x\n` },
  { name: "a line in its middle", content: line(7).slice(5, -9) },
];

function line(seq: number): string {
  return `{"version":1,"seq":${seq},"time":"x"}\n`;
}

for (const { name, content } of FOREIGN) {
  Deno.test(`Journal refuses a file that holds ${name}, and leaves it as it is`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const path = scratch.write(NAME, content);
    assert.throws(() => new Journal(libc, path), isUnusable);
    assert.equal(scratch.read(NAME), content);
  });
}

const PLACES: readonly { name: string; make: (scratch: Scratch) => string }[] =
  [
    {
      name: "a symbolic link to a journal",
      make: (scratch) => scratch.link(NAME, scratch.write("other", line(1))),
    },
    {
      name: "a symbolic link to nothing",
      make: (scratch) => scratch.link(NAME, scratch.at("victim")),
    },
    { name: "a directory", make: (scratch) => scratch.makeDirectory(NAME) },
    { name: "a named pipe", make: (scratch) => scratch.makeFifo(NAME) },
    { name: "a device that takes all", make: () => "/dev/null" },
    { name: "a device that is full", make: () => "/dev/full" },
    {
      name: "a directory that is not there",
      make: (scratch) => scratch.at(`none/${NAME}`),
    },
    {
      name: "a place below a file",
      make: (scratch) => `${scratch.write("file", "")}/${NAME}`,
    },
    { name: "a read-only file system", make: () => "/proc/journal.ndjson" },
  ];

for (const { name, make } of PLACES) {
  Deno.test(`Journal refuses ${name}, and neither makes nor keeps anything`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const path = make(scratch);
    const names = scratch.names();
    const descriptors = readDirectory(libc, "/proc/self/fd")!.length;
    assert.throws(() => new Journal(libc, path), isUnusable);
    assert.deepEqual(scratch.names(), names);
    assert.equal(readDirectory(libc, "/proc/self/fd")!.length, descriptors);
  });
}

Deno.test("Journal takes an empty file", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.write(NAME, "");
  {
    using journal = new Journal(libc, path);
    journal.write(STARTED);
  }
  assert.equal(eventsOf(scratch.read(NAME)).length, 1);
});

Deno.test("Journal keeps a second writer out, until it is closed", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.at(NAME);
  {
    using first = new Journal(libc, path);
    first.write(STARTED);
    assert.throws(() => new Journal(libc, path), isUnusable);
    first.write(STARTED);
  }
  using second = new Journal(libc, path);
  second.write(STARTED);
  assert.equal(eventsOf(scratch.read(NAME)).length, 3);
});

Deno.test("Journal keeps events while the disk is full and writes them later", () => {
  using libc = new Libc();
  using scratch = new Scratch(65_536);
  using journal = new Journal(libc, scratch.at(NAME));
  journal.write(messageOf("0"));
  journal.assertWritten();
  scratch.fill("ballast");

  const long = "x".repeat(5_000);
  for (let event = 1; event <= 3; event++) {
    journal.write(messageOf(`${event}${long}`));
    // Not half a line: what stands there can be read at any time.
    assert.deepEqual(messagesOf(scratch.read(NAME)), ["0"]);
  }
  assert.throws(() => journal.assertWritten(), isUnusable);
  journal.flush();
  assert.deepEqual(messagesOf(scratch.read(NAME)), ["0"]);

  scratch.remove("ballast");
  journal.flush();
  journal.assertWritten();
  journal.write(messageOf("4"));
  const kept = [1, 2, 3].map((event) => `${event}${long}`);
  assert.deepEqual(messagesOf(scratch.read(NAME)), ["0", ...kept, "4"]);
  assert.equal(journal.lost, 0);
});

Deno.test("Journal bounds what it keeps on a full disk and counts what is lost", () => {
  using libc = new Libc();
  const roomBytes = 8 << 20;
  using scratch = new Scratch(roomBytes);
  using journal = new Journal(libc, scratch.at(NAME));
  scratch.fill("ballast");
  const long = "x".repeat(1 << 18);
  const events = 40;
  const encoded = Array.from(
    { length: events },
    (_, index) => encodeEvent(messageOf(`${index}${long}`), journal.now()),
  );
  journal.append(encoded.slice(0, 20));
  journal.append(encoded.slice(20));
  const { lost } = journal;
  assert.ok(lost > 20 && lost < events, `${lost} events`);

  scratch.remove("ballast");
  journal.flush();
  journal.write(messageOf("last"));
  const messages = messagesOf(scratch.read(NAME));
  // The first ones are kept: they tell how it began.
  const kept = events - lost;
  assert.ok(kept * long.length >= WAITING_BYTES);
  assert.deepEqual(messages, [
    ...Array.from({ length: kept }, (_, index) => `${index}${long}`),
    "last",
  ]);
  assert.equal(journal.lost, lost);
});

Deno.test("Journal counts as lost what still waits when it is closed", () => {
  using libc = new Libc();
  using scratch = new Scratch(65_536);
  const journal = new Journal(libc, scratch.at(NAME));
  scratch.fill("ballast");
  journal.write(messageOf("x".repeat(5_000)));
  journal.write(messageOf("x".repeat(5_000)));
  assert.equal(journal.lost, 0);
  journal[Symbol.dispose]();
  assert.equal(journal.lost, 2);
  journal[Symbol.dispose]();
  assert.equal(journal.lost, 2);
});

Deno.test("discardIfEmpty() removes only a file that was made for nothing", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.at(NAME);
  {
    using journal = new Journal(libc, path);
    journal.discardIfEmpty();
  }
  assert.equal(canAccess(libc, path), false);

  scratch.write(NAME, "");
  {
    using theirs = new Journal(libc, path);
    theirs.discardIfEmpty();
  }
  assert.equal(canAccess(libc, path), true);

  scratch.remove(NAME);
  {
    using journal = new Journal(libc, path);
    journal.write(STARTED);
    journal.discardIfEmpty();
  }
  assert.equal(eventsOf(scratch.read(NAME)).length, 1);
});

/** Renames an open journal away and puts a link in its place. */
function moveAway(libc: Libc, scratch: Scratch): void {
  const moved = cString(scratch.at("moved"));
  libc.check("rename", libc.symbols.rename(cString(scratch.at(NAME)), moved));
  scratch.link(NAME, scratch.write("victim", "root's own"));
}

Deno.test("giveTo() gives the open file away, whatever its name leads to by now", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  using journal = new Journal(libc, scratch.at(NAME));
  moveAway(libc, scratch);
  journal.giveTo({ uid: 1234, gid: 1234 });
  assert.equal(ownership(libc, scratch.at("victim")).uid, 0);
  assert.equal(ownership(libc, scratch.at("moved")).uid, 1234);
});

Deno.test("ownPath leads to the open file, whatever its name leads to by now", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  using journal = new Journal(libc, scratch.at(NAME));
  moveAway(libc, scratch);
  journal.write(STARTED);
  assert.equal(eventsOf(readText(libc, journal.ownPath)).length, 1);
  assert.equal(scratch.read("victim"), "root's own");
});

Deno.test("Journal says what others do to its file, and mends it", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  using journal = new Journal(libc, scratch.at(NAME));
  journal.write(messageOf("one"));
  assert.equal(journal.mend(), null);
  const text = scratch.read(NAME);

  append(libc, scratch.at(NAME), '{"forged":true}\n');
  assert.match(journal.mend()!, /written to by others/);
  assert.equal(scratch.read(NAME), text);
  assert.equal(journal.mend(), null);
  journal.write(messageOf("two"));
  assert.deepEqual(messagesOf(scratch.read(NAME)), ["one", "two"]);

  scratch.write(NAME, text.slice(0, 20));
  assert.match(journal.mend()!, /cut short/);
  journal.write(messageOf("three"));
  assert.equal(journal.mend(), null);
  const { events } = readJournal(scratch.read(NAME));
  assert.deepEqual(events.map(({ seq }) => seq), [3]);

  scratch.remove(NAME);
  assert.match(journal.mend()!, /not at its path/);
  // Nothing is left there to be mended, so it is said once.
  assert.equal(journal.mend(), null);
});

function append(libc: Libc, path: string, text: string): void {
  const fd = openFile(libc, path, { flags: O.WRONLY | O.APPEND });
  writeAll(libc, fd, new TextEncoder().encode(text));
  libc.symbols.close(fd);
}
