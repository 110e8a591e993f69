import assert from "node:assert/strict";
import fc from "fast-check";
import { readJournal } from "../../../agent/record/read.ts";

const JOURNALS = new URL("../../fixtures/journals/", import.meta.url);
const AUDIT = Deno.readTextFileSync(new URL("audit_npm_view.ndjson", JOURNALS));
const HOSTILE = Deno.readTextFileSync(new URL("hostile.ndjson", JOURNALS));
const KILLED = Deno.readTextFileSync(new URL("killed.ndjson", JOURNALS));

const TIME = "2026-03-14T09:26:00.000000Z";
const ARMED = { version: 1, seq: 1, time: TIME, kind: "agent", event: "armed" };
const CONNECTION = JSON.parse(
  AUDIT.split("\n").find((line) => line.includes('"kind":"connection"'))!,
);
const DNS = JSON.parse(
  AUDIT.split("\n").find((line) => line.includes('"kind":"dns"'))!,
);

Deno.test("readJournal() reads every line of a sound journal", () => {
  const { events, problems } = readJournal(AUDIT);

  assert.deepEqual(problems, []);
  const written = AUDIT.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(events, written);
});

Deno.test("readJournal() reads every line of a hostile journal", () => {
  const { events, problems } = readJournal(HOSTILE);

  assert.deepEqual(problems, []);
  assert.equal(events.length, HOSTILE.trimEnd().split("\n").length);
});

Deno.test("readJournal() finds nothing in an empty file", () => {
  assert.deepEqual(readJournal(""), { events: [], problems: [] });
});

Deno.test("readJournal() says what is wrong with a killed agent's journal", () => {
  const { events, problems } = readJournal(KILLED);

  assert.equal(events.length, 6);
  assert.deepEqual(problems, [
    'line 5: the line is not JSON: {"version":1,"se',
    'line 6: "version" is not 1: {"version":2,"seq":6,"time":"later"}',
    "line 8: seq goes from 7 to 10, 2 events are missing",
    'line 9: "enforced" is missing: ' +
    '{"version": 1, "seq": 11, "time": "2026-03-14T09:26:09.10000...',
  ]);
});

/** What is wrong, the line as a value, and the start of the problem. */
const CHANGED: readonly (readonly [
  name: string,
  line: unknown,
  problem: string,
])[] = [
  ["another version", { ...ARMED, version: 2 }, '"version" is not 1'],
  ["no seq", without(ARMED, "seq"), '"seq" is missing'],
  [
    "a negative seq",
    { ...ARMED, seq: -1 },
    '"seq" is not a whole number from 1 up',
  ],
  [
    "a broken seq",
    { ...ARMED, seq: 1.5 },
    '"seq" is not a whole number from 1 up',
  ],
  [
    "a time without microseconds",
    { ...ARMED, time: "2026-03-14T09:26:00Z" },
    '"time" is not an RFC 3339 time in UTC with microseconds',
  ],
  [
    "a time in month 13",
    { ...ARMED, time: "2026-13-14T09:26:00.000000Z" },
    '"time" is not an RFC 3339 time in UTC with microseconds',
  ],
  [
    "a kind that is no text",
    { ...ARMED, kind: 7 },
    '"kind" is not text',
  ],
  [
    "an inherited kind",
    JSON.parse(
      '{"__proto__":{"kind":"agent"},"version":1,"seq":1,' +
        `"time":"${TIME}","event":"armed"}`,
    ),
    '"kind" is missing',
  ],
  [
    "an agent event without a name",
    without(ARMED, "event"),
    '"event" is missing',
  ],
  [
    "an unknown mode",
    { ...ARMED, egress: "off" },
    '"egress" is not "audit" or "block"',
  ],
  [
    "a decision that is neither",
    { ...CONNECTION, seq: 1, decision: "maybe" },
    '"decision" is not "allow" or "deny"',
  ],
  [
    "enforced as text",
    { ...CONNECTION, seq: 1, enforced: "true" },
    '"enforced" is not true or false',
  ],
  [
    "a port above 65535",
    { ...CONNECTION, seq: 1, destination: { address: "::", port: 65536 } },
    '"destination.port" is not a port from 0 to 65535',
  ],
  [
    "an address that is a number",
    { ...CONNECTION, seq: 1, destination: { address: 1, port: 1 } },
    '"destination.address" is not text',
  ],
  [
    "names that are no list",
    { ...CONNECTION, seq: 1, names: "a.example" },
    '"names" is not a list',
  ],
  [
    "a name that is no text",
    { ...CONNECTION, seq: 1, names: ["a.example", {}] },
    '"names.1" is not text',
  ],
  [
    "a process that is text",
    { ...CONNECTION, seq: 1, process: "curl" },
    '"process" is not a process or null',
  ],
  [
    "an argument that is no text",
    { ...CONNECTION, seq: 1, process: { ...CONNECTION.process, args: [null] } },
    '"process.args.0" is not text',
  ],
  [
    "a look-up without a server",
    { ...without(DNS, "server"), seq: 1 },
    '"server" is missing',
  ],
  [
    "answers that are text",
    { ...DNS, seq: 1, answers: "192.0.2.1" },
    '"answers" is not a list',
  ],
];

const LINES: readonly {
  readonly name: string;
  readonly line: string;
  readonly problem: string;
}[] = [
  { name: "a number", line: "5", problem: "the line is not an object" },
  { name: "null", line: "null", problem: "the line is not an object" },
  { name: "a list", line: "[1]", problem: '"version" is missing' },
  { name: "half an object", line: '{"seq":1', problem: "the line is not JSON" },
  ...CHANGED.map(([name, value, problem]) => {
    return { name, line: JSON.stringify(value), problem };
  }),
];

for (const { name, line, problem } of LINES) {
  Deno.test(`readJournal() makes a problem of ${name}`, () => {
    const { events, problems } = readJournal(`${line}\n`);

    assert.deepEqual(events, []);
    assert.equal(problems.length, 1);
    assert.ok(problems[0]!.startsWith(`line 1: ${problem}: `), problems[0]);
  });
}

Deno.test("readJournal() leaves out fields of a later version", () => {
  const line = JSON.stringify({ ...ARMED, later: { deep: [1] } });

  assert.deepEqual(readJournal(line), { events: [ARMED], problems: [] });
});

for (
  const later of [
    { ...ARMED, kind: "later", event: undefined, path: "/src" },
    { ...ARMED, kind: "__proto__" },
    { ...ARMED, kind: "constructor" },
    { ...ARMED, event: "paused" },
  ]
) {
  const { kind, event } = later;
  Deno.test(`readJournal() leaves out ${kind} ${event} of a later version`, () => {
    const next = { ...ARMED, seq: 2 };
    const text = `${JSON.stringify(later)}\n${JSON.stringify(next)}\n`;

    assert.deepEqual(readJournal(text), { events: [next], problems: [] });
  });
}

Deno.test("readJournal() gives no event a prototype from the journal", () => {
  const line = JSON.stringify(ARMED).replace(
    "{",
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}},',
  );
  const [event] = readJournal(line).events;

  assert.equal(Object.getPrototypeOf(event), Object.prototype);
  assert.deepEqual(Object.keys(event!).sort(), Object.keys(ARMED).sort());
  assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
});

Deno.test("readJournal() says that the first events are missing", () => {
  const { problems } = readJournal(JSON.stringify({ ...ARMED, seq: 3 }));

  assert.deepEqual(problems, [
    "line 1: seq goes from 0 to 3, 2 events are missing",
  ]);
});

Deno.test("readJournal() says that lines are repeated", () => {
  const line = `${JSON.stringify(ARMED)}\n`;

  assert.deepEqual(readJournal(line + line).problems, [
    "line 2: seq is 1 after 1, so lines are repeated or out of order",
  ]);
});

Deno.test("readJournal() quotes a broken line bounded and in printable ASCII", () => {
  const { problems } = readJournal(`\x1b[31m\u202e\ud800é${"x".repeat(1e6)}\n`);

  const quoted = "\\u{1b}[31m\\u{202e}\\u{d800}\\u{e9}" + "x".repeat(52);
  assert.deepEqual(problems, [`line 1: the line is not JSON: ${quoted}...`]);
});

Deno.test("readJournal() lists at most 100 problems and counts the others", () => {
  const { problems } = readJournal("x\n".repeat(1000));

  assert.equal(problems.length, 101);
  assert.equal(problems.at(-1), "900 more problems are not listed");
});

Deno.test("readJournal() survives a million nested lists", () => {
  const { events, problems } = readJournal(`${"[".repeat(1e6)}\n`);

  assert.deepEqual(events, []);
  assert.equal(problems.length, 1);
});

Deno.test("readJournal() has no problem with a journal cut at any character", () => {
  const text = AUDIT.split("\n").slice(0, 3).join("\n") + "\n";
  for (let length = 0; length <= text.length; length++) {
    const cut = text.slice(0, length);
    const { events, problems } = readJournal(cut);

    assert.deepEqual(problems, [], `${length} characters`);
    // The line at the cut counts when only its line break is missing.
    const ended = cut.split("\n").length - 1;
    const isWhole = text[length] === "\n";
    assert.equal(events.length, ended + (isWhole ? 1 : 0));
  }
});

Deno.test("readJournal() never throws and quotes only ASCII", () => {
  const lines = HOSTILE.trimEnd().split("\n");
  const line = fc.tuple(
    fc.constantFrom(...lines),
    fc.nat(),
    fc.string({ unit: "binary", maxLength: 4 }),
  ).map(([text, where, piece]) => {
    const start = where % text.length;
    return text.slice(0, start) + piece + text.slice(start + piece.length);
  });
  const journal = fc.array(fc.oneof(line, fc.json(), fc.string()), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(journal, (texts) => {
      const { problems } = readJournal(texts.join("\n"));
      for (const problem of problems) assert.match(problem, /^[\x20-\x7e]*$/);
    }),
    { numRuns: 500 },
  );
});

function without(value: object, key: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => name !== key),
  );
}
