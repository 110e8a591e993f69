import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeKernelSymbols,
  KernelSymbols,
} from "../../../agent/decode/kernel_symbols.ts";

// Lines of /proc/kallsyms of Linux 6.18.
const SYMBOLS = `ffffffff81218525 t proc_pid_cmdline_read.cold
ffffffff81218600 T two_names
ffffffff81218600 T second_name
ffffffff81614850 t process_vm_rw_core.constprop.0
ffffffff81614d60 t process_vm_rw
ffffffff81614ea0 T __x64_sys_process_vm_readv
ffffffff8177d090 t mem_rw
ffffffff8177ebc0 t proc_pid_cmdline_read
ffffffff8177f000 d mem_read
ffffffffc0000000 t mem_rw\t[some_module]
`;

function rangesOf(name: string, text = SYMBOLS): string[] {
  const list = new TextEncoder().encode(text);
  const ranges = decodeKernelSymbols(list, [name]).get(name)!;
  return ranges.map(({ start, end }) =>
    `${start.toString(16).slice(8)}-${end.toString(16).slice(8)}`
  );
}

const FOUND: readonly [name: string, ranges: readonly string[]][] = [
  ["mem_rw", ["8177d090-8177ebc0"]],
  // Both parts; the second goes up to the next function.
  ["proc_pid_cmdline_read", ["81218525-81218600", "8177ebc0-c0000000"]],
  ["process_vm_rw*", ["81614850-81614d60", "81614d60-81614ea0"]],
  ["two_names", ["81218600-81614850"]],
  // Data, a part of a name, and one that is not there.
  ["mem_read", []],
  ["process_vm", []],
  ["absent", []],
];
for (const [name, ranges] of FOUND) {
  Deno.test(`decodeKernelSymbols() finds ${ranges.length} of ${name}`, () => {
    assert.deepEqual(rangesOf(name), ranges);
  });
}

Deno.test("decodeKernelSymbols() finds nothing where addresses are hidden", () => {
  const hidden = SYMBOLS.replace(/^[0-9a-f]{16}/gm, "0".repeat(16));
  assert.deepEqual(rangesOf("mem_rw", hidden), []);
});

Deno.test("decodeKernelSymbols() reads every beginning of a list, and any text", () => {
  for (let end = 0; end <= SYMBOLS.length; end++) {
    rangesOf("mem_rw", SYMBOLS.slice(0, end));
  }
  fc.assert(fc.property(fc.string(), (text) => {
    rangesOf("a", `${text} a\n${text}`);
    rangesOf("*", `${text} a\n${text}`);
  }));
});

Deno.test("KernelSymbols finds the same in pieces of any length", () => {
  const list = new TextEncoder().encode(SYMBOLS);
  const names = FOUND.map(([name]) => name);
  const whole = decodeKernelSymbols(list, names);
  for (let length = 1; length <= list.length; length += 7) {
    const symbols = new KernelSymbols(names);
    for (let at = 0; at < list.length; at += length) {
      symbols.take(list.subarray(at, at + length));
    }
    assert.deepEqual(symbols.ranges, whole, `${length}`);
  }
});
