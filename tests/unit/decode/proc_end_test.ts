import assert from "node:assert/strict";
import { decodeProcEnd } from "../../../agent/decode/proc_end.ts";

const UTF8 = new TextEncoder();

/** Laid out as proc_pid_stat(5) says: 50 fields behind the name. */
function stat(state: string, exitCode: string): Uint8Array {
  const between = Array.from({ length: 48 }, () => "0").join(" ");
  return UTF8.encode(`12 (a) b) ${state} ${between} ${exitCode}\n`);
}

const CASES = [
  { name: "a process that runs", state: "S", code: "0", value: null },
  { name: "one that stands still", state: "T", code: "0", value: null },
  { name: "one that has ended well", state: "Z", code: "0", value: 0 },
  { name: "one that has ended with 1", state: "Z", code: "256", value: 256 },
  { name: "one that was killed", state: "Z", code: "9", value: 9 },
];

for (const { name, state, code, value } of CASES) {
  Deno.test(`decodeProcEnd() tells of ${name}`, () => {
    assert.deepEqual(decodeProcEnd(stat(state, code)), { ok: true, value });
  });
}

Deno.test("decodeProcEnd() takes no truncation of an end for a good one", () => {
  const whole = stat("Z", "256");
  for (let length = 0; length < whole.length - 2; length++) {
    const decoded = decodeProcEnd(whole.subarray(0, length));
    assert.notDeepEqual(decoded, { ok: true, value: 0 }, `${length} bytes`);
  }
});

Deno.test("decodeProcEnd() refuses an end without a status", () => {
  const why = "proc stat has no exit code";
  assert.deepEqual(decodeProcEnd(UTF8.encode("1 (a) Z 1 1")), {
    ok: false,
    why,
  });
});

/** Linux 6.18, of a program that has ended with 3. */
const REAL = [
  "25513 (python3) Z 25468 25466 17439 0 -1 4227148 225 0 0 0 0 0 0 0",
  "20 0 1 0 5432880 0 0 18446744073709551615 0 0 0 0 0 0 0 16781312 2",
  "1 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 768",
].join(" ");

Deno.test("decodeProcEnd() tells of an end as the kernel has it", () => {
  const decoded = decodeProcEnd(UTF8.encode(`${REAL}\n`));
  assert.deepEqual(decoded, { ok: true, value: 3 << 8 });
});
