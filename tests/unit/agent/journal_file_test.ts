import assert from "node:assert/strict";
import { loadJournal } from "../../../agent/journal_file.ts";
import type { EventBody } from "../../../agent/record/event.ts";
import { encodeEvent, numberLine } from "../../../agent/record/line.ts";
import { readJournal } from "../../../agent/record/read.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Scratch } from "../../scratch.ts";
import { STARTED } from "../record/events.ts";

const TIME = "2026-01-02T03:04:05.678901Z";

/** A program whose arguments take so many characters of two bytes. */
function executed(length: number): EventBody {
  const args = ["/bin/a", "é".repeat(length)];
  const process = { pid: 7, exe: "/bin/a", args, uid: 0, ancestors: [] };
  return {
    ...{ kind: "exec", event: "finished", step: null, container: null },
    ...{ process, cwd: "/", start: TIME, end: TIME, exitCode: 0, signal: null },
  };
}

function linesOf(bodies: readonly EventBody[]): string {
  return bodies.map((body, index) =>
    numberLine(encodeEvent(body, TIME), index + 1)
  ).join("");
}

Deno.test("loadJournal() keeps of what was executed no more than counts it", () => {
  using scratch = new Scratch(64 << 20);
  using libc = new Libc();
  const bodies = [STARTED, executed(3), executed(0), STARTED];
  scratch.write("journal", linesOf(bodies));

  const { events, problems } = loadJournal(libc, scratch.at("journal"));
  assert.deepEqual(problems, []);
  assert.deepEqual(events.map(({ seq }) => seq), [1, 2, 3, 4]);
  for (const event of events.slice(1, 3)) {
    assert.ok(event.kind === "exec");
    assert.deepEqual([event.process?.pid, event.process?.args], [7, []]);
  }
});

Deno.test("loadJournal() reads characters and lines over the ends of what it reads at once", () => {
  using scratch = new Scratch(64 << 20);
  using libc = new Libc();
  // 1 MiB is read at once: characters of two bytes at each odd place.
  const message = "é".repeat(333_333);
  const text = linesOf(Array.from({ length: 7 }, () => ({
    ...STARTED,
    message,
  })));
  scratch.write("journal", text);

  assert.deepEqual(
    loadJournal(libc, scratch.at("journal")),
    readJournal(text),
  );
});

Deno.test("loadJournal() says what is wrong as readJournal() does", () => {
  using scratch = new Scratch(64 << 20);
  using libc = new Libc();
  const lines = linesOf([STARTED, executed(1), STARTED]).split("\n");
  const broken = [
    lines[0],
    lines[1]!.slice(0, 90),
    "",
    lines[1]!.replace('"seq":2', '"seq":9'),
    lines[2],
    lines[2]!.slice(0, 20),
  ].join("\n");
  scratch.write("journal", broken);

  assert.deepEqual(
    loadJournal(libc, scratch.at("journal")).problems,
    readJournal(broken).problems,
  );
});

Deno.test("loadJournal() reads no line that has no end into memory", () => {
  using scratch = new Scratch(64 << 20);
  using libc = new Libc();
  scratch.write("journal", linesOf([STARTED]) + "x".repeat(40 << 20) + "\n");

  const { events, problems } = loadJournal(libc, scratch.at("journal"));
  assert.equal(events.length, 1);
  assert.equal(problems.length, 1);
});
