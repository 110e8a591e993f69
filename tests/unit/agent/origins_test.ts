import assert from "node:assert/strict";
import type { ProcessKey } from "../../../agent/decode/process_record.ts";
import { type Descent, ROLE } from "../../../agent/observe/process_source.ts";
import { isRunner, Origins } from "../../../agent/origins.ts";
import {
  StepBoard,
  type StepName,
} from "../../../agent/processes/step_board.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { BEGUN_US, type LateOrder } from "./late_name_worker.ts";

const ROOT: ProcessKey = { pid: 100, startUs: 5_000_000 };
const BUILD: StepName = { step: "Build", substep: "compile" };
const DESCENT: Descent = {
  pid: 200,
  startUs: 6_543_210,
  parentPid: 100,
  root: ROOT,
  role: ROLE.PLAIN,
};

/** Whoever asks a board, and what it says. */
class Board {
  readonly asked: string[] = [];
  readonly #now: StepName | null;
  readonly #later: StepName | null;

  constructor(now: StepName | null, later: StepName | null = null) {
    this.#now = now;
    this.#later = later;
  }

  find(root: ProcessKey): StepName | null {
    this.asked.push(`find ${root.pid}`);
    return this.#now;
  }

  waitFor(root: ProcessKey, milliseconds: number): StepName | null {
    this.asked.push(`wait ${root.pid}`);
    assert.ok(milliseconds <= 400);
    return this.#later;
  }
}

function originsOf(board: Board, descent: Descent | null = DESCENT): Origins {
  return new Origins({ lineage: { find: () => descent }, board });
}

for (
  const { startTicks, isFound } of [
    { startTicks: 654, isFound: true },
    { startTicks: 653, isFound: false },
    { startTicks: 655, isFound: false },
  ]
) {
  Deno.test(`descentOf() ${isFound ? "knows" : "does not take"} a process that started at ${startTicks} for one of ${DESCENT.startUs} us`, () => {
    const origins = originsOf(new Board(null));
    const found = origins.descentOf({ pid: 200, startTicks });
    assert.deepEqual(found, isFound ? DESCENT : null);
  });
}

Deno.test("descentOf() knows nothing when the map is gone", () => {
  const lineage = {
    find(): never {
      throw new SystemCallError("bpf", ERRNO.EPERM);
    },
  };
  const origins = new Origins({ lineage, board: new Board(null) });
  assert.equal(origins.descentOf({ pid: 200, startTicks: 654 }), null);
});

Deno.test("of() gives the step of the tree that a process is in", () => {
  const board = new Board(BUILD);
  assert.deepEqual(originsOf(board).of(DESCENT), BUILD);
  assert.deepEqual(board.asked, ["find 100"]);
});

Deno.test("of() waits once for the name of a tree", () => {
  const board = new Board(null, BUILD);
  const origins = originsOf(board);
  assert.deepEqual(origins.of(DESCENT), BUILD);
  const nameless = { step: null, substep: null };
  assert.deepEqual(origins.of(DESCENT), nameless);
  // The same pid, of a later process.
  const root = { ...ROOT, startUs: ROOT.startUs + 1 };
  assert.deepEqual(origins.of({ ...DESCENT, root }), BUILD);
  assert.deepEqual(board.asked, [
    ...["find 100", "wait 100", "find 100", "find 100", "wait 100"],
  ]);
});

Deno.test("of() hears of a name that another thread writes while it waits", async () => {
  const steps = StepBoard.create();
  const next = new SharedArrayBuffer(4);
  const url = new URL("./late_name_worker.ts", import.meta.url).href;
  const worker = new Worker(url, { type: "module" });
  try {
    const ready = Promise.withResolvers<void>();
    worker.onmessage = () => ready.resolve();
    worker.postMessage({ steps, next } satisfies LateOrder);
    await ready.promise;
    const board = new StepBoard(steps);
    const names = Array.from({ length: 50 }, (_, at) => {
      const root = { pid: at + 1, startUs: BEGUN_US };
      const descent = { ...DESCENT, root };
      const lineage = { find: () => descent };
      const origins = new Origins({ lineage, board });
      assert.equal(board.find(root), null);
      Atomics.store(new Int32Array(next), 0, root.pid);
      Atomics.notify(new Int32Array(next), 0);
      return origins.of(descent).step;
    });
    const right = names.filter((name, at) => name === `Step ${at + 1}`);
    // On a busy machine the other thread may come too late, but not always.
    assert.ok(right.length >= 10, `${right.length}`);
    const others = names.filter((name) => name !== null);
    assert.deepEqual(others, right);
  } finally {
    Atomics.store(new Int32Array(next), 0, -1);
    Atomics.notify(new Int32Array(next), 0);
    worker.terminate();
  }
});

Deno.test("of() does not wait for long, and not again, where no name is written", () => {
  const board = new StepBoard(StepBoard.create());
  const origins = new Origins({ lineage: { find: () => DESCENT }, board });
  const fromMs = performance.now();
  for (let turn = 0; turn < 1_000; turn++) {
    assert.equal(origins.of(DESCENT).step, null);
  }
  // A thousand waits would be twenty seconds.
  assert.ok(performance.now() - fromMs < 5_000);
  board.set(ROOT, BUILD);
  assert.deepEqual(origins.of(DESCENT), BUILD);
});

for (const descent of [null, { ...DESCENT, root: null }]) {
  Deno.test(`of() asks nobody for ${descent === null ? "an unknown process" : "one outside all trees"}`, () => {
    const board = new Board(BUILD);
    const nowhere = { step: null, substep: null };
    assert.deepEqual(originsOf(board).of(descent), nowhere);
    assert.deepEqual(board.asked, []);
  });
}

Deno.test("isRunner() goes by the role of the very process", () => {
  const roles = Object.entries(ROLE).filter(([, role]) =>
    isRunner({ ...DESCENT, role })
  );
  assert.deepEqual(roles.map(([name]) => name), ["WORKER", "RUNNER"]);
});
