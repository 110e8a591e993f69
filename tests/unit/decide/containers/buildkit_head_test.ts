import assert from "node:assert/strict";
import type { HpackField } from "../../../../agent/decode/hpack.ts";
import {
  answerRefused,
  judgeCallHead,
} from "../../../../agent/decide/containers/buildkit_head.ts";

const SOLVE = "/moby.buildkit.v1.Control/Solve";
const INFO = "/moby.buildkit.v1.Control/Info";

/** As BuildKit's own client sends them. */
function headOf(path: string): HpackField[] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["user-agent", "grpc-go/1.66.3"],
    ["te", "trailers"],
    ["grpc-timeout", "20S"],
    ["buildid", "x1"],
    ["trace-bin", "AAA="],
  ];
}

Deno.test("judgeCallHead() tells what is looked at from what is not", () => {
  const judged = { path: SOLVE, isHeld: true, against: null };
  assert.deepEqual(judgeCallHead(headOf(SOLVE), false), judged);
  for (const isEnd of [false, true]) {
    const plain = { path: INFO, isHeld: false, against: null };
    assert.deepEqual(judgeCallHead(headOf(INFO), isEnd), plain);
  }
});

Deno.test("judgeCallHead() refuses a method that is not known, and a call without its message", () => {
  const other = judgeCallHead(headOf("/x.Y/Z"), false);
  assert.equal(other.against, '"/x.Y/Z" is none that a build needs');
  assert.notEqual(judgeCallHead(headOf(SOLVE), true).against, null);
});

for (
  const { name, fields } of [
    { name: "no field", fields: [] },
    ...[":method", ":scheme", ":path"].map((missing) => ({
      name: `no ${missing}`,
      fields: headOf(INFO).filter(([each]) => each !== missing),
    })),
    {
      name: "another verb",
      fields: headOf(INFO).with(0, [":method", "CONNECT"]),
    },
    {
      name: "a second path",
      fields: headOf(INFO).with(3, [":path", SOLVE]),
    },
    {
      name: "a path behind a field",
      fields: [...headOf(INFO).filter(([each]) => each !== ":path"), [
        ":path",
        INFO,
      ]],
    },
    {
      name: "an unknown beginning",
      fields: [[":protocol", "x"], ...headOf(INFO)],
    },
    ...["Upper", "a b", "", "a:b", "a\0"].map((odd) => ({
      name: `the name ${JSON.stringify(odd)}`,
      fields: [...headOf(INFO), [odd, "x"]],
    })),
    ...["connection", "upgrade", "transfer-encoding", "host"].map((odd) => ({
      name: `the field ${odd}`,
      fields: [...headOf(INFO), [odd, "x"]],
    })),
    ...["a\r\nb", "a\0", "\x7f", "\xe9"].map((odd) => ({
      name: `the value ${JSON.stringify(odd)}`,
      fields: [...headOf(INFO), ["x", odd]],
    })),
  ] as readonly { name: string; fields: HpackField[] }[]
) {
  Deno.test(`judgeCallHead() refuses ${name}`, () => {
    const { path, isHeld, against } = judgeCallHead(fields, false);
    assert.deepEqual({ path, isHeld }, { path: null, isHeld: false });
    assert.match(against!, /^its field .* is not as gRPC has it$/);
  });
}

Deno.test("answerRefused() is an answer of gRPC's, whatever it says", () => {
  assert.deepEqual(answerRefused('50% "ä"\n', false), [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-status", "7"],
    [
      "grpc-message",
      'Sluice refuses this (containers: filter): 50%25 "%C3%A4"%0A',
    ],
  ]);
  const names = answerRefused("x", true).map(([name]) => name);
  assert.deepEqual(names, ["grpc-status", "grpc-message"]);
});
