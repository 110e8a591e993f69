import assert from "node:assert/strict";
import { Assembler } from "../../../../agent/observe/bpf/assembler.ts";
import { hex } from "../../../hex.ts";

/** Each as `llvm-objdump -d` shows what clang made of it. */
const ENCODINGS: readonly {
  name: string;
  write: (program: Assembler) => Assembler;
  bytes: string;
}[] = [
  {
    name: "r1 = 5",
    write: (program) => program.move(1, 5),
    bytes: "b7 01 0000 05000000",
  },
  {
    name: "r1 = -1",
    write: (program) => program.move(1, -1),
    bytes: "b7 01 0000 ffffffff",
  },
  {
    name: "r6 = r1",
    write: (program) => program.move(6, { register: 1 }),
    bytes: "bf 16 0000 00000000",
  },
  {
    name: "r0 >>= 32",
    write: (program) => program.compute([0, "shiftRight", 32]),
    bytes: "77 00 0000 20000000",
  },
  {
    name: "r2 -= r3",
    write: (program) => program.compute([2, "subtract", { register: 3 }]),
    bytes: "1f 32 0000 00000000",
  },
  {
    name: "r1 = *(u32 *)(r10 - 8)",
    write: (program) => program.load4(1, [10, -8]),
    bytes: "61 a1 f8ff 00000000",
  },
  {
    name: "r7 = *(u64 *)(r1 + 8)",
    write: (program) => program.load8(7, [1, 8]),
    bytes: "79 17 0800 00000000",
  },
  {
    name: "*(u64 *)(r10 - 16) = r9",
    write: (program) => program.store8([10, -16], { register: 9 }),
    bytes: "7b 9a f0ff 00000000",
  },
  {
    name: "*(u32 *)(r10 - 4) = 7",
    write: (program) => program.store4([10, -4], 7),
    bytes: "62 0a fcff 07000000",
  },
  {
    name: "lock *(u64 *)(r8 + 8) += r1",
    write: (program) => program.atomicAdd([8, 8], 1),
    bytes: "db 18 0800 00000000",
  },
  {
    name: "r2 = r10; r2 += -32",
    write: (program) => program.address(2, [10, -32]),
    bytes: "bf a2 0000 00000000  07 02 0000 e0ffffff",
  },
  {
    name: "r1 = map 4 ll",
    write: (program) => program.loadMap(1, 4),
    bytes: "18 11 0000 04000000  00 00 0000 00000000",
  },
  {
    name: "call 113",
    write: (program) => program.call("probe_read_kernel"),
    bytes: "85 00 0000 71000000",
  },
  {
    name: "exit",
    write: (program) => program.exit(),
    bytes: "b7 00 0000 00000000  95 00 0000 00000000",
  },
  {
    name: "a jump over one instruction",
    write: (program) =>
      program.goToIf([1, "signedLess", -2], "out").move(0, 1).label("out"),
    bytes: "c5 01 0100 feffffff  b7 00 0000 01000000",
  },
  {
    name: "a jump back, by a register",
    write: (program) =>
      program.label("again").move(0, 1)
        .goToIf([1, "notEqual", { register: 2 }], "again"),
    bytes: "b7 00 0000 01000000  5d 21 feff 00000000",
  },
  {
    name: "a jump to the next instruction",
    write: (program) => program.goTo("next").label("next"),
    bytes: "05 00 0000 00000000",
  },
];

for (const { name, write, bytes } of ENCODINGS) {
  Deno.test(`assemble() encodes ${name}`, () => {
    assert.deepEqual(write(new Assembler()).assemble(), hex(bytes));
  });
}

Deno.test("assemble() counts a wide load as two instructions in a jump", () => {
  const program = new Assembler().goTo("out").loadMap(1, 3).label("out");
  assert.deepEqual(program.assemble().subarray(0, 8), hex("0500020000000000"));
});

Deno.test("assemble() refuses a jump to nowhere", () => {
  assert.throws(() => new Assembler().goTo("gone").assemble(), TypeError);
});

Deno.test("assemble() refuses a jump that is too far", () => {
  const program = new Assembler().goTo("far");
  for (let index = 0; index <= 0x8000; index++) program.move(0, 0);
  assert.throws(() => program.label("far").assemble(), RangeError);
});

Deno.test("label() refuses a name twice", () => {
  const program = new Assembler().label("here");
  assert.throws(() => program.label("here"), TypeError);
});

Deno.test("load8() refuses an offset that no instruction holds", () => {
  assert.throws(() => new Assembler().load8(1, [2, 0x8000]), RangeError);
});
