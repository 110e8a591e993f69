import assert from "node:assert/strict";
import { type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import { Libc } from "../../../ffi/libc.ts";
import {
  PlainFile,
  realDirectory,
  tryReadPlain,
} from "../../../ffi/plain_file.ts";
import { Scratch } from "../../scratch.ts";

Deno.test("PlainFile.read() reads on to the end", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  using file = PlainFile.open(libc, bytePathOf(scratch.write("a", "12345")));
  assert.ok(file !== null);
  assert.equal(file.look.bytes, 5);

  const piece = new Uint8Array(3);
  assert.equal(file.read(piece), 3);
  assert.deepEqual([...piece], [0x31, 0x32, 0x33]);
  assert.equal(file.read(piece), 2);
  assert.equal(file.read(piece), 0);
});

Deno.test("PlainFile.open() opens by way of a link", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.write("a", "12345");
  using file = PlainFile.open(libc, bytePathOf(scratch.link("b", "a")));
  assert.equal(file?.look.bytes, 5);
});

const OTHERS: readonly [name: string, make: (scratch: Scratch) => string][] = [
  ["nothing", (scratch) => scratch.at("a")],
  ["a directory", (scratch) => scratch.makeDirectory("a")],
  // To open it would wait for who writes to it.
  ["a pipe", (scratch) => scratch.makeFifo("a")],
  ["a device", () => "/dev/zero"],
  ["a link to a device", (scratch) => scratch.link("a", "/dev/zero")],
  ["a link to nowhere", (scratch) => scratch.link("a", "nowhere")],
];

for (const [name, make] of OTHERS) {
  Deno.test(`PlainFile.open() does not open ${name}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    assert.equal(PlainFile.open(libc, bytePathOf(make(scratch))), null);
  });
}

Deno.test("tryReadPlain() reads up to its limit and no more", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = bytePathOf(scratch.write("a", "12345"));

  assert.equal(tryReadPlain(libc, { path, limitBytes: 5 })?.length, 5);
  assert.equal(tryReadPlain(libc, { path, limitBytes: 4 }), null);
  scratch.remove("a");
  assert.equal(tryReadPlain(libc, { path, limitBytes: 5 }), null);
});

Deno.test("realDirectory() leads past links and the way up", () => {
  using libc = new Libc();
  const find = (path: string) => realDirectory(libc, path as BytePath);

  assert.equal(find("/usr/lib/../bin/.."), "/usr");
  assert.equal(find("/proc/self/root"), "/");
  assert.equal(find("/etc/passwd"), null);
  assert.equal(find("/nowhere"), null);
});

Deno.test("realDirectory() tells a path of any bytes", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const made = bytePathOf(scratch.makeDirectory("\u00fc\n"));

  assert.ok(realDirectory(libc, made)?.endsWith("\u00c3\u00bc\n"));
});
