import assert from "node:assert/strict";
import { GIT_MODE } from "../../../agent/decode/git_index_entry.ts";
import { openRepository } from "../../../agent/observe/git/repository.ts";
import { readTracking } from "../../../agent/observe/git/index_file.ts";
import { isStoredAs } from "../../../agent/observe/git/stored_as.ts";
import type { Tracking } from "../../../agent/observe/git/tracked.ts";
import type { Decoded } from "../../../agent/decode/bytes.ts";
import { bytePathOf, bytesOf } from "../../../ffi/byte_path.ts";
import { Libc } from "../../../ffi/libc.ts";
import { GitGround, listFiles } from "../../lab/git.ts";

/** Ways of git to keep an index; in all of them the same is tracked. */
const KEPT: readonly {
  readonly name: string;
  readonly options?: readonly string[];
  make(ground: GitGround): void;
}[] = [
  { name: "as version 2", make: () => {} },
  {
    name: "as version 3",
    make(ground) {
      ground.write("a/announced", "soon\n");
      ground.git("a", "add", "-N", "announced");
      ground.git("a", "update-index", "--skip-worktree", "README");
    },
  },
  {
    name: "as version 4",
    make: (ground) => ground.git("a", "update-index", "--index-version", "4"),
  },
  {
    name: "split",
    make: (ground) => ground.git("a", "update-index", "--split-index"),
  },
  { name: "split, with changes", make: splitAndChange },
  {
    name: "split, with changes, as version 4",
    make(ground) {
      ground.git("a", "update-index", "--index-version", "4");
      splitAndChange(ground);
    },
  },
  {
    name: "with object ids of SHA-256",
    options: ["--object-format=sha256"],
    make: splitAndChange,
  },
  {
    name: "with line ends and file system cache recorded",
    make(ground) {
      ground.git("a", "config", "core.untrackedCache", "true");
      ground.git("a", "config", "index.threads", "4");
      ground.git("a", "update-index", "--untracked-cache");
      ground.git("a", "status");
    },
  },
  {
    name: "sparse, file by file",
    make: (ground) =>
      ground.git("a", "sparse-checkout", "set", "--no-cone", "/src/main.c"),
  },
];

for (const { name, options = [], make } of KEPT) {
  Deno.test(`readTracking() reads what git lists of an index kept ${name}`, () => {
    using ground = new GitGround();
    ground.makeRepository("a", ...options);
    make(ground);

    assertAsListed(ground, "a");
  });
}

Deno.test("readTracking() reads an index of 30,000 files in small pieces", () => {
  using ground = new GitGround();
  ground.makeRepository("a");
  const lines = Array.from(
    { length: 30_000 },
    (_, index) => `100644 ${"1".repeat(40)}\td${index % 100}/f${index}\n`,
  );
  ground.write("lines", lines.join(""));
  const list = `git update-index --index-info < ${ground.at("lines")}`;
  ground.git("a", "-c", `alias.fill=!${list}`, "fill");

  const { steps } = assertAsListed(ground, "a");
  assert.ok(steps > 8, `${steps}`);
});

Deno.test("readTracking() leaves out what a sparse index has as directories", () => {
  using ground = new GitGround();
  ground.makeRepository("a");
  ground.write("a/lib/x/y", "y\n");
  ground.write("a/lib/z", "z\n");
  ground.git("a", "add", "-A");
  ground.git("a", "commit", "-q", "-m", "more");
  ground.git("a", "sparse-checkout", "set", "--cone", "--sparse-index", "src");

  const paths = new Set(
    track(ground.at("a")).tracking.files.map((file) => String(file.path)),
  );

  assert.ok(paths.has("README") && paths.has("src/main.c"));
  assert.ok(![...paths].some((path) => path.startsWith("lib")));
});

Deno.test("readTracking() tells a submodule, and reads in it", () => {
  using ground = new GitGround();
  ground.makeRepository("b");
  ground.makeRepository("a");
  ground.git("a", "submodule", "--quiet", "add", ground.at("b"), "deps/b");
  ground.git("a", "commit", "-q", "-m", "submodule");

  assertAsListed(ground, "a");
  assertAsListed(ground, "a/deps/b");
  const { files } = track(ground.at("a")).tracking;
  const found = files.find(({ path }) => path === "deps/b");
  assert.equal(found?.mode, GIT_MODE.commit);
});

Deno.test("readTracking() reads a further work tree, split too", () => {
  using ground = new GitGround();
  ground.makeRepository("a");
  ground.git("a", "worktree", "add", "-q", "../w", "-b", "other");
  assertAsListed(ground, "w");
  ground.git("w", "update-index", "--split-index");
  ground.write("w/more", "more\n");
  ground.git("w", "add", "more");

  assertAsListed(ground, "w");
});

Deno.test("readTracking() tells a file once while a merge waits", () => {
  using ground = new GitGround();
  ground.makeRepository("a");
  for (const branch of ["one", "two"]) {
    ground.git("a", "checkout", "-q", "-b", branch, "main");
    ground.write("a/README", `${branch}\n`);
    ground.git("a", "commit", "-q", "-am", branch);
  }
  assert.throws(() => ground.git("a", "merge", "one"));

  const { files } = track(ground.at("a")).tracking;
  const found = files.filter(({ path }) => path === "README");
  assert.deepEqual(found.map(({ isConverted }) => isConverted), [true]);
});

Deno.test("readTracking() tells of nothing before the first `git add`", () => {
  using ground = new GitGround();
  Deno.mkdirSync(ground.at("a"));
  ground.git("a", "init", "-q");

  assert.deepEqual(track(ground.at("a")).tracking.files, []);
});

Deno.test("readTracking() tells which files are not as git stores them", () => {
  using ground = new GitGround();
  ground.makeRepository("a");
  ground.write(
    "a/.gitattributes",
    "*.bat text eol=crlf\n*.bin filter=lfs -text\n*.id ident\n" +
      "*.u16 working-tree-encoding=UTF-16\n*.auto text=auto\n",
  );
  ground.write("a/sub/.gitattributes", "*.bat -text\n[attr]x eol=crlf\n* x\n");
  const names = ["bat", "bin", "id", "u16", "auto", "c"];
  for (const name of names) {
    const text = `${name} $Id$\nline\n`;
    const bytes = name === "u16"
      ? Uint8Array.from([
        0xff,
        0xfe,
        ...[...text].flatMap((c) => [c.charCodeAt(0), 0]),
      ])
      : new TextEncoder().encode(text);
    ground.write(`a/f.${name}`, bytes);
    ground.write(`a/sub/f.${name}`, bytes);
  }
  ground.git("a", "add", "-A");
  ground.git("a", "commit", "-q", "-m", "all");
  for (const name of names) Deno.removeSync(ground.at(`a/f.${name}`));
  ground.git("a", "checkout", "-q", ".");

  const { files } = track(ground.at("a")).tracking;
  const converted = files.filter(({ isConverted }) => isConverted)
    .map(({ path }) => String(path));
  assert.deepEqual(converted, [
    ...["f.bat", "f.bin", "f.id", "f.u16"],
    ...["sub/f.bin", "sub/f.id", "sub/f.u16"],
  ]);
  assertAsStored(ground, "a");
});

const CRLF: readonly [key: string, value: string][] = [
  ["core.autocrlf", "true"],
  ["core.eol", "crlf"],
  ["include.path", "../../more"],
  ["includeIf.gitdir:**/a/.git.path", "../../more"],
];

for (const [key, value] of CRLF) {
  Deno.test(`readTracking() minds ${key} of the repository`, () => {
    using ground = new GitGround();
    ground.makeRepository("a");
    ground.write("a/.gitattributes", "*.c text\n*.sh eol=lf\nREADME -text\n");
    ground.git("a", "add", "-A");
    ground.git("a", "commit", "-q", "-m", "attributes");
    ground.write("more", "[core] autocrlf = yes\n");
    ground.git("a", "config", key, value);
    Deno.removeSync(ground.at("a/src"), { recursive: true });
    Deno.removeSync(ground.at("a/README"));
    ground.git("a", "checkout", "-q", ".");

    const { files } = track(ground.at("a")).tracking;
    const isConverted = (name: string) =>
      files.find(({ path }) => path === name)?.isConverted;
    assert.equal(isConverted("src/main.c"), true);
    assert.match(Deno.readTextFileSync(ground.at("a/src/main.c")), /\r\n/);
    assert.equal(isConverted("build.sh"), false);
    assert.equal(isConverted("README"), false);
    assert.equal(isConverted("link"), false);
    assertAsStored(ground, "a");
  });
}

const DAMAGE: { name: string; do(path: string): void }[] = [
  {
    name: "is empty",
    do: (path) => Deno.writeFileSync(path, new Uint8Array()),
  },
  {
    name: "is a pipe, and does not wait for it",
    do(path) {
      Deno.removeSync(path);
      new Deno.Command("mkfifo", { args: [path] }).outputSync();
    },
  },
  {
    name: "is a link to nowhere",
    do(path) {
      Deno.removeSync(path);
      Deno.symlinkSync("nowhere", path);
    },
  },
  { name: "is cut short", do: (path) => Deno.truncateSync(path, 200) },
  {
    name: "has one bit turned",
    do(path) {
      const bytes = Deno.readFileSync(path);
      bytes[60] = bytes[60]! ^ 1;
      Deno.writeFileSync(path, bytes);
    },
  },
];

for (const [from, to] of [["README", "../etc"], ["build.sh", "zzzzz.sh"]]) {
  DAMAGE.push({
    name: `has ${to} in the place of ${from}`,
    do(path) {
      const bytes = Deno.readFileSync(path);
      const at = new TextDecoder("latin1").decode(bytes).indexOf(from!);
      bytes.set(new TextEncoder().encode(to), at);
      // As `index.skipHash` has it: no checksum.
      bytes.fill(0, bytes.length - 20);
      Deno.writeFileSync(path, bytes);
    },
  });
}

for (const { name, do: damage } of DAMAGE) {
  Deno.test(`readTracking() refuses an index that ${name}`, () => {
    using ground = new GitGround();
    ground.makeRepository("a");
    damage(ground.at("a/.git/index"));

    const { why } = tryTrack(ground.at("a")).tracking as { why: string };
    assert.match(why, /^git index /);
  });
}

Deno.test("readTracking() refuses a split index with another shared one", () => {
  using ground = new GitGround();
  ground.makeRepository("a");
  splitAndChange(ground);
  const directory = ground.at("a/.git");
  const shared = [...Deno.readDirSync(directory)]
    .filter(({ name }) => name.startsWith("sharedindex."))
    .map(({ name }) => `${directory}/${name}`);
  for (const path of shared) {
    const bytes = Deno.readFileSync(path);
    bytes[60] = bytes[60]! ^ 1;
    bytes.fill(0, bytes.length - 20);
    Deno.writeFileSync(path, bytes);
  }
  const why = () => {
    const { tracking } = tryTrack(ground.at("a"));
    return tracking.ok ? null : tracking.why;
  };
  assert.equal(why(), "git index has another shared index");
  for (const path of shared) Deno.removeSync(path);
  assert.equal(why(), "git index has no shared index");
});

Deno.test("readTracking() minds attributes and settings of one work tree", () => {
  using ground = new GitGround();
  ground.makeRepository("a");
  ground.git("a", "worktree", "add", "-q", "../w", "-b", "other");
  ground.write("a/.git/info/attributes", "*.c text\n");
  ground.git("a", "config", "extensions.worktreeConfig", "true");
  ground.git("w", "config", "--worktree", "core.eol", "crlf");
  Deno.removeSync(ground.at("w/src/main.c"));
  ground.git("w", "checkout", "-q", ".");

  const [plain, converted] = ["a", "w"].map((name) =>
    track(ground.at(name)).tracking.files
      .filter(({ isConverted }) => isConverted).map(({ path }) => `${path}`)
  );
  assert.deepEqual(plain, []);
  assert.deepEqual(converted, ["src/main.c"]);
  assertAsStored(ground, "w");
});

function splitAndChange(ground: GitGround): void {
  ground.write("a/bulk/gone", "gone\n");
  for (let index = 0; index < 200; index++) {
    ground.write(`a/bulk/${index}`, `${index}\n`);
  }
  ground.git("a", "add", "-A");
  ground.git("a", "config", "splitIndex.maxPercentChange", "100");
  ground.git("a", "update-index", "--split-index");
  ground.write("a/README", "another\n");
  ground.write("a/bulk/100", "another\n");
  ground.write("a/0-new", "new\n");
  ground.write("a/bulk/99a", "new\n");
  ground.write("a/zz-new", "new\n");
  ground.git("a", "add", "-A");
  ground.git("a", "rm", "-q", "-f", "bulk/gone", "bulk/0", "bulk/50");
  const shared = [...Deno.readDirSync(ground.at("a/.git"))]
    .filter(({ name }) => name.startsWith("sharedindex."));
  assert.ok(shared.length > 0);
}

function tryTrack(path: string): {
  readonly tracking: Decoded<Tracking>;
  readonly steps: number;
} {
  using libc = new Libc();
  const repository = openRepository(libc, bytePathOf(path));
  assert.ok(repository !== null);
  const reading = readTracking(libc, repository);
  for (let steps = 1;; steps++) {
    const step = reading.next();
    if (step.done) return { tracking: step.value, steps };
  }
}

function track(path: string): {
  readonly tracking: Tracking;
  readonly steps: number;
} {
  const { tracking, steps } = tryTrack(path);
  if (!tracking.ok) assert.fail(tracking.why);
  return { tracking: tracking.value, steps };
}

function assertAsListed(
  ground: GitGround,
  directory: string,
): { readonly steps: number } {
  const listed = listFiles(ground, directory);
  const { tracking: { files, writtenSeconds }, steps } = track(
    ground.at(directory),
  );

  assert.ok(listed.length > 0);
  assert.deepEqual(
    files.map(({ isConverted: _, conversion: __, ...file }) => file),
    listed.map(({ isIntended: _, stage: __, ...file }) => file),
  );
  assert.deepEqual(
    files.filter(({ isConverted }) => isConverted).map(({ path }) => path),
    listed.filter(({ isIntended }) => isIntended).map(({ path }) => path),
  );
  const [index] = new TextDecoder().decode(
    ground.git(directory, "rev-parse", "--git-path", "index"),
  ).split("\n");
  const path = index!.startsWith("/")
    ? index!
    : ground.at(`${directory}/${index}`);
  const seconds = Deno.statSync(path).mtime!.getTime() / 1000;
  assert.equal(writtenSeconds, Math.floor(seconds));
  return { steps };
}

/** What is converted leads back to what git stores, the rest is the same. */
function assertAsStored(ground: GitGround, directory: string): void {
  const { files } = track(ground.at(directory)).tracking;
  let seen = 0;
  for (const { path, mode, oid, conversion } of files) {
    if ((mode & 0o170000) !== 0o100000) continue;
    const name = new TextDecoder().decode(bytesOf(path));
    const content = Deno.readFileSync(ground.at(`${directory}/${name}`));
    const isAsStored = isStoredAs(content, { oid, conversion });
    const isTold = (conversion?.filter ?? null) === null;
    assert.equal(isAsStored, isTold ? true : null, name);
    const other = Uint8Array.from([...content, 0x20]);
    const isOther = isStoredAs(other, { oid, conversion });
    // Half a character of UTF-16 is no text to git.
    assert.ok(isOther === null || !isOther, name);
    seen++;
  }
  assert.ok(seen > 0);
}
