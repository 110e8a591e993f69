import assert from "node:assert/strict";
import {
  below,
  type BytePath,
  bytePath,
  bytePathOf,
  cPath,
  textOf,
} from "../../../ffi/byte_path.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import {
  FILE_TYPE,
  isUnchanged,
  linkTarget,
  lookAt,
  lookBehind,
  openPlain,
  readAt,
  typeOf,
} from "../../../ffi/file_look.ts";
import { O, readLink } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Scratch } from "../../scratch.ts";

/** Names that text cannot hold, or that somebody could take for more. */
const NAMES: readonly { name: string; path: BytePath }[] = [
  { name: "invalid UTF-8", path: bytePath(Uint8Array.of(0xff, 0xc3, 0x28)) },
  { name: "UTF-8", path: bytePathOf("é€😀") },
  { name: "a newline", path: bytePathOf("two\nlines") },
  { name: "every control character", path: controls() },
  { name: "255 bytes", path: bytePath(new Uint8Array(255).fill(0xfe)) },
];

for (const { name, path } of NAMES) {
  Deno.test(`lookAt() and readAt() find a file whose name is ${name}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const file = below(bytePathOf(scratch.path), path);
    write(libc, file, "content");

    const look = lookAt(libc, file)!;
    assert.equal(typeOf(look), FILE_TYPE.PLAIN);
    assert.equal(look.bytes, 7);
    const fd = openPlain(libc, file)!;
    const into = new Uint8Array(100);
    assert.equal(readAt(libc, fd, { at: 3, into }), 4);
    assert.equal(new TextDecoder().decode(into.subarray(0, 4)), "tent");
    assert.equal(readAt(libc, fd, { at: 7, into }), 0);
    assert.ok(isUnchanged(look, lookBehind(libc, fd)));
    libc.symbols.close(fd);
  });
}

Deno.test("lookAt() says what lstat(2) says", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.write("a", "12345");
  scratch.chmod("a", 0o751);
  scratch.chown("a", 65_534);
  const path = bytePathOf(scratch.at("a"));
  const nowSeconds = Date.now() / 1_000;

  const look = lookAt(libc, path)!;
  assert.equal(look.mode, 0o100751);
  assert.equal(look.uid, 65_534);
  assert.equal(look.links, 1);
  assert.ok(Math.abs(look.ctimeSeconds - nowSeconds) < 60);
  assert.ok(Math.abs(look.mtimeSeconds - nowSeconds) < 60);
  assert.ok(look.ctimeNanoseconds < 1e9);
});

for (const { change, act } of changes()) {
  Deno.test(`isUnchanged() is false after ${change}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    scratch.write("a", "12345");
    const path = bytePathOf(scratch.at("a"));
    const before = lookAt(libc, path)!;
    assert.ok(isUnchanged(before, lookAt(libc, path)!));
    act(scratch);
    assert.ok(!isUnchanged(before, lookAt(libc, path)!));
  });
}

Deno.test("openPlain() opens neither links, pipes nor directories", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.write("a", "");
  scratch.link("link", "a");
  scratch.makeFifo("pipe");
  scratch.makeDirectory("directory");
  for (const name of ["link", "pipe", "directory", "nothing", "a/b"]) {
    assert.equal(openPlain(libc, bytePathOf(scratch.at(name))), null, name);
  }
  assert.equal(openPlain(libc, "/dev/null" as BytePath), null);
});

Deno.test("linkTarget() reads a link and nothing else", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.write("a", "");
  scratch.link("link", "../é/nowhere");
  scratch.link("long", "x".repeat(4095));
  const target = (name: string) =>
    linkTarget(libc, bytePathOf(scratch.at(name)));

  assert.equal(textOf(target("link")!), "../é/nowhere");
  assert.equal(target("long")!.length, 4095);
  assert.equal(target("a"), null);
  assert.equal(target("nothing"), null);
  assert.equal(typeOf(lookAt(libc, bytePathOf(scratch.at("link")))!), 0o120000);
});

for (const absent of ["", "/nowhere", "/etc/passwd/x", `/${"x".repeat(256)}`]) {
  Deno.test(`lookAt() finds nothing at "${absent.slice(0, 20)}"`, () => {
    using libc = new Libc();
    assert.equal(lookAt(libc, absent as BytePath), null);
    assert.equal(linkTarget(libc, absent as BytePath), null);
    assert.equal(openPlain(libc, absent as BytePath), null);
  });
}

Deno.test("lookAt() throws where nobody can say", () => {
  using libc = new Libc();
  // A directory of the kernel's that has no such descriptor, but had one.
  assert.throws(
    () => lookBehind(libc, 1_000_000),
    (error) => error instanceof SystemCallError && error.errno === 9,
  );
  assert.throws(() => lookAt(libc, "/a\0b" as BytePath), TypeError);
});

Deno.test("paths over 4095 bytes are looked at, opened and read", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 22);
  // What is long is the path below: the way to the scratch is none to climb.
  const path = makeDeep(libc, scratch, 30);
  assert.ok(path.length > 7_000);
  assert.equal(lookAt(libc, path)!.bytes, 4);
  const fd = openPlain(libc, path)!;
  assert.equal(readAt(libc, fd, { at: 0, into: new Uint8Array(9) }), 4);
  libc.symbols.close(fd);
  assert.equal(linkTarget(libc, path), null);
  assert.equal(lookAt(libc, `${path}x` as BytePath), null);
  assert.equal(lookAt(libc, path.replace("/d", "/e") as BytePath), null);
});

for (const bytes of [4_094, 4_095, 4_096, 4_097]) {
  Deno.test(`lookAt() finds a path of ${bytes} bytes`, () => {
    using libc = new Libc();
    using scratch = new Scratch(1 << 22);
    const dots = bytes - scratch.path.length - "/a".length;
    const filler = "/.".repeat(dots >> 1) + "/".repeat(dots & 1);
    scratch.write("a", "1");
    const path = `${scratch.path}${filler}/a`;
    assert.equal(path.length, bytes);
    assert.equal(lookAt(libc, path as BytePath)?.bytes, 1);
  });
}

Deno.test("lookAt() finds a long path wherever it is cut", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 22);
  scratch.write("a", "1");
  for (let slashes = 4_080; slashes < 4_100; slashes++) {
    const path = `${scratch.path}${"/".repeat(slashes)}a` as BytePath;
    assert.equal(lookAt(libc, path)?.bytes, 1, `${slashes} slashes`);
  }
});

Deno.test("looking leaves no descriptor open", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 22);
  const deep = makeDeep(libc, scratch, 30);
  const before = nextDescriptor(libc);
  lookAt(libc, deep);
  linkTarget(libc, deep);
  lookAt(libc, deep.replace("/d", "/e") as BytePath);
  openPlain(libc, "/dev/null" as BytePath);
  openPlain(libc, deep.slice(0, -2) as BytePath);
  assert.equal(nextDescriptor(libc), before);
});

Deno.test("openPlain() leaves the time of access", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.write("a", "1");
  const fd = openPlain(libc, bytePathOf(scratch.at("a")))!;
  const flags = /flags:\s+0(\d+)/.exec(
    new TextDecoder().decode(readAll(libc, `/proc/self/fdinfo/${fd}`)),
  )![1]!;
  assert.equal(parseInt(flags, 8) & 0o1000000, 0o1000000);
  assert.equal(parseInt(flags, 8) & O.CLOEXEC, O.CLOEXEC);
  libc.symbols.close(fd);
  assert.equal(readLink(libc, `/proc/self/fd/${fd}`), null);
  assert.equal(ERRNO.ENAMETOOLONG, 36);
});

function* changes(): Generator<
  { change: string; act: (scratch: Scratch) => void }
> {
  yield { change: "a write", act: (it) => it.write("a", "54321") };
  yield { change: "another size", act: (it) => it.write("a", "1") };
  yield { change: "chmod", act: (it) => it.chmod("a", 0o700) };
  yield {
    change: "a replacement",
    act(it) {
      // Beside it first: a file system could give the same inode again.
      it.write("b", "12345");
      using libc = new Libc();
      const [from, to] = [it.at("b"), it.at("a")].map(bytePathOf);
      libc.check("rename", libc.symbols.rename(cPath(from!), cPath(to!)));
    },
  };
}

function controls(): BytePath {
  const bytes = Array.from({ length: 31 }, (_, index) => index + 1);
  return bytePath(Uint8Array.from([...bytes, 0x7f]));
}

function write(libc: Libc, path: BytePath, text: string): void {
  const flags = O.WRONLY | O.CREAT | O.CLOEXEC;
  const fd = libc.check("open", libc.symbols.open(cPath(path), flags, 0o600));
  const bytes = new TextEncoder().encode(text);
  libc.check("write", libc.symbols.write(fd, bytes, BigInt(bytes.length)));
  libc.symbols.close(fd);
}

/** A file with 4 bytes, so many directories of long names below. */
function makeDeep(libc: Libc, scratch: Scratch, depth: number): BytePath {
  const name = "d".repeat(250);
  let path = scratch.path;
  // Shorter ways lead there: a descriptor for each fifteen directories.
  let near = scratch.path;
  for (let level = 1; level <= depth; level++) {
    path += `/${name}`;
    near += `/${name}`;
    libc.check("mkdir", libc.symbols.mkdir(cPath(bytePathOf(near)), 0o700));
    if (near.length < 3_800) continue;
    const flags = O.PATH | O.DIRECTORY | O.CLOEXEC;
    const opened = libc.symbols.open(cPath(bytePathOf(near)), flags, 0);
    near = `/proc/self/fd/${libc.check("open", opened)}`;
  }
  write(libc, bytePathOf(`${near}/f`), "deep");
  const held = /^\/proc\/self\/fd\/(\d+)/.exec(near)?.[1];
  if (held !== undefined) libc.symbols.close(Number(held));
  return bytePathOf(`${path}/f`);
}

function nextDescriptor(libc: Libc): number {
  const fd = libc.symbols.open(cPath("/" as BytePath), O.PATH, 0);
  libc.symbols.close(fd);
  return fd;
}

function readAll(libc: Libc, path: string): Uint8Array {
  const fd = libc.symbols.open(cPath(bytePathOf(path)), O.CLOEXEC, 0);
  const into = new Uint8Array(4096);
  const count = readAt(libc, fd, { at: 0, into });
  libc.symbols.close(fd);
  return into.subarray(0, count);
}
