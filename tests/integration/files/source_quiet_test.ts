/**
 * What ordinary builds do to a work space is no tampering.
 *
 * Real programs on a real repository; none of them is let through by name.
 */
import assert from "node:assert/strict";
import { overwrittenIn, SourceGround, SOURCES } from "./source_ground.ts";
import { fileLines, original } from "./source_texts.ts";

const MAKEFILE = `all: app
app: src/a.o src/b.o main.o
	cc -o $@ $^
%.o: %.c
	cc -O1 -c -o $@ $<
generated.h: configure
	./configure > $@
main.o: generated.h
clean:
	rm -f app *.o src/*.o generated.h
`;

const MANIFEST = `{
  "name": "work",
  "version": "1.0.0",
  "dependencies": { "small": "file:vendor/small-1.0.0.tgz" },
  "scripts": { "postinstall": "node -e \\"require('fs').writeFileSync('built.js', '')\\"" }
}
`;

/** A repository with an upstream, branches, a submodule and things to build. */
const REPOSITORY = [
  "git init -q",
  fileLines("main.c", '#include "generated.h"\nint main(void) { return 0; }\n'),
  fileLines("src/a.c", original("a")),
  fileLines("src/b.c", original("b")),
  fileLines("Makefile", MAKEFILE),
  fileLines("configure", "#!/bin/sh\necho '#define READY 1'\n"),
  fileLines("formatted.ts", 'export const greeting = "hello";\n'),
  fileLines(".gitignore", "*.o\napp\nnode_modules\ngenerated.h\nbuilt.js\n"),
  fileLines("package.json", MANIFEST),
  `chmod +x configure
mkdir vendor
mkdir -p "$0/other/small"
echo '{"name":"small","version":"1.0.0"}' >"$0/other/small/package.json"
(cd vendor && npm pack --silent "$0/other/small" >/dev/null)
npm install --package-lock-only --silent --offline
git add -A && git commit -qm first
git checkout -q -b feature
sed -i 's/granted = 0/granted = 2/' src/a.c && echo more >docs && git add -A
git commit -qm feature
git checkout -q main
sed -i 's/granted = 0/granted = 3/' src/b.c && git commit -qam second
git init -q "$0/other/library"
(cd "$0/other/library" && echo 'int library;' >library.c && git add -A &&
  git commit -qm library)
git submodule --quiet add "$0/other/library" library
git commit -qm submodule
git clone -q --bare . "$0/other/upstream.git"
git remote add origin "$0/other/upstream.git"
git fetch -q origin && git branch -q -u origin/main main
git clone -q "$0/other/upstream.git" "$0/other/colleague"
(cd "$0/other/colleague" && sed -i 's/return 0/return 1/' main.c &&
  git mv src/b.c src/c.c && git mv src/c.c src/b.c && rm formatted.ts &&
  echo new >news.txt && git add -A && git commit -qm colleague &&
  git push -q origin main)`,
].join("\n");

/** Shell lines in that repository, and what has to be told besides. */
const ORDINARY: readonly {
  name: string;
  script: string;
  /** Whether there is at least one event of kind `checkout`. */
  isCheckout?: boolean;
  /**
   * Whether git puts something in place that no index ever says: by inotify,
   * which names nobody, that is told.
   */
  isOnlyKnownByName?: boolean;
}[] = [
  {
    name: "git checkout of another branch and back",
    script: "git checkout -q feature && git checkout -q main",
    isCheckout: true,
  },
  { name: "git switch", script: "git switch -q feature", isCheckout: true },
  { name: "git pull", script: "git pull -q --no-rebase", isCheckout: true },
  {
    name: "git merge",
    script: "git merge -q -m merged feature",
    isCheckout: true,
  },
  {
    name: "git rebase",
    script: "git checkout -q feature && git rebase -q main",
    isCheckout: true,
  },
  { name: "git reset", script: "git reset -q --hard HEAD~1", isCheckout: true },
  {
    name: "git restore of an older file",
    script: "git restore --source=HEAD~2 src/b.c && git restore src/b.c",
    isOnlyKnownByName: true,
  },
  {
    name: "git cherry-pick",
    script: "git cherry-pick feature",
    isCheckout: true,
  },
  {
    name: "git revert",
    script: "git revert --no-edit HEAD~1",
    isCheckout: true,
  },
  {
    name: "git submodule update",
    script: "git submodule --quiet deinit -f library && " +
      "git submodule --quiet update --init",
  },
  {
    name: "git worktree in the work space",
    script: "git worktree add -q trees/feature feature && " +
      "git -C trees/feature checkout -q --detach main && " +
      "git worktree remove trees/feature",
  },
  {
    name: "git sparse-checkout",
    script: "git sparse-checkout set src && git sparse-checkout disable",
  },
  {
    name: "git clean, after a build",
    script: "make -s && git clean -qfdx",
  },
  { name: "git gc", script: "git gc -q" },
  {
    name: "a clone into the work space, as an action makes it",
    script: "git init -q fresh && cd fresh && git remote add origin " +
      '"$HOME/other/upstream.git" && git fetch -q --depth 1 origin main && ' +
      "git checkout -q --force -B main refs/remotes/origin/main && " +
      "git log -1 --format=%H >/dev/null",
  },
  { name: "npm ci", script: "npm ci --silent --offline" },
  { name: "npm install", script: "npm install --silent --offline" },
  { name: "make", script: "make -s -j2 && make -s clean && make -s" },
  {
    name: "a builder that keeps its output beside the sources",
    script: `mkdir -p target/debug/deps && for turn in 1 2 3; do
  cc -c -o target/debug/deps/a.o src/a.c
  cp target/debug/deps/a.o target/debug/.a.o.tmp
  mv target/debug/.a.o.tmp target/debug/a.o
  ln -f target/debug/a.o target/debug/final.o
done`,
  },
  { name: "a formatter", script: `"$DENO" fmt -q formatted.ts src 2>&1` },
  {
    name: "a python program with a cache beside it",
    script: "unset PYTHONDONTWRITEBYTECODE; mkdir -p lib && " +
      "echo 'x = 1' >lib/mod.py && cd lib && python3 -c 'import mod'",
  },
  { name: "tar and grep", script: "tar cf - . | wc -c; grep -r return ." },
  { name: "touch", script: "touch src/a.c src/b.c main.c" },
  { name: "chown", script: "chown -R 1234 . && chown -R 0 ." },
  { name: "hard links", script: "cp -al src linked && rm -rf linked" },
];

/** Each order has a copy of its own, so that whatever is told is one order's. */
function placeOf(name: string): string {
  return name.replaceAll(/[^a-z]+/gi, "-");
}

const COPIES = [
  'mkdir "$0/first" && cd "$0/first"',
  REPOSITORY,
  'cd "$0/work"',
  ...ORDINARY.map(({ name }) =>
    `cp -a "$0/first" ${placeOf(name)} && git -C ${placeOf(name)} status -s`
  ),
].join("\n");

for (const by of SOURCES) {
  Deno.test(`${by} is quiet`, async (test) => {
    await using ground = await SourceGround.open({
      ...{ by, setup: COPIES, env: { DENO: Deno.execPath() } },
    });
    const rows = ORDINARY.filter(({ isOnlyKnownByName = false }) =>
      by === "fanotify" || !isOnlyKnownByName
    );
    for (const { name, script } of rows) {
      const order = `set -eu\ncd ${placeOf(name)}\n${script}`;
      const { code, output } = await ground.sh(order);
      assert.equal(code, 0, `${name}: ${output}`);
    }
    const { files, code, stderr } = await ground.end();
    assert.equal(code, 0, stderr);
    for (const { name, isCheckout = false } of rows) {
      await test.step(`on ${name}`, () => {
        const place = `${ground.work}/${placeOf(name)}`;
        const told = files.filter(({ path }) =>
          path === place || path.startsWith(`${place}/`)
        );
        assert.deepEqual(overwrittenIn(told), []);
        if (by === "inotify" || !isCheckout) return;
        assert.ok(told.some(({ change }) => change === "checkout"));
      });
    }
    assert.deepEqual(overwrittenIn(files), []);
  });
}

Deno.test("what git has checked out is the source from then on", async () => {
  await using ground = await SourceGround.open({ setup: REPOSITORY });
  const { code, output } = await ground.sh(
    "set -eu; git checkout -q feature; sed -i s/2/1/ src/a.c",
  );
  assert.equal(code, 0, output);
  const path = `${ground.work}/src/a.c`;
  const { files } = await ground.end();
  const told = files.filter(({ overwritten }) => overwritten);
  assert.deepEqual(told.map((file) => [file.path, file.change]), [
    [path, "modified"],
  ]);
  assert.match(told[0]!.diff!, /-.*granted = 2/);
  assert.match(told[0]!.diff!, /\+.*granted = 1/);
  assert.match(told[0]!.process!.exe!, /\/sed$/);
});
