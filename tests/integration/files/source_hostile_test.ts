/** Work spaces that are made to break who watches them. */
import assert from "node:assert/strict";
import type { FileSourceName } from "../../../agent/observe/files/file_source.ts";
import {
  describe,
  type Ended,
  SourceGround,
  SOURCES,
} from "./source_ground.ts";
import { fileLines, original, overwritten } from "./source_texts.ts";

const REPOSITORY = [
  "git init -q",
  fileLines("a.c", original("a")),
  fileLines("deep/b.c", original("b")),
  fileLines("$0/other/a.c", overwritten("a")),
  "git add -A && git commit -qm sources",
].join("\n");

const OVERWRITE = 'cp "$HOME/other/a.c" a.c';

/**
 * Shell lines before the guard, and below it. At their end `a.c` is
 * overwritten, and that has to be told whatever else there is.
 */
interface Hostile {
  readonly name: string;
  /** Whether nobody can know the sources: then that is said. */
  readonly isUnreadable?: boolean;
  readonly before?: string;
  readonly script?: string;
  /** What must be told besides: paths in the repository, or how they look. */
  readonly tells?: readonly (string | RegExp)[];
}

const HOSTILE: readonly Hostile[] = [
  {
    name: "a path of 4,095 bytes",
    // PATH_MAX is for one call: a deeper place is made by going there.
    before: `python3 - "$PWD" <<'END'
import os, sys
for turn in range(16):
    os.mkdir("%0240d" % turn)
    os.chdir("%0240d" % turn)
rest = 4095 - len(os.getcwd()) - 1
open("t" * rest, "w").write("deep")
END
git add -A && git commit -qm deep`,
    script: `python3 - <<'END'
import os
for turn in range(30):
    os.makedirs("%0240d" % turn, exist_ok=True)
    os.chdir("%0240d" % turn)
    for name in os.listdir("."):
        if name.startswith("t"): open(name, "w").write("evil")
open("new.c", "w").write("deeper")
END`,
    tells: [/^.{3800,}\/t+$/],
  },
  {
    name: "names that are no UTF-8, and hold newlines and control characters",
    before: `printf 'x' >"$(printf 'bytes-\\377\\376.c')"
printf 'x' >"$(printf 'new\\nline.c')"
printf 'x' >"$(printf 'control-\\033[2J\\007.c')"
printf 'x' >' ::error::.c'
git add -A && git commit -qm names`,
    script:
      `for name in bytes* new* control* ' ::'*; do echo y >>"$name"; done`,
    tells: ["bytes-\ufffd\ufffd.c", "new\nline.c", "control-\x1b[2J\x07.c"],
  },
  {
    name: "a file that changes while it is hashed",
    before: "head -c 50000000 /dev/zero >big.c && git add -A && " +
      "git commit -qm big",
    script: `for turn in $(seq 200); do
  printf $turn | dd of=big.c conv=notrunc bs=1 seek=$((turn * 1000)) 2>/dev/null
done`,
    tells: ["big.c"],
  },
  {
    name: "a file of 20 GB",
    before: "echo small >large.c && git add -A && git commit -qm large",
    script: "truncate -s 20G large.c",
    tells: ["large.c"],
  },
  {
    name: "a directory that is removed and made again under the watch",
    script: `for turn in $(seq 100); do
  rm -rf deep; mkdir deep; echo evil >deep/b.c
done`,
    tells: ["deep/b.c"],
  },
  {
    name: "a directory that nobody may read",
    before: `mkdir closed && echo x >closed/c.c && git add -A
git commit -qm closed && chmod 0 closed`,
    script: "chmod 755 closed; echo evil >closed/c.c",
    tells: ["closed/c.c"],
  },
  {
    name: "a directory that is moved out of the work space and back",
    script: `mv deep "$HOME/other/deep"; echo evil >>"$HOME/other/deep/b.c"
mv "$HOME/other/deep" deep`,
    tells: ["deep/b.c"],
  },
  {
    name: "a directory that is moved within the work space, and written to",
    script: "mv deep moved; sleep 1; echo evil >>moved/b.c; mv moved deep",
    tells: ["deep/b.c"],
  },
  {
    name: "a pipe, a socket and a device in place of sources",
    script: `rm deep/b.c; mkfifo deep/b.c; mknod deep/null c 1 3
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("deep/socket")'`,
    tells: ["deep/b.c"],
  },
  {
    name: "links that lead in circles",
    script: "ln -s . circle; ln -s circle/circle circle2; ln -s / root; " +
      "rm deep/b.c; ln -s b.c deep/b.c",
    tells: ["deep/b.c"],
  },
  {
    name: "an index that is cut",
    isUnreadable: true,
    before: "truncate -s 60 .git/index",
  },
  {
    name: "an index of chance",
    isUnreadable: true,
    before: "head -c 100000 /dev/urandom >.git/index",
  },
  {
    name: "an index that says it has 4,294,967,295 entries",
    isUnreadable: true,
    before: `printf 'DIRC\\0\\0\\0\\2\\377\\377\\377\\377' >.git/index`,
  },
  {
    name: "an index that is a pipe",
    isUnreadable: true,
    before: "rm .git/index && mkfifo .git/index",
  },
  {
    name: "an index of 3 GB",
    isUnreadable: true,
    before: "truncate -s 3G .git/index",
  },
  {
    name: "a configuration that includes itself, and a device",
    before:
      `printf '[include]\\n\\tpath = config\\n[include]\\n\\tpath = /dev/zero\\n' \
>>.git/config`,
  },
  {
    name: "objects that are cut, and packs of chance",
    before: `find .git/objects -type f -exec truncate -s 7 {} +
mkdir -p .git/objects/pack && head -c 5000 /dev/urandom >.git/objects/pack/pack-1.pack
head -c 5000 /dev/urandom >.git/objects/pack/pack-1.idx`,
  },
];

/** The same where there is no repository in all of the work space. */
const NO_REPOSITORY: readonly Hostile[] = [
  {
    name: "a git directory that leads to itself",
    before: "mv .git gone && echo 'gitdir: .git' >.git",
  },
  {
    name: "a git directory that leads to a device",
    before: "mv .git gone && echo 'gitdir: /dev/zero' >.git",
  },
];

/** Read as UTF-8, as the journal's paths are. */
function isTold(
  { files }: Pick<Ended, "files">,
  wanted: string | RegExp,
): boolean {
  return files.some(({ path, overwritten }) =>
    overwritten &&
    (typeof wanted === "string" ? path === wanted : wanted.test(path))
  );
}

/** What must be told of a row whose repository is in `place`. */
function wantedOf({ tells = [] }: Hostile, place: string) {
  return ["a.c", ...tells].map((path) =>
    typeof path === "string" ? `${place}/${path}` : path
  );
}

/** Lays out each row in a repository of its own. */
function setUp(rows: readonly Hostile[]): string {
  return rows.map(({ before = "" }, row) =>
    `mkdir -p "$0/work/${row}" && cd "$0/work/${row}"\n${REPOSITORY}\n${before}`
  ).join("\n");
}

async function judge(
  test: Deno.TestContext,
  { by, rows }: {
    readonly by: FileSourceName;
    readonly rows: readonly Hostile[];
  },
): Promise<void> {
  await using ground = await SourceGround.open({ by, setup: setUp(rows) });
  const placed = rows.map((row, at) => {
    const place = `${ground.work}/${at}`;
    return { row, place, wanted: wantedOf(row, place) };
  });
  for (const { row: { script = "" }, place } of placed) {
    const { code, output } = await ground.sh(
      `set -eu; cd ${place}\n${script}\n${OVERWRITE}`,
    );
    assert.equal(code, 0, output);
  }
  await ground.told((files) =>
    placed.every(({ row, wanted }) =>
      row.isUnreadable || wanted.every((path) => isTold({ files }, path))
    )
  );
  const { files, events } = await ground.end();
  const impaired = events.flatMap((event) =>
    event.kind === "agent" && event.event === "impaired" ? [event.message] : []
  );
  for (const { row, place, wanted } of placed) {
    await test.step(row.name, () => {
      if (row.isUnreadable) {
        assert.ok(
          impaired.some((message) => message?.includes(`${place}:`)),
          impaired.join("\n"),
        );
        return;
      }
      for (const path of wanted) {
        assert.ok(
          isTold({ files }, path),
          `nothing is told of ${path}:\n` +
            files.map(describe).join("\n"),
        );
      }
    });
  }
}

for (const by of SOURCES) {
  Deno.test(`${by} tells what is overwritten beside what is hostile`, async (test) => {
    await judge(test, { by, rows: HOSTILE });
  });

  for (const row of NO_REPOSITORY) {
    Deno.test(`${by} tells what is overwritten beside ${row.name}`, async (test) => {
      await judge(test, { by, rows: [row] });
    });
  }
}

/** Each leaves a mark when it is run, whoever runs git. */
const TRAPS = `trap="$0/sprung"
for hook in post-checkout post-index-change pre-commit fsmonitor-watchman; do
  printf '#!/bin/sh\\ntouch "%s-%s"\\n' "$trap" $hook >.git/hooks/$hook
  chmod +x .git/hooks/$hook
done
cat >>.git/config <<END
[core]
	fsmonitor = touch $trap-fsmonitor
	pager = touch $trap-pager
	editor = touch $trap-editor
	sshCommand = touch $trap-ssh
	hooksPath = .git/hooks
	attributesFile = /dev/zero
[alias]
	status = !touch $trap-alias
	ls-files = !touch $trap-alias
[diff "trap"]
	textconv = touch $trap-textconv
	command = touch $trap-diff
[filter "trap"]
	clean = touch $trap-clean
	smudge = touch $trap-smudge
	process = touch $trap-process
	required = true
[credential]
	helper = !touch $trap-credential
END
echo '* filter=trap diff=trap' >.git/info/attributes`;

for (const by of SOURCES) {
  Deno.test(`${by}: no hook, filter, monitor or alias of a repository is ever run`, async () => {
    await using ground = await SourceGround.open({
      ...{ by, setup: `${REPOSITORY}\n${TRAPS}` },
    });
    assert.equal((await ground.sh(OVERWRITE)).code, 0);
    const { files } = await ground.end();
    assert.ok(isTold({ files }, `${ground.work}/a.c`));
    const { stdout } = await ground.cell.in([
      ...["sh", "-c", 'ls "$0" | grep sprung || :', ground.cell.directory],
    ]);
    assert.equal(stdout, "");
  });
}
