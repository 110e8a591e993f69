import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeBtf } from "../../../agent/decode/btf.ts";
import { BTF_KIND } from "../../../agent/decode/btf_types.ts";
import { hex } from "../../hex.ts";
import { damage } from "./damage.ts";

// Written by hand from Documentation/bpf/btf.rst.
const HEADER = "9feb 01 00  18000000  00000000 2c010000  2c010000 38000000";
const STRINGS =
  "00 696e7400 7461736b00 70696400 6c69737400 6e65787400 666c61677300" +
  " 6d6f646500 7461736b5f7400 66756e6300 62696700 6100";
// Offsets of the names: int 1, task 5, pid 10, list 14, next 19, flags 24,
// mode 30, task_t 35, func 42, big 47, a 51.
const TYPES = `
  01000000 00000001 04000000  20000001                         # 1 int
  0e000000 01000004 08000000                                   # 2 struct list
    13000000 01000000 20000000                                 #   next at 32 bits
  00000000 02000005 10000000                                   # 3 a union without a name
    0e000000 02000000 00000000                                 #   list
    18000000 05000000 00000000                                 #   flags
  05000000 03000084 20000000                                   # 4 struct task, with bit fields
    0a000000 01000000 00000000                                 #   pid
    00000000 06000000 40000000                                 #   const union {}
    1e000000 01000000 03010003                                 #   mode, 3 bits at 259
  2f000000 01000013 08000000  33000000 01000000 00000000       # 5 enum64 big { a }
  00000000 0000000a 03000000                                   # 6 const 3
  00000000 0200000d 01000000  00000000 04000000  00000000 01000000  # 7 int (task, int)
  00000000 00000002 07000000                                   # 8 pointer to 7
  23000000 00000008 08000000                                   # 9 typedef task_t
  2a000000 0000000c 07000000                                   # 10 func
  05000000 00000004 63000000                                   # 11 another struct task
  00000000 00000003 00000000  01000000 01000000 04000000       # 12 an array
  33000000 00000011 04000000  ffffffff                         # 13 a declaration tag
  33000000 0000000e 01000000  00000000                         # 14 a variable
  33000000 0100000f 04000000  0e000000 00000000 04000000       # 15 a section
  2f000000 01000006 04000000  33000000 01000000                # 16 enum
`;
const NAMES = ["task", "list", "task_t", "func", "int", "gone"];

function sample(): Uint8Array<ArrayBuffer> {
  const types = hex(TYPES);
  const strings = hex(STRINGS);
  const header = hex(HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(12, types.length, true);
  view.setUint32(16, types.length, true);
  view.setUint32(20, strings.length, true);
  return Uint8Array.of(...header, ...types, ...strings);
}

const OFFSETS: readonly { path: string; offset: number | null }[] = [
  { path: "pid", offset: 0 },
  { path: "list", offset: 8 },
  { path: "list.next", offset: 12 },
  { path: "flags", offset: 8 },
  { path: "mode", offset: null }, // it starts with no byte
  { path: "next", offset: null },
  { path: "pid.next", offset: null },
  { path: "flags.a", offset: null },
  { path: "", offset: null },
  { path: "list.", offset: null },
];

for (const { path, offset } of OFFSETS) {
  Deno.test(`offsetOf() finds "${path}" at ${offset}`, () => {
    const decoded = decodeBtf(sample(), NAMES);
    assert.ok(decoded.ok);
    assert.equal(decoded.value.offsetOf("task", path), offset);
  });
}

Deno.test("findId() knows kinds apart and takes the first of a name", () => {
  const decoded = decodeBtf(sample(), NAMES);
  assert.ok(decoded.ok);
  const btf = decoded.value;
  assert.equal(btf.findId(BTF_KIND.STRUCT, "task"), 4);
  assert.equal(btf.findId(BTF_KIND.TYPEDEF, "task_t"), 9);
  assert.equal(btf.findId(BTF_KIND.FUNC, "func"), 10);
  assert.equal(btf.findId(BTF_KIND.STRUCT, "task_t"), null);
  assert.equal(btf.findId(BTF_KIND.STRUCT, "gone"), null);
  assert.equal(btf.offsetOf("gone", "pid"), null);
});

Deno.test("countParameters() counts those of a function behind a typedef", () => {
  const decoded = decodeBtf(sample(), NAMES);
  assert.ok(decoded.ok);
  assert.equal(decoded.value.countParameters(9), 2);
  assert.equal(decoded.value.countParameters(10), null);
});

Deno.test("decodeBtf() refuses what is no BTF of this machine", () => {
  const why = "btf has no magic number";
  const swapped = sample();
  swapped.reverse();
  assert.deepEqual(decodeBtf(swapped, NAMES), { ok: false, why });
});

Deno.test("decodeBtf() refuses every truncation", () => {
  const bytes = sample();
  for (let length = 0; length < bytes.length; length++) {
    const { ok } = decodeBtf(bytes.subarray(0, length), NAMES);
    assert.equal(ok, false, `${length} bytes`);
  }
});

Deno.test("decodeBtf() ends for every damage, and so does offsetOf()", () => {
  const bytes = sample();
  const paths = OFFSETS.map(({ path }) => path);
  fc.assert(fc.property(fc.nat(), (index) => {
    const decoded = decodeBtf(damage(bytes, index), NAMES);
    if (!decoded.ok) return;
    for (const path of paths) decoded.value.offsetOf("task", path);
    for (let id = 1; id < 17; id++) decoded.value.countParameters(id);
  }));
});

Deno.test("offsetOf() ends where anonymous members contain each other", () => {
  const types = `
    05000000 02000004 10000000
      00000000 01000000 00000000
      00000000 01000000 00000000
  `;
  const header = hex(HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(12, hex(types).length, true);
  view.setUint32(16, hex(types).length, true);
  view.setUint32(20, hex(STRINGS).length, true);
  const decoded = decodeBtf(
    Uint8Array.of(...header, ...hex(types), ...hex(STRINGS)),
    NAMES,
  );
  assert.ok(decoded.ok);
  assert.equal(decoded.value.offsetOf("task", "pid"), null);
});
