import assert from "node:assert/strict";
import {
  readSocketInode,
  SeenSockets,
} from "../../../agent/observe/seen_sockets.ts";

const ROWS: readonly { link: string; inode: number }[] = [
  { link: "socket:[12345]", inode: 12_345 },
  { link: "socket:[4294967295]", inode: 4_294_967_295 },
  { link: "socket:[12345", inode: 0 },
  { link: "socket:[]", inode: 0 },
  { link: "socket:[12a]", inode: 0 },
  { link: "pipe:[12345]", inode: 0 },
  { link: "/tmp/socket:[12345]", inode: 0 },
  { link: "", inode: 0 },
];

for (const { link, inode } of ROWS) {
  Deno.test(`readSocketInode() reads ${inode} in "${link}"`, () => {
    assert.equal(readSocketInode(new TextEncoder().encode(link)), inode);
  });
}

Deno.test("SeenSockets gives each holder once, the first that was seen", () => {
  const seen = new SeenSockets();
  seen.add(7, { pid: 2, name: "fd/3" });
  seen.add(7, { pid: 1, name: "fd/3" });
  assert.deepEqual(seen.take(7), { pid: 2, name: "fd/3" });
  assert.equal(seen.take(7), null);
});

Deno.test("SeenSockets forgets the oldest", () => {
  const seen = new SeenSockets();
  for (let inode = 1; inode <= 5_000; inode++) {
    seen.add(inode, { pid: inode, name: "fd/3" });
  }
  assert.equal(seen.take(1), null);
  assert.equal(seen.take(5_000)?.pid, 5_000);
});
