import assert from "node:assert/strict";
import { StepBoard } from "../../../agent/processes/step_board.ts";
import type { BoardOrder } from "./step_board_worker.ts";

/** An hour and more after boot: over 2^32 microseconds. */
const LATE_US = 5_000_000_123;

function fresh() {
  const shared = StepBoard.create();
  return { writer: new StepBoard(shared), reader: new StepBoard(shared) };
}

Deno.test("find() gives what set() wrote, to another view", () => {
  const { writer, reader } = fresh();
  const root = { pid: 4711, startUs: LATE_US };

  assert.equal(writer.set(root, { step: "Run npm ci", substep: null }), true);

  const name = { step: "Run npm ci", substep: null };
  assert.deepEqual(reader.find(root), name);
});

Deno.test("find() tells two processes of one pid apart by their start", () => {
  const { writer, reader } = fresh();
  writer.set({ pid: 9, startUs: LATE_US }, { step: "a", substep: null });
  writer.set(
    { pid: 9, startUs: LATE_US + 2 ** 32 },
    { step: "b", substep: "c" },
  );

  assert.equal(reader.find({ pid: 9, startUs: LATE_US })?.step, "a");
  const second = reader.find({ pid: 9, startUs: LATE_US + 2 ** 32 });
  assert.deepEqual(second, { step: "b", substep: "c" });
  assert.equal(reader.find({ pid: 9, startUs: 1 }), null);
});

Deno.test("set() writes over the name of the same process", () => {
  const { writer, reader } = fresh();
  const root = { pid: 1, startUs: 1 };
  writer.set(root, { step: "first", substep: "part" });
  reader.find(root);
  writer.set(root, { step: "second", substep: null });

  assert.deepEqual(reader.find(root), { step: "second", substep: null });
});

for (
  const [name, text] of [
    ["nothing", ""],
    ["controls and orders", "a\nb\x1b[31m::error::\0c"],
    ["a byte order mark", "\ufeffx"],
    ["exactly 200 bytes", "é".repeat(100)],
  ] as const
) {
  Deno.test(`set() keeps a name of ${name}`, () => {
    const { writer, reader } = fresh();
    const root = { pid: 2, startUs: 3 };
    writer.set(root, { step: text, substep: text });

    assert.deepEqual(reader.find(root), { step: text, substep: text });
  });
}

for (
  const [name, text, cut] of [
    ["of one byte each", "a".repeat(201), `${"a".repeat(197)}…`],
    ["of two", "é".repeat(101), `${"é".repeat(98)}…`],
    ["of four", "😀".repeat(51), `${"😀".repeat(49)}…`],
    ["of half a pair", "\ud800", "\ufffd"],
  ] as const
) {
  Deno.test(`set() cuts between characters ${name}`, () => {
    const { writer, reader } = fresh();
    const root = { pid: 2, startUs: 3 };
    writer.set(root, { step: text, substep: null });

    assert.equal(reader.find(root)?.step, cut);
  });
}

Deno.test("set() says when all places are taken, and takes retired ones", () => {
  const { writer, reader } = fresh();
  const name = { step: "x", substep: null };
  const written: number[] = [];
  let pid = 1;
  while (writer.set({ pid, startUs: pid }, name)) written.push(pid++);

  // A window is full long after half of the board is.
  assert.ok(written.length > 1024, `${written.length}`);
  for (const each of written) {
    assert.ok(reader.find({ pid: each, startUs: each }), `${each}`);
  }
  for (const each of written) writer.retire({ pid: each, startUs: each });
  assert.equal(writer.set({ pid, startUs: pid }, name), true);
  assert.ok(reader.find({ pid, startUs: pid }));
  const gone = written.filter((each) =>
    reader.find({ pid: each, startUs: each }) === null
  );
  assert.equal(gone.length, 1);
});

Deno.test("retire() leaves a name in its place until it is needed", () => {
  const { writer, reader } = fresh();
  const root = { pid: 5, startUs: 6 };
  writer.set(root, { step: "x", substep: null });
  writer.retire(root);

  assert.equal(reader.find(root)?.step, "x");
});

Deno.test("set() mends an entry whose writer was ended half-way", () => {
  const shared = StepBoard.create();
  const root = { pid: 5, startUs: 6 };
  new StepBoard(shared).set(root, { step: "x", substep: null });
  // The board's first word counts changes, an entry's first is its sequence.
  const words = new Int32Array(shared);
  const sequence = words.lastIndexOf(2);
  words[sequence]! |= 1;
  assert.equal(new StepBoard(shared).find(root), null);
  new StepBoard(shared).set(root, { step: "y", substep: null });

  assert.equal(new StepBoard(shared).find(root)?.step, "y");
});

Deno.test("waitFor() gives up after its time", () => {
  const { reader } = fresh();

  assert.equal(reader.waitFor({ pid: 1, startUs: 1 }, 20), null);
});

Deno.test("find() reads whole states while another thread writes", async () => {
  const shared = StepBoard.create();
  const stop = new SharedArrayBuffer(4);
  const worker = new Worker(
    new URL("./step_board_worker.ts", import.meta.url).href,
    { type: "module" },
  );
  try {
    const ready = Promise.withResolvers<void>();
    worker.onmessage = () => ready.resolve();
    worker.postMessage({ shared, stop } satisfies BoardOrder);
    await ready.promise;
    const board = new StepBoard(shared);
    const root = { pid: 7, startUs: 2 ** 33 };
    const seen = new Set<string>();
    const endMs = performance.now() + 300;
    while (performance.now() < endMs) {
      const name = board.find(root);
      if (name === null) continue;
      assert.equal(name.step, name.substep);
      const rank = name.step.charCodeAt(0) - 97;
      assert.equal(name.step, name.step[0]!.repeat(1 + rank * 7));
      seen.add(name.step);
    }
    assert.ok(seen.size > 1, `${seen.size} states`);

    Atomics.store(new Int32Array(stop), 0, 1);
    const last = board.waitFor({ pid: 8, startUs: 1 }, 10_000);
    assert.deepEqual(last, { step: "last", substep: null });
  } finally {
    worker.terminate();
  }
});
