import assert from "node:assert/strict";
import fc from "fast-check";
import {
  WorkerLogDecoder,
  type WorkerLogEntry,
} from "../../../agent/decode/worker_log.ts";

// The texts of actions/runner 2.330, in the order in which it writes them.
const LOG = `\
[2026-01-02 03:04:05Z INFO Worker] Job message:
 {
  "jobDisplayName": "build",
  "steps": [
    { "contextName": "__run" }
  ]
}
[2026-01-02 03:04:05Z INFO JobRunner] Total job steps: 3.
[2026-01-02 03:04:05Z INFO StepsRunner] Processing step: DisplayName='Run npm ci'
[2026-01-02 03:04:05Z INFO StepsRunner] Evaluating: success()
[2026-01-02 03:04:05Z INFO StepsRunner] Starting the step.
[2026-01-02 03:04:05Z INFO ProcessInvokerWrapper] Starting process:
[2026-01-02 03:04:05Z INFO ProcessInvokerWrapper]   File name: '/usr/bin/bash'
[2026-01-02 03:04:05Z INFO ProcessInvokerWrapper] Process started with process id 1234, waiting for process exit.
[2026-01-02 03:04:06Z INFO ProcessInvokerWrapper] STDOUT/STDERR stream read finished.
[2026-01-02 03:04:06Z INFO ProcessInvokerWrapper] Finished process 1234 with exit code 0, and elapsed time 00:00:01.0352501.
[2026-01-02 03:04:06Z INFO StepsRunner] Step result: 
[2026-01-02 03:04:06Z INFO StepsRunner] Current state: job state = ''
[2026-01-02 03:04:06Z ERR  BrokerServer] something broke
[2026-01-02 03:04:06Z INFO StepsRunner] Processing step: DisplayName='Run ./tools/release'
[2026-01-02 03:04:06Z INFO StepsRunner] Starting the step.
[2026-01-02 03:04:06Z INFO CompositeActionHandler] Processing embedded step: DisplayName='Sign it'
[2026-01-02 03:04:06Z INFO CompositeActionHandler] Starting: Sign it
[2026-01-02 03:04:06Z INFO ProcessInvokerWrapper] Process started with process id 1240, waiting for process exit.
[2026-01-02 03:04:07Z INFO ProcessInvokerWrapper] Finished process 1240 with exit code 1, and elapsed time 00:00:01.0352501.
[2026-01-02 03:04:07Z INFO CompositeActionHandler] Step result: Failed
[2026-01-02 03:04:07Z INFO StepsRunner] Processing step: DisplayName='Serve'
[2026-01-02 03:04:07Z INFO BackgroundStepCoordinator] Background step '__run_2' queued (slot will be acquired asynchronously).
[2026-01-02 03:04:07Z INFO JobRunner] Job result after all job steps finish: Failed
`;

const ENTRIES: readonly WorkerLogEntry[] = [
  { kind: "step", name: "Run npm ci" },
  { kind: "started", pid: 1234 },
  { kind: "finished", pid: 1234 },
  { kind: "step", name: "Run ./tools/release" },
  { kind: "substep", name: "Sign it" },
  { kind: "started", pid: 1240 },
  { kind: "finished", pid: 1240 },
  { kind: "substepEnded" },
  { kind: "step", name: "Serve" },
  { kind: "background", action: "__run_2" },
  { kind: "stepsEnded" },
];

const HEAD = "[2026-01-02 03:04:05Z INFO StepsRunner] ";
const NEXT = `${HEAD}Starting the step.\n`;

function decode(text: string): WorkerLogEntry[] {
  return new WorkerLogDecoder().push(new TextEncoder().encode(text));
}

function names(text: string): (string | null)[] {
  return decode(text).flatMap((entry) =>
    entry.kind === "step" ? [entry.name] : []
  );
}

Deno.test("push() reads what a worker writes", () => {
  assert.deepEqual(decode(LOG), ENTRIES);
});

Deno.test("push() reads the same in pieces of any length", () => {
  const bytes = new TextEncoder().encode(LOG);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const decoder = new WorkerLogDecoder();
    const entries = [
      ...decoder.push(bytes.subarray(0, cut)),
      ...decoder.push(bytes.subarray(cut)),
    ];
    assert.deepEqual(entries, ENTRIES, `cut at ${cut}`);
  }
  const decoder = new WorkerLogDecoder();
  const entries = [...bytes].flatMap((byte) =>
    decoder.push(Uint8Array.of(byte))
  );
  assert.deepEqual(entries, ENTRIES);
});

Deno.test("push() reads the beginning of a log that was truncated", () => {
  const bytes = new TextEncoder().encode(LOG);
  for (let cut = 0; cut < bytes.length; cut++) {
    const entries = new WorkerLogDecoder().push(bytes.subarray(0, cut));
    assert.deepEqual(entries, ENTRIES.slice(0, entries.length), `${cut}`);
  }
});

Deno.test("push() reads the same in any pieces, whatever is in them", () => {
  const line = fc.oneof(
    fc.constantFrom(...LOG.split("\n")),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom(HEAD, "'", "\r", "x".repeat(5000)),
  );
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 30 }),
      fc.array(fc.nat(300), { maxLength: 20 }),
      (lines, lengths) => {
        const bytes = new TextEncoder().encode(lines.join("\n"));
        const decoder = new WorkerLogDecoder();
        const entries: WorkerLogEntry[] = [];
        let at = 0;
        for (const length of lengths) {
          entries.push(...decoder.push(bytes.subarray(at, at + length)));
          at += length;
        }
        entries.push(...decoder.push(bytes.subarray(at)));
        assert.deepEqual(entries, new WorkerLogDecoder().push(bytes));
      },
    ),
  );
});

for (
  const [name, text] of [
    ["quotes", "Run echo 'a' 'b'"],
    ["several lines", "first\nsecond\n"],
    ["quotes at the end of a line", "Run echo 'a'\n'b'"],
    ["ESC and an order", "a\x1b[2J::error::b"],
    ["no letter at all", ""],
    ["a carriage return", "a\rb"],
  ] as const
) {
  Deno.test(`push() reads a name with ${name}`, () => {
    const said = `${HEAD}Processing step: DisplayName='${text}'\n${NEXT}`;

    assert.deepEqual(names(said), [text]);
  });
}

Deno.test("push() reads a name of bytes that are no UTF-8", () => {
  const encoder = new TextEncoder();
  const bytes = Uint8Array.from([
    ...encoder.encode(`${HEAD}Processing step: DisplayName='a`),
    ...[0xff, 0xc3],
    ...encoder.encode(`'\n${NEXT}`),
  ]);

  const entries = new WorkerLogDecoder().push(bytes);

  assert.deepEqual(entries, [{ kind: "step", name: "a\ufffd\ufffd" }]);
});

for (
  const [name, text] of [
    [
      "a name of another part",
      `${HEAD.replace("StepsRunner", "Other")}` +
      `Processing step: DisplayName='a'\n`,
    ],
    ["a line without a header", "Processing step: DisplayName='a'\n"],
    [
      "a header in the middle of a line",
      `x ${HEAD}Processing step: DisplayName='a'\n`,
    ],
    [
      "a pid that no int holds",
      "[2026-01-02 03:04:05Z INFO ProcessInvokerWrapper] " +
      "Process started with process id 12345678901, waiting for process exit.\n",
    ],
    [
      "text behind a process that was started",
      "[2026-01-02 03:04:05Z INFO ProcessInvokerWrapper] " +
      "Process started with process id 1, waiting for process exit. x\n",
    ],
  ] as const
) {
  Deno.test(`push() passes over ${name}`, () => {
    assert.deepEqual(decode(text + NEXT), []);
  });
}

Deno.test("push() tells of a step whose name has no end", () => {
  assert.deepEqual(names(`${HEAD}Processing step: DisplayName='a\n${NEXT}`), [
    null,
  ]);
});

Deno.test("push() cuts a line that is too long, and reads on behind it", () => {
  const long = `${HEAD}Processing step: DisplayName='${"a".repeat(9000)}'\n`;
  const good = `${HEAD}Processing step: DisplayName='b'\n`;

  assert.deepEqual(names(long + good + NEXT), [null, "b"]);
});

Deno.test("push() keeps no more of a message than a bound", () => {
  const decoder = new WorkerLogDecoder();
  const encoder = new TextEncoder();
  decoder.push(encoder.encode(`${HEAD}Processing step: DisplayName='\n`));
  const piece = encoder.encode("x\n".repeat(100_000));
  for (let round = 0; round < 10; round++) decoder.push(piece);

  const entries = decoder.push(encoder.encode(`'\n${NEXT}`));
  assert.deepEqual(entries, [{ kind: "step", name: null }]);
});
