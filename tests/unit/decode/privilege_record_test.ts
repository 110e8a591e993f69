import assert from "node:assert/strict";
import { decodePrivilegeRecord } from "../../../agent/decode/privilege_record.ts";
import {
  CALL,
  DEED,
  DEED_FLAG,
  DEED_KIND,
  DEED_TEXT_BYTES,
  ROUTE,
} from "../../../agent/observe/bpf/privilege_shapes.ts";

/** As the programs in `observe/bpf` write it. */
function record(
  fields: Partial<Record<keyof typeof DEED, number>>,
  text?: string,
): Uint8Array {
  const extra = text === undefined ? 0 : DEED_TEXT_BYTES;
  const bytes = new Uint8Array(DEED.bytes + extra);
  const view = new DataView(bytes.buffer);
  for (const [name, value] of Object.entries(fields)) {
    const at = DEED[name as keyof typeof DEED];
    if (/^(start|at|targetStart)$/.test(name)) {
      view.setBigUint64(at, BigInt(value), true);
    } else view.setUint32(at, value >>> 0, true);
  }
  bytes.set(new TextEncoder().encode(text ?? ""), DEED.bytes);
  return bytes;
}

const WHO = {
  pid: 7,
  start: 5_000,
  at: 9_999,
  targetPid: 3,
  targetStart: 2_000,
};
const DONE = {
  doer: { pid: 7, startUs: 5 },
  atUs: 9,
  target: { pid: 3, startUs: 2 },
};

Deno.test("decodePrivilegeRecord() reads whose memory was reached, and how", () => {
  for (const [route, detail] of Object.entries(ROUTE)) {
    const kind = DEED_KIND.memory;
    const flags = DEED_FLAG.protected | DEED_FLAG.denied;
    const decoded = decodePrivilegeRecord(
      record({ ...WHO, kind, detail, flags }),
    );
    assert.deepEqual(decoded, {
      ok: true,
      value: {
        ...{ kind: "memory", ...DONE, route },
        ...{ isProtected: true, isDenied: true },
      },
    });
  }
});

Deno.test("decodePrivilegeRecord() reads a signal", () => {
  const kind = DEED_KIND.signal;
  const decoded = decodePrivilegeRecord(record({ ...WHO, kind, detail: 6 }));
  assert.ok(decoded.ok && decoded.value.kind === "signal");
  assert.equal(decoded.value.signal, 6);
  assert.equal(decoded.value.isProtected, false);
});

Deno.test("decodePrivilegeRecord() reads every call, with and without a path", () => {
  for (const [call, detail] of Object.entries(CALL)) {
    const fields = {
      ...WHO,
      ...{ kind: DEED_KIND.call, detail, extra: 0o4755, more: -100 },
    };
    for (const path of [null, "/tmp/x"]) {
      const decoded = decodePrivilegeRecord(record(fields, path ?? undefined));
      assert.ok(decoded.ok && decoded.value.kind === "call");
      const { extra, fd } = decoded.value;
      assert.deepEqual([decoded.value.call, extra, fd, decoded.value.path], [
        ...[call, 0o4755, -100, path],
      ]);
    }
  }
});

Deno.test("decodePrivilegeRecord() reads a connection's other end", () => {
  const bytes = record({ ...WHO, kind: DEED_KIND.stdio, detail: 2 });
  bytes.set([0x11, 0x5c], DEED.extra);
  bytes.set([203, 0, 113, 5], DEED.more);
  const decoded = decodePrivilegeRecord(bytes);
  assert.ok(decoded.ok && decoded.value.kind === "stdio");
  assert.deepEqual(decoded.value.remote, {
    address: "203.0.113.5",
    port: 4444,
  });
  bytes[DEED.detail] = 10;
  const six = decodePrivilegeRecord(bytes);
  assert.ok(six.ok && six.value.kind === "stdio");
  assert.equal(six.value.remote.address, "cb00:7105::");
});

const REFUSED: readonly [string, Uint8Array, string][] = [
  ["nothing", new Uint8Array(), "is 0 of 64 bytes"],
  ["another kind", record({ kind: 9 }), "is of kind 9"],
  ["another route", record({ kind: 1, detail: 7 }), "names route 7"],
  ["no route", record({ kind: 1, detail: 0 }), "names route 0"],
  ["another call", record({ kind: 3, detail: 8 }), "names call 8"],
];
for (const [name, bytes, why] of REFUSED) {
  Deno.test(`decodePrivilegeRecord() refuses ${name}`, () => {
    const expected = { ok: false, why: `privilege record ${why}` };
    assert.deepEqual(decodePrivilegeRecord(bytes), expected);
  });
}

Deno.test("decodePrivilegeRecord() refuses every truncation of a record", () => {
  const bytes = record({ ...WHO, kind: DEED_KIND.memory, detail: 1 });
  for (let length = 0; length < bytes.length; length++) {
    const { ok } = decodePrivilegeRecord(bytes.subarray(0, length));
    assert.equal(ok, false, `${length} bytes`);
  }
});
