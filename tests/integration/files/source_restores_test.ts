/**
 * Sources that are put back, as an implant does, and writers that hide.
 *
 * Each is judged by what a compiler has read in between: where that was not
 * the source, the source was overwritten.
 */
import assert from "node:assert/strict";
import type { FileSourceName } from "../../../agent/observe/files/file_source.ts";
import { blobOf, sha256Of } from "./content_ids.ts";
import {
  describe,
  overwrittenIn,
  SourceGround,
  SOURCES,
  type ToldFile,
} from "./source_ground.ts";
import { fileLines, original, overwritten } from "./source_texts.ts";

/** In `tests/lab/restore.c`. */
const HOWS = [
  "sessions",
  "rename",
  "exchange",
  "symbolic-link",
  "directory",
  "mapped",
  "one-session",
] as const;
const MICROS = [100, 1_000, 10_000, 2_000_000] as const;

/**
 * Whether what is heard of is what a tool leaves that writes what is there
 * already, or sets its time: it is told as `rewritten` then.
 *
 * A writer that opens a file once, and has put everything back when it is
 * looked at; one that writes to memory and sets the times of the file; and with
 * fanotify, which makes one event of equal ones that nobody has taken out yet,
 * one that is quicker than the agent has its turns.
 */
function isLikeTool(
  by: FileSourceName,
  { how, micros }: { how: string; micros: number },
): boolean {
  if (how === "mapped") return true;
  return micros <= 10_000 && (by === "fanotify" || how === "one-session");
}

/** One way, and for how long the source is another. */
interface Row {
  readonly how: string;
  readonly micros: number;
  readonly name: string;
}

/** These wait for most of their time, and can do so together. */
function isLong({ micros }: Row): boolean {
  return micros >= 2_000_000;
}

function rowsOf(): Row[] {
  return HOWS.flatMap((how) =>
    MICROS.map((micros) => ({ how, micros, name: `${how}-${micros}` }))
  );
}

function setUp(): string {
  return [
    "git init -q",
    ...rowsOf().flatMap(({ name }) => [
      fileLines(`${name}/a.c`, original(name)),
      fileLines(`$0/other/${name}/a.c`, overwritten(name)),
    ]),
    "git add -A && git commit -qm sources",
  ].join("\n");
}

for (const by of SOURCES) {
  Deno.test(`${by} finds a source that was put back`, async (test) => {
    await using ground = await SourceGround.open({
      ...{ by, setup: setUp(), programs: ["restore"] },
    });
    const pids = new Map<string, number>();
    const carryOut = async ({ how, micros, name }: Row) => {
      const { pid, code, output } = await ground.run([
        ...[ground.program("restore"), how, `${ground.work}/${name}/a.c`],
        ...[`${ground.other}/${name}/a.c`, String(micros)],
        `${ground.other}/${name}.reading`,
      ]);
      assert.equal(code, 0, output);
      pids.set(name, pid);
      assert.equal(
        await Deno.readTextFile(`${ground.other}/${name}.reading`),
        overwritten(name),
      );
      assert.equal(
        await ground.read(`${ground.work}/${name}/a.c`),
        original(name),
      );
    };
    for (const row of rowsOf()) if (!isLong(row)) await carryOut(row);
    await Promise.all(rowsOf().filter(isLong).map(carryOut));
    const { files } = await ground.end();
    for (const { how, micros, name } of rowsOf()) {
      await test.step(name, () => {
        const path = `${ground.work}/${name}/a.c`;
        const told = files.filter((file) => file.path === path);
        assert.ok(told.length > 0, "nothing is told");
        const all = told.map(describe).join("\n");
        const found = told.find(({ change }) => change === "restored");
        if (!isLikeTool(by, { how, micros })) {
          assert.ok(told.some(({ overwritten }) => overwritten), all);
          assert.ok(found !== undefined, all);
        }
        if (found?.after) {
          assert.equal(found.after.blob, blobOf(original(name)));
        }
        // Nothing is raised when a mapping is written to: it is seen when it
        // ends, and then everything is as it was.
        if (isLong({ how, micros, name }) && how !== "mapped") {
          assertSeen(told, { name, all });
          const { changedMs } = found!;
          assert.ok(changedMs! > 1_000 && changedMs! < 30_000, `${changedMs}`);
        }
        if (by === "fanotify") {
          for (const { process } of told) {
            assert.match(process?.exe ?? all, /\/restore$/);
            assert.equal(process!.pid, pids.get(name));
          }
        }
      });
    }
  });
}

/** Told while it was there, with what it was. */
function assertSeen(
  told: readonly ToldFile[],
  { name, all }: { name: string; all: string },
): void {
  const modified = told.find(({ change, after }) =>
    change === "modified" && after !== null
  );
  assert.ok(modified !== undefined, all);
  if (modified.after!.mode === "120000") return;
  assert.equal(modified.after!.blob, blobOf(overwritten(name)));
  const restored = told.find(({ change }) => change === "restored");
  assert.equal(restored!.before?.blob, blobOf(overwritten(name)), all);
}

/**
 * Shell lines in the work space, with `$EVIL` another `a.c`: at their end it is
 * read by whoever compiles.
 */
const HIDING: readonly {
  name: string;
  script: string;
  /** Whether it takes a source that names processes to tell it from git. */
  isNamed?: boolean;
}[] = [
  {
    name: "a writer that executes git a moment later",
    script: '"$HOME/overwrite" then-git "$PWD/a.c" "$EVIL"',
  },
  {
    name: "a program that calls itself git",
    script: `cp /bin/cp "$OTHER/git" && "$OTHER/git" "$EVIL" a.c`,
  },
  {
    name: "an index of its own with the change in it",
    isNamed: true,
    script: `cp -r . "$OTHER/copy" && cp "$EVIL" "$OTHER/copy/a.c"
git -C "$OTHER/copy" add -A
cp "$EVIL" a.c && cp "$OTHER/copy/.git/index" .git/index.lock
mv .git/index.lock .git/index`,
  },
  {
    name: "git add, after it",
    script: 'cp "$EVIL" a.c && git add -A && git commit -qm evil',
  },
  {
    name: "git apply",
    script: `git diff --no-index a.c "$EVIL" >"$OTHER/patch" || :
sed -i -E 's,^(---|\\+\\+\\+) .*,\\1 x/a.c,; s,^diff .*,diff --git x/a.c x/a.c,' "$OTHER/patch"
git apply "$OTHER/patch"`,
  },
  {
    name: "a hook of git's",
    script: `printf '#!/bin/sh\\ncp "$EVIL" a.c\\n' >.git/hooks/post-checkout
chmod +x .git/hooks/post-checkout
git checkout -q -b other`,
  },
  {
    name: "a filter of git's",
    script: `git config filter.evil.smudge "sed 's/granted = 0/granted = 1/'"
git config filter.evil.clean cat
echo '*.c filter=evil' >.git/info/attributes
rm a.c && git checkout -q a.c`,
  },
  {
    name: "a library in git itself",
    script: `cat >"$OTHER/evil.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
__attribute__((destructor)) static void evil(void) {
  unsetenv("LD_PRELOAD");
  system("cp \\"$EVIL\\" a.c");
}
END
gcc -shared -fPIC -o "$OTHER/evil.so" "$OTHER/evil.c"
LD_PRELOAD="$OTHER/evil.so" git status >/dev/null`,
  },
  {
    name: "a library that makes git itself write it",
    script: `cat >"$OTHER/evil.c" <<'END'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((destructor)) static void evil(void) {
  char text[4096];
  const int from = open(getenv("EVIL"), O_RDONLY);
  const int to = open("a.c", O_WRONLY | O_TRUNC);
  if (write(to, text, read(from, text, sizeof text)) < 0) _exit(1);
}
END
gcc -shared -fPIC -o "$OTHER/evil.so" "$OTHER/evil.c"
exec 3>>b.c; touch b.c; sleep 0.1
LD_PRELOAD="$OTHER/evil.so" git reset -q --hard`,
  },
  {
    name: "a file system monitor of git's",
    script: `printf '#!/bin/sh\\ncp "$EVIL" a.c\\n' >"$OTHER/monitor"
chmod +x "$OTHER/monitor"
git -c core.fsmonitor="$OTHER/monitor" status >/dev/null`,
  },
  {
    name: "git that was told to assume it unchanged",
    script: 'git update-index --assume-unchanged a.c && cp "$EVIL" a.c',
  },
  {
    name: "git that was told to leave it out",
    script: 'git update-index --skip-worktree a.c && cp "$EVIL" a.c',
  },
  {
    name: "git that has forgotten it",
    script: 'git rm -q --cached a.c && cp "$EVIL" a.c',
  },
  {
    name: "a repository that is gone first",
    script: 'rm -rf .git && cp "$EVIL" a.c',
  },
  {
    name: "a git directory that is another one",
    isNamed: true,
    script: `git clone -q . "$OTHER/clone"
mv .git "$OTHER/gone" && mv "$OTHER/clone/.git" .git
cp "$EVIL" a.c && git add a.c && git commit -qm evil`,
  },
  {
    name: "a checkout that runs meanwhile",
    script: `for turn in 1 2 3 4 5; do
  git checkout -q -b "branch-$turn"; git checkout -q main
done &
cp "$EVIL" a.c; wait; cp "$EVIL" a.c`,
  },
  {
    name: "10,000 files that are made before it",
    script: `mkdir noise && cd noise && seq 10000 | xargs touch && cd ..
cp "$EVIL" a.c; rm -rf noise`,
  },
];

/** A repository of its own for each, so that none is in the other's way. */
function hidingPlaces(): string {
  return HIDING.map((_, row) =>
    [
      `mkdir row-${row} && cd row-${row} && git init -q`,
      fileLines("a.c", original("a")),
      fileLines("b.c", original("b")),
      fileLines(`$0/other/row-${row}/a.c`, overwritten("a")),
      "git add -A && git commit -qm sources && cd ..",
    ].join("\n")
  ).join("\n");
}

for (const by of SOURCES) {
  Deno.test(`${by} sees through writers that hide`, async (test) => {
    await using ground = await SourceGround.open({
      ...{ by, programs: ["overwrite"], setup: hidingPlaces() },
    });
    for (const [row, { script }] of HIDING.entries()) {
      const { code, output } = await ground.sh(`set -eu; cd row-${row}
export OTHER="$HOME/other/row-${row}" EVIL="$HOME/other/row-${row}/a.c"
${script}`);
      assert.equal(code, 0, output);
      assert.equal(
        await ground.read(`${ground.work}/row-${row}/a.c`),
        overwritten("a"),
      );
    }
    const { files } = await ground.end();
    for (const [row, { name, isNamed }] of HIDING.entries()) {
      const path = `${ground.work}/row-${row}/a.c`;
      const here = files.filter((file) =>
        file.path.startsWith(`${ground.work}/row-${row}/`)
      );
      const told = here.findLast((file) =>
        file.path === path && file.change === "modified" && file.overwritten
      );
      if (isNamed && by === "inotify") continue;
      await test.step(name, () => {
        assert.ok(told !== undefined, here.map(describe).join("\n"));
        assert.equal(told.after!.sha256, sha256Of(overwritten("a")));
        assert.ok(
          overwrittenIn(here).every((line) => line.includes(path)),
          overwrittenIn(here).join("\n"),
        );
      });
    }
  });
}
