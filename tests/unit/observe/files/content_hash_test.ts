import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  hashContent,
  type Hashed,
  type HashOptions,
} from "../../../../agent/observe/files/content_hash.ts";
import { bytePathOf, cPath } from "../../../../ffi/byte_path.ts";
import { O } from "../../../../ffi/files.ts";
import { Libc } from "../../../../ffi/libc.ts";
import { Scratch } from "../../../scratch.ts";

function hashContentNow(libc: Libc, options: HashOptions): Hashed {
  const turns = hashContent(libc, options);
  for (;;) {
    const { done, value } = turns.next();
    if (done) return value;
  }
}

/** What `git hash-object --stdin` of git 2.39 prints, in both formats. */
const BLOBS: readonly { text: string; sha1: string; sha256: string }[] = [
  {
    text: "",
    sha1: "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    sha256: "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
  },
  {
    text: "hello\n",
    sha1: "ce013625030ba8dba906f756967f9e9ca394464a",
    sha256: "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4",
  },
];

for (const { text, sha1, sha256 } of BLOBS) {
  const shown = JSON.stringify(text);
  Deno.test(`hashContent() hashes ${shown} as git does`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const path = bytePathOf(scratch.write("a", text));
    const plain = hashContentNow(libc, { path, objectBytes: 20 });
    assert.ok(plain.ok);
    assert.equal(plain.value.oid, sha1);
    assert.equal(plain.value.sha256, null);
    assert.equal(plain.value.look.bytes, text.length);
    const both = hashContentNow(libc, {
      path,
      objectBytes: 32,
      withSha256: true,
    });
    assert.ok(both.ok);
    assert.equal(both.value.oid, sha256);
    assert.equal(
      both.value.sha256,
      createHash("sha256").update(text).digest("hex"),
    );
  });
}

Deno.test("hashContent() hashes a link by its target", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = bytePathOf(scratch.link("link", "hello\n"));
  const hashed = hashContentNow(libc, {
    path,
    objectBytes: 20,
    keepBytes: 6,
  });
  assert.ok(hashed.ok);
  assert.equal(hashed.value.oid, BLOBS[1]!.sha1);
  assert.equal(hashed.value.look.mode, 0o120777);
  assert.equal(new TextDecoder().decode(hashed.value.bytes!), "hello\n");
});

for (
  const { keepBytes, isKept } of [
    { keepBytes: 0, isKept: false },
    { keepBytes: 5, isKept: false },
    { keepBytes: 6, isKept: true },
  ]
) {
  Deno.test(`hashContent() keeps ${isKept ? 6 : "no"} bytes of ${keepBytes}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const path = bytePathOf(scratch.write("a", "hello\n"));
    const hashed = hashContentNow(libc, { path, objectBytes: 20, keepBytes });
    assert.ok(hashed.ok);
    const text = hashed.value.bytes && new TextDecoder().decode(
      hashed.value.bytes,
    );
    assert.equal(text, isKept ? "hello\n" : null);
  });
}

Deno.test("hashContent() takes turns over what is large, two files at once", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 27);
  const files = ["a", "b"].map((name, index) => {
    const bytes = new Uint8Array((1 << 24) + index).map((_, at) => at % 251);
    const path = bytePathOf(scratch.write(name, bytes));
    const header = `blob ${bytes.length}\0`;
    const oid = createHash("sha1").update(header).update(bytes).digest("hex");
    const turns = hashContent(libc, { path, objectBytes: 20, keepBytes: 1e9 });
    return { bytes, oid, turns, count: 0, hashed: null as Hashed | null };
  });
  while (files.some(({ hashed }) => hashed === null)) {
    for (const file of files) {
      if (file.hashed !== null) continue;
      const { done, value } = file.turns.next();
      if (done) file.hashed = value;
      else file.count++;
    }
  }
  for (const { bytes, oid, hashed, count } of files) {
    assert.ok(hashed?.ok);
    assert.equal(hashed.value.oid, oid);
    assert.deepEqual(hashed.value.bytes, bytes);
    assert.ok(count >= 2, `${count} turns`);
  }
});

const CHANGES: readonly {
  name: string;
  change: (scratch: Scratch) => void;
}[] = [
  {
    name: "written to",
    change(scratch) {
      using libc = new Libc();
      const path = cPath(bytePathOf(scratch.at("a")));
      const fd = libc.symbols.open(path, O.WRONLY | O.CLOEXEC, 0);
      libc.symbols.write(fd, Uint8Array.of(1), 1n);
      libc.symbols.close(fd);
    },
  },
  { name: "truncated", change: (scratch) => void scratch.write("a", "") },
  { name: "removed", change: (scratch) => scratch.remove("a") },
  {
    name: "replaced",
    change(scratch) {
      using libc = new Libc();
      const from = cPath(bytePathOf(scratch.write("b", "b")));
      const to = cPath(bytePathOf(scratch.at("a")));
      libc.check("rename", libc.symbols.rename(from, to));
    },
  },
];

for (const { name, change } of CHANGES) {
  Deno.test(`hashContent() has no hash of what is ${name} meanwhile`, () => {
    using libc = new Libc();
    using scratch = new Scratch(1 << 27);
    const path = bytePathOf(scratch.write("a", new Uint8Array(1 << 25)));
    const turns = hashContent(libc, { path, objectBytes: 20 });
    assert.equal(turns.next().done, false);
    change(scratch);
    let turn = turns.next();
    while (!turn.done) turn = turns.next();
    assert.deepEqual(turn.value, { ok: false, why: "changing" });
  });
}

Deno.test("hashContent() says why there is no content", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  scratch.makeFifo("pipe");
  scratch.makeDirectory("directory");
  const why = (path: string) => {
    const options = { path: bytePathOf(path), objectBytes: 20 } as const;
    const hashed = hashContentNow(libc, options);
    return hashed.ok ? "none" : hashed.why;
  };
  assert.equal(why(scratch.at("nothing")), "absent");
  assert.equal(why(scratch.at("pipe/x")), "absent");
  assert.equal(why(scratch.at("pipe")), "other");
  assert.equal(why(scratch.at("directory")), "other");
  assert.equal(why("/dev/null"), "other");
  // The kernel's own files have no size before they are read.
  assert.equal(why("/proc/self/mem"), "none");
});

Deno.test("hashContent() leaves no descriptor open, ended or not", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 27);
  const path = bytePathOf(scratch.write("a", new Uint8Array(1 << 25)));
  const next = () => {
    const fd = libc.symbols.open(cPath(path), O.PATH, 0);
    libc.symbols.close(fd);
    return fd;
  };
  const before = next();
  hashContentNow(libc, { path, objectBytes: 20 });
  const turns = hashContent(libc, { path, objectBytes: 20 });
  turns.next();
  assert.notEqual(next(), before);
  turns.return({ ok: false, why: "absent" });
  assert.equal(next(), before);
});
