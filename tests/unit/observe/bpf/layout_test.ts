import assert from "node:assert/strict";
import { decodeBtf } from "../../../../agent/decode/btf.ts";
import { type Btf, BTF_KIND } from "../../../../agent/decode/btf_types.ts";
import { AgentError } from "../../../../agent/errors.ts";
import {
  findTarget,
  LAYOUT_TYPES,
  readLayout,
  TASK_ITERATOR,
  TRACEPOINTS,
} from "../../../../agent/observe/bpf/layout.ts";
import { readFile } from "../../../../ffi/files.ts";
import { Libc } from "../../../../ffi/libc.ts";

function readKernelTypes(names: readonly string[]): Btf {
  using libc = new Libc();
  const bytes = readFile(libc, "/sys/kernel/btf/vmlinux", 1 << 26);
  const decoded = decodeBtf(bytes, names);
  assert.ok(decoded.ok);
  return decoded.value;
}

Deno.test("readLayout() finds every field in the kernel that runs", () => {
  const btf = readKernelTypes(LAYOUT_TYPES);
  const layout = readLayout(btf);
  assert.equal(layout.taskTgid, layout.taskPid + 4);
  assert.equal(layout.mmArgEnd, layout.mmArgStart + 8);
  assert.equal(layout.filePathDentry, layout.filePathMount + 8);
  const exec = btf.findId(BTF_KIND.TYPEDEF, TRACEPOINTS.exec);
  assert.equal(btf.countParameters(exec!), 4);
  assert.ok(findTarget(btf, TASK_ITERATOR) > 0);
});

Deno.test("readLayout() refuses a kernel that lacks a field", () => {
  const btf = readKernelTypes(["task_struct"]);
  const isUnavailable = (error: unknown) =>
    error instanceof AgentError && error.code === "bpf_unavailable";
  assert.throws(() => readLayout(btf), isUnavailable);
  assert.throws(() => findTarget(btf, "btf_trace_gone"), isUnavailable);
});
