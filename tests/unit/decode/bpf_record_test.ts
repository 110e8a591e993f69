import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeBpfRecord,
  microsecondsAt,
} from "../../../agent/decode/bpf_record.ts";
import { hex } from "../../hex.ts";
import { damage } from "./damage.ts";

// Written by hand after agent/observe/bpf/shapes.ts; that the programs write
// the same is what tests/integration/process_bpf_test.ts is for.
const FORK = `
  01000000 4a0f0000 40420f0000000000 80841e0000000000 3b0f0000 00000000
`;
const EXIT = `
  03000000 4a0f0000 40420f0000000000 80841e0000000000 00030000 00000000
`;
const EXEC = `
  02000000 4a0f0000 40420f0000000000 80841e0000000000 3b0f0000 e9030000
  980000f0 0d000000 0700000000000000      # network namespace, flags, cgroup
  0e000000 09000000 08000000 08000000     # bytes of the four sections
  08000000 08000000                       # bytes that there were
  670a000000000000 0100e00f 00000000      # inode and device of the program
  6375726c00 62696e00 75737200 00         # curl, bin, usr and a name of nothing
  686f6d6500 65746300                     # home, etc
  6375726c00 2d7300                       # curl -s
  413d6200 433d6400                       # A=b C=d
`;
const PROCESS = { pid: 3914, startUs: 1000, atUs: 2000 };

function execWith(changes: Record<number, number>): Uint8Array<ArrayBuffer> {
  const bytes = hex(EXEC);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of Object.entries(changes)) {
    view.setUint32(Number(at), value, true);
  }
  return bytes;
}

Deno.test("decodeBpfRecord() reads a fork", () => {
  assert.deepEqual(decodeBpfRecord(hex(FORK)), {
    ok: true,
    value: { kind: "fork", ...PROCESS, parentPid: 3899 },
  });
});

Deno.test("decodeBpfRecord() reads an exec", () => {
  assert.deepEqual(decodeBpfRecord(hex(EXEC)), {
    ok: true,
    value: {
      kind: "exec",
      ...PROCESS,
      parentPid: 3899,
      uid: 1001,
      exe: "//usr/bin/curl",
      args: ["curl", "-s"],
      cwd: "/etc/home",
      netNamespace: 0xf000_0098,
      environment: ["A=b", "C=d"],
      program: "254:1 2663",
    },
  });
});

const STATUSES: readonly {
  status: string;
  exitCode: number | null;
  signal: number | null;
}[] = [
  { status: "00000000", exitCode: 0, signal: null },
  { status: "00ff0000", exitCode: 255, signal: null },
  { status: "09000000", exitCode: null, signal: 9 },
  { status: "8b000000", exitCode: null, signal: 11 }, // with a core dump
];

for (const { status, exitCode, signal } of STATUSES) {
  Deno.test(`decodeBpfRecord() reads an exit with status ${status}`, () => {
    const bytes = hex(EXIT.replace("00030000", status));
    assert.deepEqual(decodeBpfRecord(bytes), {
      ok: true,
      value: { kind: "exit", ...PROCESS, exitCode, signal },
    });
  });
}

const FLAGS: readonly { flags: number; found: Record<string, unknown> }[] = [
  { flags: 0, found: { exe: null, cwd: null, environment: null } },
  { flags: 2, found: { exe: null } },
  { flags: 3, found: { exe: "//usr/bin/curl (deleted)" } },
  { flags: 4, found: { exe: null, cwd: "/etc/home" } },
  { flags: 8, found: { environment: ["A=b", "C=d"] } },
];

for (const { flags, found } of FLAGS) {
  Deno.test(`decodeBpfRecord() believes the flags ${flags}`, () => {
    const decoded = decodeBpfRecord(execWith({ 36: flags }));
    assert.ok(decoded.ok);
    for (const [name, value] of Object.entries(found)) {
      assert.deepEqual(Reflect.get(decoded.value, name), value);
    }
  });
}

Deno.test("decodeBpfRecord() says how many bytes of arguments are missing", () => {
  const decoded = decodeBpfRecord(execWith({ 64: 2_000_008 }));
  assert.ok(decoded.ok && decoded.value.kind === "exec");
  assert.deepEqual(decoded.value.args, ["curl", "-s", "…[+2000000 bytes]"]);
});

Deno.test("decodeBpfRecord() gives names as they are, lossily", () => {
  const bytes = hex(EXEC);
  bytes.set(hex("1b 5b 0a ff"), 88);
  const decoded = decodeBpfRecord(bytes);
  assert.ok(decoded.ok && decoded.value.kind === "exec");
  assert.equal(decoded.value.exe, "//usr/bin/\x1b[\n\ufffd");
});

const REFUSED: readonly { name: string; bytes: Uint8Array; why: string }[] = [
  {
    name: "an unknown kind",
    bytes: hex(FORK.replace("01", "04")),
    why: "process record is of kind 4",
  },
  {
    name: "a fork that goes on",
    bytes: Uint8Array.of(...hex(FORK), 0),
    why: "process record is too long",
  },
  {
    name: "a section that is longer than all",
    bytes: execWith({ 56: 0xffff_ffff }),
    why: "process record is not as long as its parts",
  },
  {
    name: "more than its sections",
    bytes: Uint8Array.of(...hex(EXEC), 0),
    why: "process record is not as long as its parts",
  },
];

for (const { name, bytes, why } of REFUSED) {
  Deno.test(`decodeBpfRecord() refuses ${name}`, () => {
    assert.deepEqual(decodeBpfRecord(bytes), { ok: false, why });
  });
}

for (const dump of [FORK, EXEC, EXIT]) {
  const bytes = hex(dump);
  Deno.test(`decodeBpfRecord() refuses every truncation of kind ${bytes[0]}`, () => {
    for (let length = 0; length < bytes.length; length++) {
      const { ok } = decodeBpfRecord(bytes.subarray(0, length));
      assert.equal(ok, false, `${length} bytes`);
    }
  });
  Deno.test(`decodeBpfRecord() ends for every damage of kind ${bytes[0]}`, () => {
    fc.assert(fc.property(fc.nat(), (index) => {
      decodeBpfRecord(damage(bytes, index));
    }));
  });
}

Deno.test("microsecondsAt() divides as a bigint does, for 285 years", () => {
  const view = new DataView(new ArrayBuffer(8));
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 9n * 10n ** 18n }), (ns) => {
    view.setBigUint64(0, ns, true);
    assert.equal(microsecondsAt(view, 0), Number(ns / 1000n));
  }));
});
