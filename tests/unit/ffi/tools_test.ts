import assert from "node:assert/strict";
import { readDirectory } from "../../../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { Libc } from "../../../ffi/libc.ts";
import { runTool } from "../../../ffi/tools.ts";

const LARGE_BYTES = 3_000_000;
const PIPE_BYTES = 65_536;

function openDescriptors(libc: Libc): number {
  return readDirectory(libc, "/proc/self/fd")!.length;
}

Deno.test("runTool() takes in much on both outputs at once", () => {
  using libc = new Libc();
  const fill = (letter: string) =>
    `head -c ${LARGE_BYTES} /dev/zero | tr '\\0' ${letter}`;
  // Strictly in turns, so that whoever reads one to its end first waits for
  // ever.
  const turns = "for i in 1 2 3; do head -c 100000 /dev/zero | tr '\\0' c; " +
    "head -c 100000 /dev/zero | tr '\\0' d >&2; done";
  const script = `${turns}; ${fill("a")} & ${fill("b")} >&2; wait; exit 3`;
  const { code, stdout, stderr } = runTool(libc, ["/bin/sh", "-c", script]);

  assert.equal(code, 3);
  assert.equal(stdout, "c".repeat(300_000) + "a".repeat(LARGE_BYTES));
  assert.equal(stderr, "d".repeat(300_000) + "b".repeat(LARGE_BYTES));
});

for (const input of ["", "one line\n", "é€😀\0x", "a".repeat(PIPE_BYTES)]) {
  Deno.test(`runTool() gives the tool ${input.length} characters to read`, () => {
    using libc = new Libc();
    const { code, stdout } = runTool(libc, ["/bin/cat"], { input });
    assert.equal(code, 0);
    assert.equal(stdout, input);
  });
}

Deno.test("runTool() is not held up by a tool that does not read", () => {
  using libc = new Libc();
  const input = "a".repeat(PIPE_BYTES);
  assert.deepEqual(runTool(libc, ["/bin/true"], { input }), {
    code: 0,
    stdout: "",
    stderr: "",
  });
});

for (const input of ["a".repeat(PIPE_BYTES + 1), "é".repeat(PIPE_BYTES)]) {
  Deno.test(`runTool() refuses ${input.length} "${input[0]}" that no pipe holds`, () => {
    using libc = new Libc();
    const before = openDescriptors(libc);
    assert.throws(() => runTool(libc, ["/bin/cat"], { input }), RangeError);
    assert.equal(openDescriptors(libc), before);
  });
}

Deno.test("runTool() says which signal ended the tool", () => {
  using libc = new Libc();
  const script = "echo out; echo err >&2; kill -ABRT $$";
  assert.deepEqual(runTool(libc, ["/bin/sh", "-c", script]), {
    code: 134,
    stdout: "out\n",
    stderr: "err\n",
  });
});

Deno.test("runTool() keeps the caller's environment and directory away", () => {
  using libc = new Libc();
  const script = "cat /proc/$$/environ; readlink /proc/$$/cwd; exit 0";
  const { stdout } = runTool(libc, ["/bin/sh", "-c", script]);
  assert.deepEqual(stdout.split("\0"), [
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL=C",
    "DEBIAN_FRONTEND=noninteractive",
    "/\n",
  ]);
});

const FAILING: readonly { name: string; command: string[] }[] = [
  { name: "is not there", command: ["/nowhere/tool"] },
  { name: "is not executable", command: ["/etc/passwd"] },
];

for (const { name, command } of FAILING) {
  Deno.test(`runTool() throws for a tool that ${name}, and leaks nothing`, () => {
    using libc = new Libc();
    const before = openDescriptors(libc);
    const errnos: number[] = [ERRNO.ENOENT, ERRNO.EACCES];
    assert.throws(
      () => runTool(libc, command, { input: "input" }),
      (error) =>
        error instanceof SystemCallError && errnos.includes(error.errno),
    );
    assert.equal(openDescriptors(libc), before);
  });
}

Deno.test("runTool() leaks no descriptor when an argument holds a NUL", () => {
  using libc = new Libc();
  const before = openDescriptors(libc);
  assert.throws(() => runTool(libc, ["/bin/echo", "a\0b"]), TypeError);
  assert.equal(openDescriptors(libc), before);
});

Deno.test("runTool() leaves no descriptor after 100 times", () => {
  using libc = new Libc();
  const before = openDescriptors(libc);
  for (let count = 0; count < 100; count++) {
    const { stdout } = runTool(libc, ["/bin/cat"], { input: `${count}` });
    assert.equal(stdout, `${count}`);
  }
  assert.equal(openDescriptors(libc), before);
});

Deno.test("runTool() ends a tool that hangs, and says so behind what it said", () => {
  using libc = new Libc();
  const before = openDescriptors(libc);
  const script = "echo begun; printf half >&2; exec sleep 1000";
  const result = runTool(libc, ["/bin/sh", "-c", script], { timeoutMs: 200 });

  assert.deepEqual(result, {
    code: 128 + 9,
    stdout: "begun\n",
    stderr: "half\nsh took longer than 0.2 s and was ended\n",
  });
  assert.equal(openDescriptors(libc), before);
});

Deno.test("runTool() does not wait for who has got its outputs from a tool", () => {
  using libc = new Libc();
  const script = "sleep 1000 & echo $!; exec sleep 1000";
  const { stdout, code } = runTool(libc, ["/bin/sh", "-c", script], {
    timeoutMs: 100,
  });
  libc.symbols.kill(Number(stdout), 9);

  assert.equal(code, 128 + 9);
});
