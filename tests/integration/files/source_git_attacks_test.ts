/**
 * Ways to have git, or what looks like it, put other sources in place.
 *
 * The step itself is a shell that runs git; what a package's script does is
 * done by python.
 */
import assert from "node:assert/strict";
import { sha256Of } from "./content_ids.ts";
import { describe, overwrittenIn, SourceGround } from "./source_ground.ts";
import { fileLines, original, overwritten } from "./source_texts.ts";

const FEATURE = original("a").replace("granted = 0", "granted = 2");
const LARGE = "what LFS keeps\n";
const POINTER = `version https://git-lfs.github.com/spec/v1
oid sha256:${sha256Of(LARGE)}
size ${LARGE.length}
`;

/** Branches main and feature, and one that nobody asks for. */
const REPOSITORY = [
  "git init -q",
  fileLines("a.c", original("a")),
  fileLines("b.c", original("b")),
  fileLines("$0/other/a.c", overwritten("a")),
  `printf '${LARGE.trim()}\\n' >"$0/other/large"`,
  "git add -A && git commit -qm main",
  "git checkout -q -b feature",
  fileLines("a.c", FEATURE),
  "git commit -qam feature && git checkout -q -b evil main",
  'cp "$0/other/a.c" a.c && git commit -qam evil',
  'cp .git/index "$0/other/index" && git checkout -q main',
  'git diff main evil >"$0/other/evil.patch"',
].join("\n");

function python(lines: string): string {
  return `python3 - <<'END'\nimport os, subprocess\n${lines}\nEND`;
}

function scripted(command: string): string {
  return python(
    `subprocess.check_call(${JSON.stringify(command)}, shell=True)`,
  );
}

/** A hook, as a package's script can leave one. */
function hook(name: string, lines: string): string {
  return python(`open(".git/hooks/${name}", "w").write("""#!/bin/sh
${lines}
""")
os.chmod(".git/hooks/${name}", 0o755)`);
}

/** A filter that makes of every file what the script wants. */
function filter(name: string): string {
  return python(`open(".git/config", "a").write("""
[filter "${name}"]
	smudge = cat $HOME/other/a.c
""")`);
}

function attributes(text: string): string {
  return python(`open(".git/info/attributes", "w").write(${text})`);
}

const ROWS: readonly {
  name: string;
  setup?: string;
  script: string;
  /** The file that is told as overwritten. Default `a.c`. */
  path?: string;
}[] = [
  {
    name: "a checkout by a package's script",
    script: scripted("git checkout -q evil"),
  },
  {
    name: "a package's script that leaves its parents behind",
    script: scripted("setsid sh -c 'git checkout -q evil' & sleep 1"),
  },
  {
    name: "an index of the script's own",
    script: scripted(
      "export GIT_INDEX_FILE=.git/own; git read-tree evil && " +
        "git checkout-index -fqa && cp .git/own .git/index",
    ),
  },
  {
    name: "a library that writes files and the index as git does",
    script: python(`home = os.environ["HOME"]
open(".git/index.lock", "wb").write(open(home + "/other/index", "rb").read())
open("a.c", "w").write(open(home + "/other/a.c").read())
os.rename(".git/index.lock", ".git/index")`),
  },
  {
    name: "a hook that checks out something else",
    script: `${
      hook(
        "post-checkout",
        '[ "$GIT_INNER" ] || GIT_INNER=1 git reset -q --hard evil',
      )
    }
git checkout -q feature`,
  },
  {
    name: "a hook that applies a patch",
    script: `${
      hook("post-commit", "exec git apply --index $HOME/other/evil.patch")
    }
git commit -q --allow-empty -m step`,
  },
  {
    name: "a hook that is a link to git",
    setup: 'git init -q --bare "$0/other/up" && ' +
      'git remote add origin "$0/other/up"',
    // It is called with the name of the remote, and its place.
    script: `${
      python(`os.symlink("/usr/bin/git", ".git/hooks/pre-push")
open(".git/config", "a").write("""
[alias]
	origin = apply --index ../other/evil.patch --exclude
""")`)
    }
git push -q origin feature || :`,
  },
  {
    name: "a monitor of the file system",
    script: `${
      python(`open(".git/monitor", "w").write("""#!/bin/sh
unset GIT_INDEX_FILE GIT_DIR
git -c core.fsmonitor= apply --index $HOME/other/evil.patch
""")
os.chmod(".git/monitor", 0o755)
open(".git/config", "a").write("""
[core]
	fsmonitor = .git/monitor
""")`)
    }
git update-index --fsmonitor; git ls-files -m; git diff --stat HEAD`,
  },
  {
    name: "a filter by attributes that nobody tracks",
    script: `${filter("own")}\n${attributes('"*.c filter=own\\n"')}
git checkout -q feature`,
  },
  {
    name: "a filter behind more attributes than anybody reads",
    script: `${filter("own")}
${
      attributes(
        '"".join("x%d filter=none\\n" % i for i in range(3000)) + "*.c filter=own\\n"',
      )
    }
git checkout -q feature`,
  },
  {
    name: "a macro in place of one that is tracked",
    setup: `git checkout -q feature
echo '[attr]plain -diff' >.gitattributes && echo 'a.c plain' >>.gitattributes
git add -A && git commit -qm macro && git checkout -q main`,
    script: `${filter("own")}\n${attributes('"[attr]plain filter=own\\n"')}
git checkout -q feature`,
  },
  {
    name: "a filter over a file that was the object itself",
    script: `${filter("own")}\n${attributes('"*.c filter=own\\n"')}
rm a.c && git checkout -q a.c`,
  },
  {
    name: "another program in place of LFS",
    setup: `git checkout -q feature && echo 'large filter=lfs' >.gitattributes
cat >large <<'END'\n${POINTER}END
git add -A && git commit -qm lfs && git checkout -q main`,
    script: `${filter("lfs")}\ngit checkout -q feature`,
    path: "large",
  },
  {
    name: "another git directory",
    script: `${
      scripted(
        "cp -r .git .own.git && mv .git ../other/kept.git && " +
          "echo 'gitdir: .own.git' >.git && git update-ref refs/heads/main evil",
      )
    }
git reset -q --hard main`,
  },
  {
    name: "another git directory within a directory of sources",
    script: `${
      scripted(
        "mkdir own && cp -r .git own/.git && mv .git ../other/kept.git && " +
          "echo 'gitdir: own/.git' >.git && git read-tree evil && " +
          "cp ../other/a.c a.c && git update-index -q --refresh",
      )
    }`,
  },
  {
    name: "an index in place of the one that git has just put there",
    script: `cat >"$HOME/other/race.py" <<'END'
import os
home = os.environ["HOME"]
index = open(home + "/other/index", "rb").read()
evil = open(home + "/other/a.c").read()
open(home + "/other/forged", "wb").write(index)
before = os.stat(".git/index").st_ino
open(home + "/other/ready", "w")
while os.stat(".git/index").st_ino == before: pass
os.rename(home + "/other/forged", ".git/index")
open("a.c", "w").write(evil)
END
python3 "$HOME/other/race.py" & while [ ! -e "$HOME/other/ready" ]; do sleep 0.1; done
git checkout -q feature; wait`,
  },
  {
    name: "an index that is written in place after git",
    script: `cat >"$HOME/other/race.py" <<'END'
import os
home = os.environ["HOME"]
index = open(home + "/other/index", "rb").read()
evil = open(home + "/other/a.c").read()
before = os.stat(".git/index").st_ino
open(home + "/other/ready", "w")
while os.stat(".git/index").st_ino == before: pass
with open(".git/index", "r+b") as file:
    file.truncate(0); file.write(index)
open("a.c", "w").write(evil)
END
python3 "$HOME/other/race.py" & while [ ! -e "$HOME/other/ready" ]; do sleep 0.1; done
git checkout -q feature; wait`,
  },
  {
    name: "another git before git in the PATH of a later step",
    setup: "mount -t tmpfs -o mode=755 tmpfs /opt",
    script: `${
      python('subprocess.check_call(["cp", "/usr/bin/git", "/opt/git"])')
    }
PATH=/opt:$PATH; git checkout -q evil`,
  },
];

for (const { name, setup = "", script, path = "a.c" } of ROWS) {
  Deno.test(`fanotify tells what is overwritten by ${name}`, async () => {
    await using ground = await SourceGround.open({
      setup: `${REPOSITORY}\n${setup}`,
    });
    const { output } = await ground.sh(script);
    const { files } = await ground.end();
    const told = files.find((file) =>
      file.path === `${ground.work}/${path}` && file.overwritten
    );
    assert.ok(told, `${output}\n${files.map(describe).join("\n")}`);
  });
}

/** What is let through as a checkout, and told as one. */
const CHECKOUTS: readonly {
  name: string;
  setup?: string;
  script: string;
  reason?: RegExp;
  /** What may be told as removed by rm, when git came late. */
  removed?: string;
}[] = [
  {
    name: "a step that has nothing but a shell",
    script: "git checkout -q evil",
  },
  {
    name: "a branch that a package's script has moved",
    script: `${scripted("git update-ref refs/heads/main evil")}
git reset -q --hard main`,
  },
  {
    name: "a file of another commit, which no index ever says",
    script: "git restore --source=feature a.c && sleep 0.5",
  },
  {
    name: "line ends that git converts",
    setup: `git checkout -q feature && echo '*.c text eol=crlf' >.gitattributes
git add -A && git commit -qm crlf && git checkout -q main`,
    script: "git checkout -q feature && rm a.c && git checkout -q a.c",
    removed: "a.c",
  },
  {
    name: "a file that was removed before, while git is still at work",
    setup: `git checkout -q feature && echo 'z filter=slow' >.gitattributes
echo slow >z && git add -A && git commit -qm slow && git checkout -q main
git config filter.slow.smudge 'sleep 0.5; cat'`,
    script: "rm a.c && git checkout -q feature",
    removed: "a.c",
  },
  {
    name: "a keyword that git expands",
    setup: `git checkout -q feature && echo '*.c ident' >.gitattributes
echo '/* $Id$ */' >>a.c && git add -A && git commit -qm ident
git checkout -q main`,
    script: "git checkout -q feature && grep -q 'Id: ' a.c",
  },
  {
    name: "what LFS keeps, first as a pointer",
    setup: `git checkout -q feature && echo 'large filter=lfs' >.gitattributes
cat >large <<'END'\n${POINTER}END
git add -A && git commit -qm lfs && git checkout -q main
git config filter.lfs.smudge 'cat "$HOME/other/large"'`,
    script: `git -c filter.lfs.smudge=cat checkout -q feature && sleep 0.5
rm large && git checkout -q large && grep -q keeps large`,
    removed: "large",
  },
  {
    name: "a filter that only its program knows",
    setup: `git checkout -q feature && echo '*.c filter=own' >.gitattributes
git add -A && git commit -qm own && git checkout -q main
git config filter.own.smudge 'sed s/granted/known/'`,
    script: "git checkout -q feature && grep -q known a.c",
    reason: /filter has made of .*a\.c only that filter/,
  },
  {
    name: "a command for each submodule",
    setup: `git init -q "$0/other/library"
(cd "$0/other/library" && echo 1 >l.c && git add -A && git commit -qm 1 &&
  echo 2 >l.c && git commit -qam 2)
git submodule --quiet add "$0/other/library" library && git commit -qm library`,
    script: "git submodule --quiet foreach 'git checkout -q HEAD~1 && :'",
  },
];

for (const { name, setup = "", script, reason, removed } of CHECKOUTS) {
  Deno.test(`fanotify tells of a checkout, and no more, for ${name}`, async () => {
    await using ground = await SourceGround.open({
      setup: `${REPOSITORY}\n${setup}`,
    });
    const { code, output } = await ground.sh(`set -eu\n${script}`);
    assert.equal(code, 0, output);
    const { files } = await ground.end();
    // How soon git comes is the machine's affair; whose deed it is is ours.
    const others = files.filter(({ change, path, process }) =>
      change !== "deleted" || path !== `${ground.work}/${removed}` ||
      process?.args[0] !== "rm"
    );
    assert.deepEqual(overwrittenIn(others), []);
    const told = files.filter(({ change }) => change === "checkout");
    assert.ok(told.length > 0, files.map(describe).join("\n"));
    assert.ok(told.every(({ process }) => process !== null));
    if (reason) assert.ok(told.some((file) => reason.test(file.reason)));
  });
}
