import assert from "node:assert/strict";
import {
  type Walk,
  walkTree,
} from "../../../../agent/observe/files/tree_walk.ts";
import {
  type BytePath,
  bytePath,
  bytePathOf,
  cPath,
} from "../../../../ffi/byte_path.ts";
import { readDirectory } from "../../../../ffi/directories.ts";
import { SystemCallError } from "../../../../ffi/errors.ts";
import { O } from "../../../../ffi/files.ts";
import { Libc } from "../../../../ffi/libc.ts";
import { Scratch } from "../../../scratch.ts";

Deno.test("walkTree() meets every name once, and enters no link", () => {
  using libc = new Libc();
  using scratch = makeTree();
  const { entered, met, turns } = walk(libc, { root: rootOf(scratch) });

  assert.deepEqual(entered.sort(), ["", "/a", "/a/b", "/a/b/c", "/d"]);
  assert.deepEqual(met.sort(), [
    "/a",
    "/a/b",
    "/a/b/c",
    "/a/b/c/deep",
    "/a/one",
    "/a/up",
    "/d",
    "/d/pipe",
    "/file",
    "/link",
  ]);
  assert.ok(turns < 100);
});

Deno.test("walkTree() leaves out what the walk does not want", () => {
  using libc = new Libc();
  using scratch = makeTree();
  const root = rootOf(scratch);
  const entered: string[] = [];
  const enter = ({ name }: { name: BytePath }) => {
    entered.push(name);
    return name !== "b";
  };
  for (const _ of walkTree(libc, { root, enter }));
  assert.deepEqual(entered.sort(), [root, "a", "b", "d"]);
});

Deno.test("walkTree() gives names as they are", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const name = bytePath(Uint8Array.of(0xff, 0x0a, 0x1b, 0x20, 0x2e));
  makeDirectory(libc, `${scratch.path}/${name}`);
  makeDirectory(libc, `${scratch.path}/${name}/..${name}`);
  const { met } = walk(libc, { root: rootOf(scratch) });
  assert.deepEqual(met, [`/${name}`, `/${name}/..${name}`]);
});

for (const depth of [31, 32, 33, 64, 65, 66, 4_000]) {
  Deno.test(`walkTree() comes back from ${depth} directories deep`, () => {
    using libc = new Libc();
    using scratch = new Scratch(1 << 26);
    makeChain(libc, { scratch, depth, name: "d", beside: "e" });
    const before = openDescriptors(libc);
    let most = 0;
    const enter = () => {
      if (depth < 100) most = Math.max(most, openDescriptors(libc));
      return true;
    };
    const { entered } = walk(libc, { root: rootOf(scratch), enter });
    // Each has one beside it, which is found on the way back or down.
    assert.equal(new Set(entered).size, 1 + 2 * depth);
    assert.equal(openDescriptors(libc), before);
    assert.ok(most <= before + 34, `${most - before} descriptors`);
  });
}

Deno.test("walkTree() says where a path gets too long, and walks the rest", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 26);
  const name = "n".repeat(255);
  makeChain(libc, { scratch, depth: 70, name, beside: "e" });
  const { entered, refused } = walk(libc, { root: rootOf(scratch) });
  assert.equal(refused.length, 1);
  assert.match(refused[0]!, /: its path is over 16384 bytes long$/);
  const depth = Math.floor((16_384 - scratch.path.length) / 256);
  assert.equal(entered.length, 1 + 2 * depth + 1);
});

Deno.test("walkTree() survives that what it walks is removed or replaced", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 26);
  for (let count = 0; count < 300; count++) {
    scratch.makeDirectory(`d${count}`);
    scratch.makeDirectory(`d${count}/below`);
  }
  const root = rootOf(scratch);
  let count = 0;
  const { refused } = walk(libc, {
    root,
    enter({ path }) {
      count++;
      const name = path.slice(root.length + 1);
      if (!/^d\d+$/.test(name)) return true;
      // Removed after it was opened, and one that comes is now a link.
      rmdir(libc, `${path}/below`);
      rmdir(libc, path);
      const next = (Number(name.slice(1)) + 1) % 300;
      rmdir(libc, `${root}/d${next}/below`);
      rmdir(libc, `${root}/d${next}`);
      if (!scratch.names().includes(`d${next}`)) {
        scratch.link(`d${next}`, "/");
      }
      return true;
    },
  });
  assert.deepEqual(refused, []);
  assert.ok(count > 1 && count <= 301, `${count} entered`);
});

Deno.test("walkTree() stays in its tree when it is moved on the way", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 26);
  makeChain(libc, { scratch, depth: 80, name: "d", beside: "e" });
  scratch.makeDirectory("elsewhere");
  scratch.makeDirectory("elsewhere/secret");
  const root = bytePathOf(scratch.at("d"));
  const { entered, refused } = walk(libc, {
    root,
    enter({ path }) {
      // The one that is above those which are still open.
      if (path !== root + "/d".repeat(60)) return true;
      rename(libc, `${root}/d/d/d`, scratch.at("elsewhere/moved"));
      return true;
    },
  });
  // Those above the moved one are found again by their path.
  assert.deepEqual(refused, []);
  assert.equal(entered.length, 2 * 80 - 1);
  assert.ok(!entered.some((path) => path.includes("secret")));
});

Deno.test("walkTree() leaves out the kernel's own files", () => {
  using libc = new Libc();
  const root = bytePathOf("/proc");
  assert.deepEqual(walk(libc, { root }).entered, []);
});

for (const absent of ["/nowhere", "/etc/passwd", "/proc/self"]) {
  Deno.test(`walkTree() throws for ${absent}`, () => {
    using libc = new Libc();
    const walk = walkTree(libc, { root: bytePathOf(absent) });
    assert.throws(() => walk.next(), SystemCallError);
  });
}

Deno.test("walkTree() closes what is open when it is given up", () => {
  using libc = new Libc();
  using scratch = new Scratch(1 << 26);
  for (let count = 0; count < 2_000; count++) {
    scratch.makeDirectory(`d${count}`);
  }
  const before = openDescriptors(libc);
  const turns = walkTree(libc, { root: rootOf(scratch) });
  assert.equal(turns.next().done, false);
  assert.ok(openDescriptors(libc) > before);
  turns.return(undefined);
  assert.equal(openDescriptors(libc), before);
});

function walk(
  libc: Libc,
  walk: Walk,
): { entered: string[]; met: string[]; refused: string[]; turns: number } {
  const entered: string[] = [];
  const met: string[] = [];
  const refused: string[] = [];
  const from = walk.root.length;
  let turns = 0;
  for (
    const _ of walkTree(libc, {
      root: walk.root,
      enter(directory) {
        entered.push(directory.path.slice(from));
        return walk.enter?.(directory) ?? true;
      },
      meet: ({ name }, { path }) =>
        void met.push(`${path}/${name}`.slice(from)),
      refuse: (path, why) => void refused.push(`${path}: ${why}`),
    })
  ) turns++;
  return { entered, met, refused, turns };
}

function makeTree(): Scratch {
  const scratch = new Scratch();
  for (const name of ["a", "a/b", "a/b/c", "d"]) scratch.makeDirectory(name);
  for (const name of ["file", "a/one", "a/b/c/deep"]) scratch.write(name, "");
  scratch.link("link", "a");
  scratch.link("a/up", "..");
  scratch.makeFifo("d/pipe");
  return scratch;
}

/** Directories in each other, each with another in it. */
function makeChain(
  libc: Libc,
  of: { scratch: Scratch; depth: number; name: string; beside: string },
): void {
  const { scratch, depth, name, beside } = of;
  let fd = open(libc, scratch.path);
  for (let level = 0; level < depth; level++) {
    const here = `/proc/self/fd/${fd}`;
    makeDirectory(libc, `${here}/${name}`);
    makeDirectory(libc, `${here}/${beside}`);
    const next = open(libc, `${here}/${name}`);
    libc.symbols.close(fd);
    fd = next;
  }
  libc.symbols.close(fd);
}

/** By a descriptor's number: the scratch has no other path, and is no link. */
function rootOf(scratch: Scratch): BytePath {
  return bytePathOf(`${scratch.path}/.`);
}

function open(libc: Libc, path: string): number {
  const flags = O.PATH | O.CLOEXEC;
  return libc.check("open", libc.symbols.open(c(path), flags, 0));
}

function makeDirectory(libc: Libc, path: string): void {
  libc.check("mkdir", libc.symbols.mkdir(c(path), 0o700));
}

function rmdir(libc: Libc, path: string): void {
  libc.symbols.rmdir(c(path));
}

function rename(libc: Libc, from: string, to: string): void {
  libc.check("rename", libc.symbols.rename(c(from), c(to)));
}

function c(path: string): Uint8Array<ArrayBuffer> {
  return cPath(path as BytePath);
}

function openDescriptors(libc: Libc): number {
  return readDirectory(libc, "/proc/self/fd")!.length;
}
