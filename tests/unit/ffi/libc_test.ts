import assert from "node:assert/strict";
import { readDirectory } from "../../../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { readLink } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { enterNetworkNamespace } from "../../../ffi/namespaces.ts";
import { cString, fromBytes } from "../../../ffi/text.ts";
import { hex } from "../../hex.ts";
import { OwnNetwork } from "../../own_network.ts";

const OWN_NETNS = "/proc/thread-self/ns/net";

Deno.test("check() passes on what is not negative", () => {
  using libc = new Libc();
  assert.equal(libc.check("read", 0), 0);
  assert.equal(libc.check("read", 7), 7);
});

Deno.test("check() throws with the call's name and errno", () => {
  using libc = new Libc();
  const result = libc.symbols.rmdir(cString("/nowhere"));
  assert.throws(() => libc.check("rmdir", result), (error) => {
    assert.ok(error instanceof SystemCallError);
    assert.deepEqual([error.call, error.errno], ["rmdir", ERRNO.ENOENT]);
    return true;
  });
});

Deno.test("SystemCallError names an errno that it knows and numbers another", () => {
  assert.match(new SystemCallError("open", ERRNO.ENOENT).message, /ENOENT/);
  assert.match(new SystemCallError("open", 9999).message, /9999/);
});

Deno.test("Libc can be disposed twice", () => {
  const libc = new Libc();
  libc[Symbol.dispose]();
  libc[Symbol.dispose]();
});

Deno.test("cString() ends the text with a NUL and refuses another", () => {
  assert.deepEqual(cString(""), hex("00"));
  assert.deepEqual(cString("aé"), hex("61 c3a9 00"));
  for (const text of ["\0", "a\0", "a\0b"]) {
    assert.throws(() => cString(text), TypeError);
  }
});

Deno.test("fromBytes() replaces what is not UTF-8", () => {
  assert.equal(fromBytes(hex("61 ff c3a9")), "a\ufffdé");
});

Deno.test("enterNetworkNamespace() takes this thread there and back", () => {
  using libc = new Libc();
  const home = readLink(libc, OWN_NETNS);
  {
    using _network = new OwnNetwork(libc);
    assert.notEqual(readLink(libc, OWN_NETNS), home);
    // The main thread of the process has stayed at home.
    enterNetworkNamespace(libc, `/proc/${Deno.ppid}/ns/net`);
    assert.equal(
      readLink(libc, OWN_NETNS),
      readLink(libc, `/proc/${Deno.ppid}/ns/net`),
    );
  }
  assert.equal(readLink(libc, OWN_NETNS), home);
});

const NO_NETNS: readonly { path: string; errno: number }[] = [
  { path: "/nowhere", errno: ERRNO.ENOENT },
  { path: "/etc/passwd", errno: ERRNO.EINVAL },
  { path: "/proc/thread-self/ns/uts", errno: ERRNO.EINVAL },
];

for (const { path, errno } of NO_NETNS) {
  Deno.test(`enterNetworkNamespace() refuses ${path} and leaves no descriptor`, () => {
    using libc = new Libc();
    const home = readLink(libc, OWN_NETNS);
    const count = () => readDirectory(libc, "/proc/self/fd")!.length;
    const before = count();
    assert.throws(
      () => enterNetworkNamespace(libc, path),
      (error) => error instanceof SystemCallError && error.errno === errno,
    );
    assert.equal(readLink(libc, OWN_NETNS), home);
    assert.equal(count(), before);
  });
}
