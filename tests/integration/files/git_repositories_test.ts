import assert from "node:assert/strict";
import { findRepositories } from "../../../agent/observe/git/find_repositories.ts";
import { openRepository } from "../../../agent/observe/git/repository.ts";
import type { Repository } from "../../../agent/observe/git/tracked.ts";
import { bytePathOf, textOf } from "../../../ffi/byte_path.ts";
import { Libc } from "../../../ffi/libc.ts";
import { GitGround } from "../../lab/git.ts";

/** `git rev-parse` of what we say; the objects by `count-objects`. */
const QUESTIONS: Readonly<
  Record<string, (of: Repository) => string>
> = {
  "--show-toplevel": ({ root }) => textOf(root),
  "--absolute-git-dir": ({ gitDirectory }) => textOf(gitDirectory),
  "--git-common-dir": ({ commonDirectory }) => textOf(commonDirectory),
  "--git-path index": ({ indexPath }) => textOf(indexPath),
  "--git-path objects": ({ objectDirectories }) =>
    textOf(objectDirectories[0]!),
  "--show-object-format": ({ objectBytes }) =>
    objectBytes === 20 ? "sha1" : "sha256",
};

Deno.test("findRepositories() finds what lies beside and within each other", () => {
  using ground = makeGround();
  const roots = find(ground.path).map(({ root }) => textOf(root));

  const wanted = ["a", "a/build/clone", "a/deps/b", "b", "c", "linked", "w"];
  assert.deepEqual(roots.toSorted(), wanted.map((name) => ground.at(name)));
  // Each before those within it.
  assert.ok(
    roots.indexOf(ground.at("a")) < roots.indexOf(ground.at("a/deps/b")),
  );
});

Deno.test("openRepository() finds what git finds", () => {
  using ground = makeGround();
  const repositories = find(ground.path);

  assert.equal(repositories.length, 7);
  for (const repository of repositories) {
    const directory = textOf(repository.root).slice(ground.path.length + 1);
    for (const [question, answer] of Object.entries(QUESTIONS)) {
      assert.equal(
        answer(repository),
        ask(ground, { directory, question }),
        `${question} in ${directory}`,
      );
    }
  }
});

Deno.test("openRepository() finds the objects of others, in git's order", () => {
  using ground = new GitGround();
  ground.makeRepository("one");
  ground.git(".", "clone", "-q", "--shared", ground.at("one"), "two");
  ground.git(".", "clone", "-q", "--shared", ground.at("two"), "three");
  const { objectDirectories } = open(ground.at("three"))!;

  assert.deepEqual(
    objectDirectories.map(textOf),
    ["three", "two", "one"].map((name) => ground.at(`${name}/.git/objects`)),
  );
  const told = ground.git("three", "count-objects", "-v");
  const alternates = new TextDecoder().decode(told).match(/^alternate: .*$/gm);
  assert.deepEqual(
    alternates,
    objectDirectories.slice(1).map((path) => `alternate: ${textOf(path)}`),
  );
});

Deno.test("openRepository() does not follow alternates in a circle", () => {
  using ground = new GitGround();
  ground.makeRepository("a");
  const objects = ground.at("a/.git/objects");
  ground.write("a/.git/objects/info/alternates", `${objects}\n../objects\n`);

  assert.deepEqual(open(ground.at("a"))?.objectDirectories.map(textOf), [
    objects,
  ]);
});

const NONE: readonly [name: string, make: (ground: GitGround) => void][] = [
  ["nothing", () => {}],
  ["an empty directory", (ground) => Deno.mkdirSync(ground.at("x/.git"))],
  ["a file that is no link", (ground) => ground.write("x/.git", "hello\n")],
  [
    "a link to nowhere",
    (ground) => ground.write("x/.git", "gitdir: /nowhere\n"),
  ],
  [
    "a link to what is no repository",
    (ground) => ground.write("x/.git", `gitdir: ${ground.at("home")}\n`),
  ],
  [
    "a repository without a HEAD",
    (ground) => {
      ground.git("x", "init", "-q");
      Deno.removeSync(ground.at("x/.git/HEAD"));
    },
  ],
  ["a large file", (ground) => ground.write("x/.git", "x".repeat(2 << 20))],
  [
    "a pipe",
    (ground) =>
      void new Deno.Command("mkfifo", { args: [ground.at("x/.git")] })
        .outputSync(),
  ],
  [
    "a link to itself",
    (ground) => Deno.symlinkSync(".git", ground.at("x/.git")),
  ],
];

for (const [name, make] of NONE) {
  Deno.test(`openRepository() finds none where .git is ${name}`, () => {
    using ground = new GitGround();
    Deno.mkdirSync(ground.at("x"));
    make(ground);

    assert.equal(open(ground.at("x")), null);
    assert.deepEqual(find(ground.path), []);
  });
}

/** Seven repositories, in all ways in which they can lie. */
function makeGround(): GitGround {
  const ground = new GitGround();
  ground.makeRepository("b");
  ground.makeRepository("a");
  ground.makeRepository("c", "--object-format=sha256");
  ground.git("a", "submodule", "--quiet", "add", ground.at("b"), "deps/b");
  ground.git("a", "worktree", "add", "-q", "../w", "-b", "other");
  ground.git("a", "clone", "-q", ground.at("b"), "build/clone");
  Deno.mkdirSync(ground.at("linked"));
  ground.git("b", "clone", "-q", "--bare", ".", ground.at("home/bare"));
  ground.git("home/bare", "config", "core.bare", "false");
  Deno.symlinkSync(ground.at("home/bare"), ground.at("linked/.git"));
  return ground;
}

function find(path: string): readonly Repository[] {
  using libc = new Libc();
  const finding = findRepositories(libc, bytePathOf(path));
  for (;;) {
    const step = finding.next();
    if (step.done) return step.value;
  }
}

function open(path: string): Repository | null {
  using libc = new Libc();
  return openRepository(libc, bytePathOf(path));
}

function ask(
  ground: GitGround,
  { directory, question }: { directory: string; question: string },
): string {
  const args = ["rev-parse", "--path-format=absolute", ...question.split(" ")];
  return new TextDecoder().decode(ground.git(directory, ...args)).trim();
}
