import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { median, renderTable } from "../bench/table.ts";
import type { Figures } from "../bench/measure.ts";
import { LabProcess } from "../lab/command.ts";

const BENCH = fileURLToPath(new URL("../bench/main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const TIMEOUT_MS = 120_000;

const TIME = String.raw`-?\d+\.\d µs`;
const SPEED = String.raw`\d+\.\d\d Gbit/s`;
const COUNT = String.raw`\d+`;
const PERCENT = String.raw`\d+\.\d %`;
const RATIO = String.raw`-?\d+\.\d\d`;
const NONE = "–";

/** Each row as it must look: without agent, with C, with Sluice, ratio, goal. */
const ROWS: readonly { name: string; cells: readonly string[] }[] = [
  {
    name: "connect(), p50",
    cells: [TIME, TIME, TIME, RATIO, NONE],
  },
  {
    name: "connect(), p50, added",
    cells: [NONE, TIME, TIME, RATIO, goal("at most 1.3 × C")],
  },
  {
    name: "agent CPU per connection",
    cells: [NONE, TIME, TIME, RATIO, goal("at most 1.3 × C")],
  },
  {
    name: "bulk TCP throughput",
    cells: [
      ...[SPEED, NONE, SPEED, RATIO],
      ...[goal("at least 0.98 × without")],
    ],
  },
  { name: "connect(), p99", cells: [TIME, TIME, TIME, RATIO, NONE] },
  {
    name: "connect(), p50 of the first 100",
    cells: [TIME, TIME, TIME, RATIO, NONE],
  },
  {
    name: "connect() among 20 processes of 50 descriptors, p50, added",
    cells: [NONE, TIME, TIME, RATIO, goal("under 400 µs")],
  },
  {
    name: "connect() among 20 processes of 50 descriptors, p99, added",
    cells: [NONE, TIME, TIME, RATIO, NONE],
  },
  { name: "DNS look-up, p50", cells: [TIME, TIME, TIME, RATIO, NONE] },
  {
    name: "DNS look-up over TCP, p50",
    cells: [TIME, TIME, `(?:${TIME}|${NONE})`, `(?:${RATIO}|${NONE})`, NONE],
  },
  { name: "TLS handshake, p50", cells: [TIME, TIME, TIME, RATIO, NONE] },
  { name: "QUIC handshake, p50", cells: [TIME, TIME, TIME, RATIO, NONE] },
  {
    name: "new flows per second, none lost or late",
    cells: [COUNT, COUNT, COUNT, `(?:${RATIO}|${NONE})`, NONE],
  },
  {
    name: "agent CPU at 1000 new flows per second",
    cells: [NONE, PERCENT, PERCENT, RATIO, NONE],
  },
  {
    name: "connect() refused, p50",
    cells: [TIME, NONE, TIME, RATIO, NONE],
  },
  {
    name: "DNS look-up refused, p50",
    cells: [TIME, NONE, TIME, RATIO, NONE],
  },
  {
    name: "`start` to armed, its own clock",
    cells: [NONE, NONE, String.raw`\d+ ms`, NONE, goal("under 500 ms")],
  },
  {
    name: "`start` to armed, with `deno task`",
    cells: [
      ...[String.raw`\d+ ms`, NONE, String.raw`\d+ ms`, RATIO],
      goal("under 500 ms"),
    ],
  },
  {
    name: "resident memory after 500 connections",
    cells: [
      ...[NONE, String.raw`\d+\.\d MB`, String.raw`\d+\.\d MB`, NONE],
      goal("under 100 MB"),
    ],
  },
  {
    name: "proportional memory after 500 connections",
    cells: [NONE, String.raw`\d+\.\d MB`, String.raw`\d+\.\d MB`, NONE, NONE],
  },
  {
    name: "executing a program of 0.1 ms",
    cells: [TIME, NONE, TIME, RATIO, goal("at most 1.1 × without")],
  },
  {
    name: "agent CPU per program executed",
    cells: [NONE, NONE, TIME, NONE, NONE],
  },
  {
    name: "building a C project with 2 jobs",
    cells: [
      ...[String.raw`\d+ ms`, NONE, String.raw`\d+ ms`, RATIO],
      goal("at most 1.02 × without"),
    ],
  },
  ...["", " to be read"].map((more) => ({
    name: `\`start\` to armed, its own clock, with 500 sources${more}`,
    cells: [String.raw`\d+ ms`, NONE, String.raw`\d+ ms`, RATIO, NONE],
  })),
  {
    name: "resident memory with 500 sources",
    cells: [
      ...[String.raw`\d+\.\d MB`, NONE, String.raw`\d+\.\d MB`, RATIO, NONE],
    ],
  },
  {
    name: "git checkout of 500 sources",
    cells: [
      ...[String.raw`\d+ ms`, NONE, String.raw`\d+ ms`, RATIO],
      goal("under 1.03 × without"),
    ],
  },
  {
    name: "resident memory at most, until then",
    cells: [NONE, NONE, String.raw`\d+\.\d MB`, NONE, NONE],
  },
  {
    name: "building a C project of watched sources",
    cells: [
      ...[String.raw`\d+ ms`, NONE, String.raw`\d+ ms`, RATIO],
      goal("at most 1.02 × without"),
    ],
  },
  ...[
    "`pre` of the action to armed, on a new machine",
    "`pre` of the action to armed, where it was before",
    "`post` of the action to its end",
  ].map((name) => ({
    name,
    cells: [String.raw`\d+ ms`, NONE, String.raw`\d+ ms`, RATIO, NONE],
  })),
  ...["download of a released action", "download of Deno for a source"]
    .map((name) => ({
      name,
      cells: [NONE, NONE, String.raw`\d+\.\d MB`, NONE, NONE],
    })),
];

Deno.test("bench --quick has figures in each row", async (test) => {
  await using bench = new LabProcess([
    ...[Deno.execPath(), "run", "-A", "--config", CONFIG, BENCH, "--quick"],
  ]);
  const { code, stdout, stderr } = await bench.finished(TIMEOUT_MS);
  assert.equal(code, 0, stderr);
  const [head, rule, ...lines] = stdout.split("\n");
  assert.equal(
    head,
    "|  | without agent | C accept-all | Sluice | ratio | goal |",
  );
  assert.match(rule!, /^\| --- (?:\| --: ){5}\|$/);
  for (const [index, { name, cells }] of ROWS.entries()) {
    await test.step(name, () => {
      const [found, ...values] = lines[index]!.slice(2, -2).split(" | ");
      assert.equal(found, name);
      for (const [column, cell] of cells.entries()) {
        assert.match(values[column]!, new RegExp(`^${cell}$`), lines[index]);
      }
    });
  }
  const [gap, machine, ...rest] = lines.slice(ROWS.length);
  assert.equal(gap, "");
  assert.match(
    machine!,
    /^Medians of 1 round.* Linux \S+, Deno \S+, iptables /,
  );
  assert.deepEqual(rest, [""]);
});

Deno.test("bench refuses what it does not know", async () => {
  await using bench = new LabProcess([
    ...[Deno.execPath(), "run", "-A", "--config", CONFIG, BENCH, "--fast"],
  ]);
  const { code, stderr } = await bench.finished(TIMEOUT_MS);
  assert.equal(code, 2);
  assert.match(stderr, /^Usage: /);
});

const MEDIANS: readonly { values: number[]; middle: number }[] = [
  { values: [7], middle: 7 },
  { values: [9, 1], middle: 5 },
  { values: [100, 3, 2], middle: 3 },
  { values: [4, 1, 100, 2], middle: 3 },
];

for (const { values, middle } of MEDIANS) {
  Deno.test(`median() of ${values} is ${middle}`, () => {
    assert.equal(median(values), middle);
  });
}

const GOALS: readonly {
  name: string;
  sluice: Partial<Figures>;
  bulk?: readonly number[];
  row: string;
}[] = [
  {
    name: "met by 1.3 times what C adds",
    sluice: { connectP50: 33 },
    row: "| connect(), p50, added | – | 10.0 µs | 13.0 µs | 1.30 | " +
      "at most 1.3 × C: met |",
  },
  {
    name: "missed by more",
    sluice: { connectP50: 33.2 },
    row: "| connect(), p50, added | – | 10.0 µs | 13.2 µs | 1.32 | " +
      "at most 1.3 × C: **missed** |",
  },
  {
    name: "missed by CPU time",
    sluice: { cpuPerConnection: 27 },
    row: "| agent CPU per connection | – | 20.0 µs | 27.0 µs | 1.35 | " +
      "at most 1.3 × C: **missed** |",
  },
  {
    name: "missed by throughput",
    sluice: {},
    bulk: [9e9, 9.7e9, 12e9],
    row: "| bulk TCP throughput | 10.00 Gbit/s | – | 9.70 Gbit/s | 0.97 | " +
      "at least 0.98 × without: **missed** |",
  },
  {
    name: "missed by memory",
    sluice: { memory: { resident: 100e6, proportional: 1e6 } },
    row: "| resident memory after 10 connections | – | 2.0 MB | 100.0 MB " +
      "| – | under 100 MB: **missed** |",
  },
  {
    name: "missed by the start",
    sluice: { arming: { ownMs: 499, outsideMs: 500 } },
    row: "| `start` to armed, with `deno task` | 80 ms | – | 500 ms | 6.25 | " +
      "under 500 ms: **missed** |",
  },
];

for (const { name, sluice, bulk = [10e9], row } of GOALS) {
  Deno.test(`renderTable() shows a goal that is ${name}`, () => {
    const table = renderTable({
      rounds: [
        figures({ guard: "none", connectP50: 20 }),
        figures({ guard: "accept_all", connectP50: 30 }),
        figures({ guard: "sluice", connectP50: 30, ...sluice }),
      ],
      bulk: { none: [10e9], sluice: bulk },
      helpMs: [80],
      rates: [],
      executions: {
        exec: { none: [90], sluice: [95] },
        build: { none: [3000], sluice: [3030] },
        cpu: [30],
      },
      sources: {
        effort: { turns: 1, tracked: 1, placed: 1, compiled: 1 },
        ...{ arming: EQUAL, hashing: EQUAL, memory: EQUAL, peak: [1] },
        ...{ checkout: EQUAL, build: EQUAL },
      },
      jobs: {
        ...{ firstPre: EQUAL, laterPre: EQUAL, post: EQUAL },
        ...{ programBytes: 1, denoBytes: 1 },
      },
      memoryConnections: 10,
      crowd: { processes: 500, descriptors: 50, connections: 10 },
    });
    assert.ok(table.split("\n").includes(row), table);
  });
}

const EQUAL = { none: [1], sluice: [1] };

function figures(own: Partial<Figures> & Pick<Figures, "guard">): Figures {
  const { guard } = own;
  return {
    ...{ firstConnectP50: 1, connectP50: 1, connectP99: 1, lookUpP50: 1 },
    ...{ crowdP50: 1, crowdP99: 1 },
    ...{ refusalP50: 1, deniedLookUpP50: 1, tlsP50: 1, quicP50: 1 },
    tcpLookUpP50: null,
    cpuPerConnection: guard === "none" ? null : 20,
    arming: guard === "sluice" ? { ownMs: 200, outsideMs: 300 } : null,
    memory: guard === "none" ? null : { resident: 2e6, proportional: 1e6 },
    ...own,
  };
}

function goal(text: string): string {
  return String.raw`${text}: (?:met|\*\*missed\*\*)`;
}
