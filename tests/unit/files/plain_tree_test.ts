import assert from "node:assert/strict";
import { FileClock } from "../../../agent/files/file_clock.ts";
import {
  learnPlainTree,
  type PlainLearning,
} from "../../../agent/files/plain_tree.ts";
import { type Source, Sources } from "../../../agent/files/sources.ts";
import { Texts } from "../../../agent/files/texts.ts";
import { type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import { O, openFile } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Scratch } from "../../scratch.ts";

/** What `git hash-object` prints for `hello\n`. */
const HELLO = "ce013625030ba8dba906f756967f9e9ca394464a";

function learn(
  scratch: Scratch,
  options: Partial<PlainLearning> = {},
): { sources: Map<string, Source>; texts: Texts; leftOut: string[] } {
  using libc = new Libc();
  const [sources, texts, clock] = [
    new Sources(),
    new Texts(),
    new FileClock(libc),
  ];
  const found = new Map<string, Source>();
  const leftOut: string[] = [];
  const root = bytePathOf(`${scratch.path}/work`);
  const turns = learnPlainTree({
    ...{ libc, sources, texts, clock, remove: () => {} },
    put: (path, source) => found.set(path.slice(root.length + 1), source),
  }, {
    ...{ root, untilUs: clock.nowUs(), isIgnored: () => false },
    onLeftOut: (why) => leftOut.push(why),
    ...options,
  });
  for (const _ of turns);
  return { sources: found, texts, leftOut };
}

function makeWork(): Scratch {
  const scratch = new Scratch();
  scratch.makeDirectory("work");
  scratch.makeDirectory("work/deep");
  scratch.write("work/a", "hello\n");
  scratch.write("work/deep/b", "bye\n");
  scratch.link("work/link", "hello\n");
  return scratch;
}

Deno.test("learnPlainTree() learns every file and link, with its text", () => {
  using scratch = makeWork();
  const { sources, texts, leftOut } = learn(scratch);
  assert.deepEqual([...sources.keys()].sort(), ["a", "deep/b", "link"]);
  const { oid, mode, tree } = sources.get("a")!;
  assert.deepEqual([oid, mode], [HELLO, 0o100644]);
  assert.equal(tree.repository, null);
  assert.equal(sources.get("link")!.mode, 0o120000);
  const text = texts.ofSource(sources.get("deep/b")!);
  assert.equal(new TextDecoder().decode(text!), "bye\n");
  assert.deepEqual(leftOut, []);
});

Deno.test("learnPlainTree() learns nothing of git's, of what is ignored, of pipes", () => {
  using scratch = makeWork();
  scratch.makeDirectory("work/.git");
  scratch.write("work/.git/index", "");
  scratch.write("work/deep/.git", "gitdir: .git\n");
  scratch.makeFifo("work/pipe");
  const { sources } = learn(scratch, {
    isIgnored: (path: BytePath) => path.endsWith("/b"),
  });
  assert.deepEqual([...sources.keys()].sort(), ["a", "link"]);
});

Deno.test("learnPlainTree() learns nothing that we have open, such as the journal", () => {
  using libc = new Libc();
  using scratch = makeWork();
  const fd = openFile(libc, scratch.at("work/a"), { flags: O.WRONLY });
  try {
    const { sources } = learn(scratch);
    assert.deepEqual([...sources.keys()].sort(), ["deep/b", "link"]);
  } finally {
    libc.symbols.close(fd);
  }
});

Deno.test("learnPlainTree() learns nothing that is younger than it was asked for", () => {
  using scratch = makeWork();
  assert.equal(learn(scratch, { untilUs: 0 }).sources.size, 0);
});

for (
  const [name, limits, count] of [
    ["files", { maxFiles: 2 }, 2],
    ["bytes", { maxBytes: 5 }, 0],
  ] as const
) {
  Deno.test(`learnPlainTree() says when there are too many ${name}`, () => {
    using scratch = new Scratch();
    scratch.makeDirectory("work");
    for (const each of ["a", "b", "c"]) {
      scratch.write(`work/${each}`, "hello\n");
    }
    const { sources, leftOut } = learn(scratch, limits);
    assert.equal(sources.size, count);
    assert.match(leftOut.join("\n"), new RegExp(`^[^\n]*more than .* ${name}`));
  });
}

Deno.test("learnPlainTree() says when there is no directory", () => {
  using scratch = new Scratch();
  const { sources, leftOut } = learn(scratch);
  assert.equal(sources.size, 0);
  assert.match(leftOut.join("\n"), /^[^\n]*\/work: /);
});
