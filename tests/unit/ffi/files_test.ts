import assert from "node:assert/strict";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import {
  canAccess,
  O,
  openFile,
  readFile,
  readLink,
  readText,
  replaceFile,
  tryReadText,
  writeAll,
  writeControl,
} from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { readDirectory } from "../../../ffi/directories.ts";
import { Scratch } from "../../scratch.ts";

function isErrno(errno: number): (error: unknown) => boolean {
  return (error) => error instanceof SystemCallError && error.errno === errno;
}

// Around the size of one read, 65,536 bytes.
for (const length of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
  Deno.test(`readFile() reads all of ${length} bytes`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
    const path = scratch.write("file", bytes);
    assert.deepEqual(readFile(libc, path), bytes);
  });
}

Deno.test("readFile() reads a file of /proc, whose size is 0", () => {
  using libc = new Libc();
  const text = readText(libc, "/proc/self/status");
  assert.match(text, new RegExp(`^Pid:\\t${Deno.pid}$`, "m"));
});

Deno.test("readFile() reads up to the limit and not a byte more", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.write("file", "a".repeat(1000));
  assert.equal(readFile(libc, path, 1000).length, 1000);
  assert.throws(() => readFile(libc, path, 999), RangeError);
});

Deno.test("readFile() stops at a file without end", () => {
  using libc = new Libc();
  assert.throws(() => readFile(libc, "/dev/zero", 1 << 20), RangeError);
});

const UNREADABLE: readonly { name: string; path: string; errno: number }[] = [
  { name: "that is not there", path: "/nowhere/file", errno: ERRNO.ENOENT },
  { name: "below a file", path: "/etc/passwd/file", errno: ERRNO.ENOTDIR },
  { name: "that is a directory", path: "/etc", errno: ERRNO.EISDIR },
  { name: "without a name", path: "", errno: ERRNO.ENOENT },
];

for (const { name, path, errno } of UNREADABLE) {
  Deno.test(`readFile() throws for a file ${name}`, () => {
    using libc = new Libc();
    const before = readDirectory(libc, "/proc/self/fd")!.length;
    assert.throws(() => readFile(libc, path), isErrno(errno));
    assert.equal(tryReadText(libc, path), null);
    assert.equal(readDirectory(libc, "/proc/self/fd")!.length, before);
  });
}

Deno.test("every file function refuses a path with a NUL byte", () => {
  using libc = new Libc();
  // C would open /etc/passwd.
  const path = "/etc/passwd\0.json";
  assert.throws(() => readFile(libc, path), TypeError);
  assert.throws(() => tryReadText(libc, path), TypeError);
  assert.throws(() => readLink(libc, path), TypeError);
  assert.throws(() => canAccess(libc, path), TypeError);
  assert.throws(() => writeControl(libc, path, ""), TypeError);
  assert.throws(() => replaceFile(libc, path, ""), TypeError);
  assert.throws(() => readDirectory(libc, "/etc\0"), TypeError);
});

Deno.test("readText() replaces bytes that are not UTF-8", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.write("file", Uint8Array.of(0x61, 0xff, 0xc3, 0xa9));
  assert.equal(readText(libc, path), "a\ufffdé");
});

Deno.test("openFile() opens what no child inherits", () => {
  using libc = new Libc();
  const fd = openFile(libc, "/dev/null", { flags: O.RDONLY });
  const info = readText(libc, `/proc/self/fdinfo/${fd}`);
  libc.symbols.close(fd);

  const flags = /^flags:\s*([0-7]+)$/m.exec(info)![1]!;
  assert.notEqual(parseInt(flags, 8) & O.CLOEXEC, 0);
});

Deno.test("openFile() makes a file that only its owner can use", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const flags = O.WRONLY | O.CREAT;
  libc.symbols.close(openFile(libc, scratch.at("file"), { flags }));
  assert.equal(modeOf(libc, scratch.at("file")), "600");
});

Deno.test("openFile() follows no link where that is asked for", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.link("link", "/etc/passwd");
  const flags = O.RDONLY | O.NOFOLLOW;
  assert.throws(() => openFile(libc, path, { flags }), isErrno(ERRNO.ELOOP));
});

Deno.test("writeAll() goes on where one write ends, until there is no room", () => {
  using libc = new Libc();
  const roomBytes = 65_536;
  using scratch = new Scratch(roomBytes);
  const flags = O.WRONLY | O.CREAT;
  const fd = openFile(libc, scratch.at("file"), { flags });
  const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
  // The first write takes what fits, and only the second one fails.
  assert.throws(() => writeAll(libc, fd, bytes), isErrno(ERRNO.ENOSPC));
  libc.symbols.close(fd);
  const written = readFile(libc, scratch.at("file"));
  assert.deepEqual(written, bytes.slice(0, roomBytes));
});

Deno.test("writeAll() throws ENOSPC on a full disk", () => {
  using libc = new Libc();
  const fd = openFile(libc, "/dev/full", { flags: O.WRONLY });
  const bytes = new Uint8Array(1);
  assert.throws(() => writeAll(libc, fd, bytes), isErrno(ERRNO.ENOSPC));
  libc.symbols.close(fd);
});

Deno.test("writeControl() writes into a file and makes none", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.write("control", "");
  writeControl(libc, path, "41");
  assert.equal(scratch.read("control"), "41");
  assert.throws(
    () => writeControl(libc, scratch.at("none"), "41"),
    isErrno(ERRNO.ENOENT),
  );
  assert.deepEqual(scratch.names(), ["control"]);
});

Deno.test("replaceFile() puts a new file in the place of an old one", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.write("file", "an older and longer text");
  const reader = openFile(libc, path, { flags: O.RDONLY });
  replaceFile(libc, path, "new é");

  assert.equal(scratch.read("file"), "new é");
  assert.equal(modeOf(libc, path), "600");
  assert.deepEqual(scratch.names(), ["file"]);
  // Whoever had the old one open still reads the old one, whole.
  const buffer = new Uint8Array(100);
  const count = libc.symbols.read(reader, buffer, 100n);
  libc.symbols.close(reader);
  assert.equal(count, 24);
});

Deno.test("replaceFile() replaces a link and not what it names", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.write("victim", "theirs");
  const path = scratch.link("file", scratch.at("victim"));
  replaceFile(libc, path, "ours");

  assert.equal(scratch.read("victim"), "theirs");
  assert.equal(scratch.read("file"), "ours");
  assert.equal(readLink(libc, path), null);
});

Deno.test("replaceFile() writes through no link in the place of its draft", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.write("victim", "theirs");
  scratch.write("file", "before");
  scratch.link("file.new", scratch.at("victim"));
  assert.throws(
    () => replaceFile(libc, scratch.at("file"), "ours"),
    isErrno(ERRNO.ELOOP),
  );
  assert.equal(scratch.read("victim"), "theirs");
  assert.equal(scratch.read("file"), "before");
});

Deno.test("replaceFile() keeps the old file when the disk is full", () => {
  using libc = new Libc();
  using scratch = new Scratch(65_536);
  const path = scratch.write("file", "before");
  scratch.fill("ballast");
  assert.throws(
    () => replaceFile(libc, path, "after".repeat(1000)),
    isErrno(ERRNO.ENOSPC),
  );
  assert.equal(scratch.read("file"), "before");
});

const ACCESS: readonly { path: string; mode: number; wanted: boolean }[] = [
  { path: "/bin/sh", mode: 0, wanted: true },
  { path: "/bin/sh", mode: 1, wanted: true },
  { path: "/etc/passwd", mode: 4, wanted: true },
  // Root may do everything but execute what nobody may execute.
  { path: "/etc/passwd", mode: 1, wanted: false },
  { path: "/nowhere", mode: 0, wanted: false },
  { path: "/etc/passwd/x", mode: 0, wanted: false },
];

for (const { path, mode, wanted } of ACCESS) {
  Deno.test(`canAccess() says ${wanted} of ${path} with mode ${mode}`, () => {
    using libc = new Libc();
    assert.equal(canAccess(libc, path, mode), wanted);
  });
}

const LINK_TARGETS = ["x", "../a b", "é€😀", "line\nfeed", "a".repeat(4000)];

for (const target of LINK_TARGETS) {
  Deno.test(`readLink() reads ${JSON.stringify(target.slice(0, 20))}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    assert.equal(readLink(libc, scratch.link("link", target)), target);
  });
}

for (const path of ["/etc/passwd", "/nowhere/link", "/etc/passwd/x"]) {
  Deno.test(`readLink() finds no link in ${path}`, () => {
    using libc = new Libc();
    assert.equal(readLink(libc, path), null);
  });
}

/** Permission bits in octal digits, from struct statx. */
function modeOf(libc: Libc, path: string): string {
  const buffer = new Uint8Array(256);
  const name = new TextEncoder().encode(`${path}\0`);
  libc.check("statx", libc.symbols.statx(-100, name, 0x100, 0x7ff, buffer));
  const mode = new DataView(buffer.buffer).getUint16(28, true);
  return (mode & 0o7777).toString(8);
}
