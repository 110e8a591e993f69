import assert from "node:assert/strict";
import {
  makeDirectories,
  ownership,
  readDirectory,
  readDirectoryFd,
} from "../../../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { O, openFile } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Scratch } from "../../scratch.ts";

/** More than one call of getdents64 returns. */
const MANY = 3_000;

Deno.test(`readDirectory() lists all of ${MANY} names, each once`, () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 24);
  const wanted = Array.from(
    { length: MANY },
    (_, index) => `${index}`.padStart(1 + index % 200, "n"),
  );
  const unique = [...new Set(wanted)].sort();
  for (const name of unique) scratch.write(name, "");

  assert.deepEqual(readDirectory(libc, scratch.path)!.sort(), unique);
});

const HOSTILE = [
  "...",
  " ",
  "-rf *",
  "two\nlines",
  "\x1b[31mred",
  "é€😀",
  "..a",
  "a".repeat(255),
  "%s$(id)`id`",
];

Deno.test("readDirectory() gives hostile names as they are", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  for (const name of HOSTILE) scratch.write(name, "");
  assert.deepEqual(readDirectory(libc, scratch.path)!.sort(), HOSTILE.sort());
});

Deno.test("readDirectory() lists nothing in an empty directory", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  assert.deepEqual(readDirectory(libc, scratch.path), []);
});

for (const path of ["/nowhere", "/etc/passwd", ""]) {
  Deno.test(`readDirectory() returns null for "${path}"`, () => {
    using libc = new Libc();
    assert.equal(readDirectory(libc, path), null);
  });
}

Deno.test("readDirectory() leaves no descriptor open", () => {
  using libc = new Libc();
  const count = () => readDirectory(libc, "/proc/self/fd")!.length;
  const before = count();
  for (let time = 0; time < 100; time++) {
    readDirectory(libc, "/proc");
    readDirectory(libc, "/nowhere");
  }
  assert.equal(count(), before);
});

Deno.test("readDirectoryFd() leaves the descriptor to its owner", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.write("a", "");
  const flags = O.RDONLY | O.DIRECTORY;
  const fd = openFile(libc, scratch.path, { flags });
  assert.deepEqual(readDirectoryFd(libc, fd), ["a"]);
  // At its end by now, and still open.
  assert.deepEqual(readDirectoryFd(libc, fd), []);
  assert.equal(libc.symbols.close(fd), 0);
});

Deno.test("makeDirectories() makes what is missing and leaves what is there", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.makeDirectory("a", 0o711);
  makeDirectories(libc, scratch.at("a//b/c/"), 0o700);
  makeDirectories(libc, scratch.at("a/b/c"), 0o700);

  assert.deepEqual(scratch.names("a"), ["b"]);
  assert.deepEqual(scratch.names("a/b"), ["c"]);
  assert.deepEqual(scratch.names("a/b/c"), []);
  assert.equal(ownership(libc, scratch.at("a/b")).isShared, false);
});

Deno.test("makeDirectories() throws when a file is in the way", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.write("a", "");
  assert.throws(
    () => makeDirectories(libc, scratch.at("a/b"), 0o700),
    (error) =>
      error instanceof SystemCallError && error.errno === ERRNO.ENOTDIR,
  );
});

const MODES: readonly { mode: number; isShared: boolean }[] = [
  { mode: 0o700, isShared: false },
  { mode: 0o755, isShared: false },
  { mode: 0o775, isShared: true },
  { mode: 0o702, isShared: true },
  { mode: 0o1777, isShared: true },
];

for (const { mode, isShared } of MODES) {
  Deno.test(`ownership() tells who may write with mode ${mode.toString(8)}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const path = scratch.makeDirectory("a", mode);
    assert.deepEqual(ownership(libc, path), { uid: 0, gid: 0, isShared });
    scratch.chown("a", 1234);
    const owner = { uid: 1234, gid: 1234 };
    assert.deepEqual(ownership(libc, path), { ...owner, isShared });
  });
}

Deno.test("ownership() takes a link for itself and not for what it names", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.makeDirectory("a", 0o700);
  scratch.chown("a", 1234);
  const path = scratch.link("b", scratch.at("a"));
  // Every link may be written by all, as its mode says: never to be trusted.
  assert.deepEqual(ownership(libc, path), { uid: 0, gid: 0, isShared: true });
});

Deno.test("ownership() throws for what is not there", () => {
  using libc = new Libc();
  assert.throws(
    () => ownership(libc, "/nowhere"),
    (error) => error instanceof SystemCallError && error.errno === ERRNO.ENOENT,
  );
});
