import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeProcEvent,
  decodeWaitStatus,
} from "../../../agent/decode/proc_event.ts";
import { hex } from "../../hex.ts";

// Captured on Linux 6.18 behind their netlink headers: struct cn_msg of 20
// bytes, then what, processor, time stamp in nanoseconds, and the event.
const FORK = `
  01000000 01000000  ab1a0000 00000000  2800 0000
  01000000 00000000  76f28885ae160000
  9c6f0000 15200000 81750000 81750000  0000000000000000
`;
const THREAD = FORK.replace("81750000 81750000", "81750000 15200000");
const EXEC = `
  01000000 01000000  ac1a0000 00000000  2800 0000
  02000000 00000000  ac959085ae160000
  81750000 81750000  00000000000000000000000000000000
`;
const EXIT = `
  01000000 01000000  c91b0000 00000000  2800 0000
  00000080 01000000  c32de269ae160000
  91460000 15200000 00030000 ffffffff  0000000000000000
`;
const RENAMED = `
  01000000 01000000  d91a0000 00000000  2800 0000
  00020000 00000000  392c64a1ae160000
  9d750000 14200000  746f6b696f2d72756e74696d652d7700
`;

Deno.test("decodeProcEvent() reads a fork", () => {
  assert.deepEqual(decodeProcEvent(hex(FORK)), {
    ok: true,
    value: {
      kind: "fork",
      cpu: 0,
      sequence: 0x1aab,
      monotonicUs: Math.floor(0x16ae8588f276 / 1000),
      threadId: 0x7581,
      pid: 0x7581,
      parentPid: 0x2015,
      status: 0,
    },
  });
});

Deno.test("decodeProcEvent() tells a new thread from a new process", () => {
  const decoded = decodeProcEvent(hex(THREAD));
  assert.ok(decoded.ok);
  assert.equal(decoded.value.threadId, 0x7581);
  assert.equal(decoded.value.pid, 0x2015);
});

Deno.test("decodeProcEvent() reads an exec", () => {
  const decoded = decodeProcEvent(hex(EXEC));
  assert.ok(decoded.ok);
  assert.equal(decoded.value.kind, "exec");
  assert.equal(decoded.value.pid, 0x7581);
  assert.equal(decoded.value.parentPid, 0);
});

Deno.test("decodeProcEvent() reads the end of a thread", () => {
  const decoded = decodeProcEvent(hex(EXIT));
  assert.ok(decoded.ok);
  assert.equal(decoded.value.kind, "exit");
  assert.equal(decoded.value.cpu, 1);
  assert.equal(decoded.value.threadId, 0x4691);
  assert.equal(decoded.value.pid, 0x2015);
  assert.equal(decoded.value.status, 0x300);
});

Deno.test("decodeProcEvent() counts an event that it does not know", () => {
  const decoded = decodeProcEvent(hex(RENAMED));
  assert.ok(decoded.ok);
  assert.equal(decoded.value.kind, "other");
  assert.equal(decoded.value.sequence, 0x1ad9);
});

Deno.test("decodeProcEvent() refuses a message of another connector", () => {
  assert.deepEqual(decodeProcEvent(hex(EXEC.replace("01000000", "03000000"))), {
    ok: false,
    why: "proc event message is of 3.1",
  });
});

Deno.test("decodeProcEvent() refuses every truncation", () => {
  for (const dump of [FORK, EXEC, EXIT]) {
    const payload = hex(dump);
    for (let length = 0; length < payload.length; length++) {
      const { ok } = decodeProcEvent(payload.subarray(0, length));
      assert.equal(ok, false, `${length} bytes`);
    }
  }
});

Deno.test("decodeProcEvent() never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    assert.equal(typeof decodeProcEvent(bytes).ok, "boolean");
  }));
});

const STATUSES: readonly [number, number | null, number | null][] = [
  [0, 0, null],
  [0x0300, 3, null],
  [0xff00, 255, null],
  [9, null, 9],
  [0x8b, null, 11], // SIGSEGV with a core dump
];

for (const [status, exitCode, signal] of STATUSES) {
  Deno.test(`decodeWaitStatus() reads 0x${status.toString(16)}`, () => {
    assert.deepEqual(decodeWaitStatus(status), { exitCode, signal });
  });
}
