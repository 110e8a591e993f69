import assert from "node:assert/strict";
import {
  type Source,
  Sources,
  splitPath,
} from "../../../agent/files/sources.ts";
import { bytePathOf } from "../../../ffi/byte_path.ts";

function source(oid: string): Source {
  const root = bytePathOf("/w");
  const tree = {
    root,
    repository: null,
    objectBytes: 20,
    blobs: null,
  } as const;
  return { tree, mode: 0o100644, oid, bytes: 1, stamp: null };
}

function make(...paths: string[]): Sources {
  const sources = new Sources();
  for (const path of paths) sources.set(bytePathOf(path), source(path));
  return sources;
}

Deno.test("Sources finds what was put there, and forgets what was deleted", () => {
  const sources = make("/w/a", "/w/d/b", "/c");
  assert.equal(sources.find(bytePathOf("/w/d/b"))?.oid, "/w/d/b");
  assert.equal(sources.find(bytePathOf("/c"))?.oid, "/c");
  sources.delete(bytePathOf("/w/d/b"));
  assert.equal(sources.find(bytePathOf("/w/d/b")), null);
  assert.equal(sources.size, 2);
});

Deno.test("Sources.below() gives all below a directory, and no neighbour", () => {
  const sources = make("/w/d/a", "/w/d/e/b", "/w/dd/c", "/w/d");
  const below = [...sources.below(bytePathOf("/w/d"))].map(([path]) => path);
  assert.deepEqual(below.sort(), ["/w/d/a", "/w/d/e/b"]);
  assert.equal([...sources.below(bytePathOf("/"))].length, 4);
});

Deno.test("Sources says where sources are, and below what", () => {
  const sources = make("/w/d/e/b");
  assert.equal(sources.isIn(bytePathOf("/w/d/e")), true);
  assert.equal(sources.isIn(bytePathOf("/w/d")), false);
  assert.equal(sources.isBelow(bytePathOf("/w/d")), true);
  assert.equal(sources.isBelow(bytePathOf("/")), true);
  assert.equal(sources.isBelow(bytePathOf("/w/x")), false);
});

Deno.test("splitPath() splits at the last slash", () => {
  assert.deepEqual(splitPath(bytePathOf("/a")), { directory: "/", name: "a" });
  assert.deepEqual(splitPath(bytePathOf("/a/b")), {
    ...{ directory: "/a", name: "b" },
  });
});
