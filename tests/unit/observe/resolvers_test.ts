import assert from "node:assert/strict";
import { findHosts, findResolvers } from "../../../agent/observe/resolvers.ts";
import { decodeNameservers } from "../../../agent/decode/resolv_conf.ts";
import { readText, tryReadText } from "../../../ffi/files.ts";
import { makeDirectories } from "../../../ffi/directories.ts";
import { Libc } from "../../../ffi/libc.ts";
import { cString } from "../../../ffi/text.ts";
import { Scratch } from "../../scratch.ts";

const NAME = `sluice-unit-${Deno.pid}`;
const LINK = `/etc/netns/${NAME}`;

/** The servers that systemd-resolved asks, where it runs, come last. */
function upstream(libc: Libc): readonly string[] {
  const text = tryReadText(libc, "/run/systemd/resolve/resolv.conf");
  return decodeNameservers(text ?? "");
}

/** Names a namespace whose files in /etc/netns are these, for a moment. */
function withFiles<T>(
  files: Readonly<Record<string, string>>,
  act: (libc: Libc) => T,
): T {
  using libc = new Libc();
  using scratch = new Scratch();
  for (const [name, text] of Object.entries(files)) scratch.write(name, text);
  makeDirectories(libc, "/etc/netns", 0o755);
  // What is left by a kill is a link that leads nowhere.
  scratch.linkFrom(LINK);
  try {
    return act(libc);
  } finally {
    libc.symbols.unlink(cString(LINK));
  }
}

Deno.test("findResolvers() reads the machine's own resolv.conf", () => {
  using libc = new Libc();
  const own = decodeNameservers(readText(libc, "/etc/resolv.conf"));
  assert.ok(own.length > 0);
  const wanted = [...new Set([...own, ...upstream(libc)])];
  assert.deepEqual(findResolvers(libc, null), wanted);
  // A namespace without a file of its own uses the machine's.
  assert.deepEqual(findResolvers(libc, "/run/netns/none-of-this-name"), wanted);
  assert.deepEqual(findResolvers(libc, "/proc/self/ns/net"), wanted);
});

for (const path of [`/run/netns/${NAME}`, `/var/run/netns/${NAME}`]) {
  Deno.test(`findResolvers() reads the resolv.conf of ${path.replace(/\d+/, "N")}`, () => {
    const text = "nameserver 192.0.2.53\nnameserver 2001:DB8:0::53\n" +
      "nameserver 192.0.2.53\noptions edns0\n";
    withFiles({ "resolv.conf": text }, (libc) => {
      assert.deepEqual(findResolvers(libc, path), [
        ...new Set(["192.0.2.53", "2001:db8::53", ...upstream(libc)]),
      ]);
    });
  });
}

Deno.test("findResolvers() names this machine where none is configured", () => {
  withFiles({ "resolv.conf": "search example.org\n" }, (libc) => {
    assert.deepEqual(findResolvers(libc, `/run/netns/${NAME}`), [
      ...new Set(["127.0.0.1", ...upstream(libc)]),
    ]);
  });
});

Deno.test("findHosts() reads the namespace's names, or the machine's", () => {
  const hosts = "192.0.2.7 build.example\n";
  withFiles({ hosts }, (libc) => {
    const entries = findHosts(libc, `/run/netns/${NAME}`);
    assert.equal(entries.length, 1);
    assert.match(JSON.stringify(entries), /build\.example/);
    assert.doesNotMatch(
      JSON.stringify(findHosts(libc, null)),
      /build\.example/,
    );
  });
});
