import assert from "node:assert/strict";
import type { ProcessRecord } from "../../../agent/decode/process_record.ts";
import { FreshChildren } from "../../../agent/service/fresh_children.ts";

const NODE = "/runner/externals/node24/bin/node";
const KEY = { pid: 20, startUs: 75_000 };
const ITSELF = { pid: 20, startTicks: 7 };
const FORK = { kind: "fork", ...KEY, parentPid: 10, atUs: 5 } as const;
const EXEC = {
  ...{ kind: "exec", ...KEY, parentPid: 10, atUs: 6, uid: 1 },
  ...{ exe: NODE, args: [NODE, "/action/pre.ts"] },
} as unknown as ProcessRecord;
const EXIT = {
  kind: "exit",
  ...{ ...KEY, atUs: 9, exitCode: 0, signal: null },
} as const;

const ROWS: readonly {
  readonly name: string;
  readonly records: readonly ProcessRecord[];
  readonly isKnown: boolean;
}[] = [
  { name: "one program", records: [FORK, EXEC], isKnown: true },
  { name: "no program", records: [FORK], isKnown: false },
  { name: "no fork", records: [EXEC], isKnown: false },
  { name: "two programs", records: [FORK, EXEC, EXEC], isKnown: false },
  {
    name: "a gap after its program",
    records: [FORK, EXEC, { kind: "lost", count: 1 }],
    isKnown: false,
  },
  {
    name: "a gap between fork and program",
    records: [FORK, { kind: "lost", count: 0 }, EXEC],
    isKnown: false,
  },
  { name: "an end", records: [FORK, EXEC, EXIT], isKnown: false },
  {
    name: "the end of a former process of that number",
    records: [FORK, EXEC, { ...EXIT, startUs: 1 }],
    isKnown: true,
  },
  {
    name: "a new process of that number",
    records: [FORK, EXEC, { ...FORK, startUs: 8 }],
    isKnown: false,
  },
];

for (const { name, records, isKnown } of ROWS) {
  Deno.test(`FreshChildren.find() knows ${isKnown ? "" : "nothing "}of a process with ${name}`, () => {
    const children = new FreshChildren();
    for (const record of records) children.hear(record);
    const found = children.find(ITSELF);
    assert.equal(found !== null, isKnown);
    if (found === null) return;
    const { parentPid, exe, args } = found;
    assert.deepEqual([parentPid, exe, args[1]], [10, NODE, "/action/pre.ts"]);
  });
}

Deno.test("FreshChildren.find() knows nothing of another process of that pid", () => {
  const children = new FreshChildren();
  children.hear(FORK);
  children.hear(EXEC);
  for (const startTicks of [5, 8, 700]) {
    assert.equal(children.find({ pid: 20, startTicks }), null);
  }
});
