/** Work spaces wherever they are, and whatever says what is source there. */
import assert from "node:assert/strict";
import { blobOf, sha256Of } from "./content_ids.ts";
import {
  describe,
  overwrittenIn,
  SourceGround,
  SOURCES,
} from "./source_ground.ts";
import { fileLines, original, overwritten } from "./source_texts.ts";

/** A file system in a file, which ends with the mount namespace. */
function image(make: string): string {
  return `truncate -s 400M "$0/image" && ${make} "$0/image" >/dev/null 2>&1
mount -o loop "$0/image" "$0/work" && cd "$0/work"`;
}

/** Shell lines that make the work space what it is; it is empty then. */
const PLACES: readonly {
  name: string;
  setup: string;
  /** Whether FICLONE is to be had. */
  clones?: boolean;
  /** Whether fanotify refuses it, so that inotify has to do. */
  isWithoutHandles?: boolean;
  /** Whether files are stamped with whole seconds. */
  isCoarse?: boolean;
}[] = [
  {
    name: "a file system in memory",
    setup: 'mount -t tmpfs tmpfs "$0/work" && cd "$0/work"',
  },
  {
    name: "an overlay, as containers have it",
    setup: `mkdir "$0/lower" "$0/layers"
mount -t tmpfs tmpfs "$0/layers" && mkdir "$0/layers/upper" "$0/layers/work"
mount -t overlay overlay -o \
"lowerdir=$0/lower,upperdir=$0/layers/upper,workdir=$0/layers/work" "$0/work"
cd "$0/work"`,
    isWithoutHandles: true,
  },
  { name: "Btrfs", setup: image("mkfs.btrfs -q"), clones: true },
  {
    name: "a subvolume of Btrfs",
    setup: `${image("mkfs.btrfs -q")}
btrfs -q subvolume create inner && cd / && umount "$0/work"
mount -o loop,subvol=inner "$0/image" "$0/work" && cd "$0/work"`,
    ...{ clones: true, isWithoutHandles: true },
  },
  { name: "XFS", setup: image("mkfs.xfs -q"), clones: true },
  {
    name: "ext4 with small inodes",
    setup: image("mkfs.ext4 -q -I 128"),
    isCoarse: true,
  },
  {
    name: "a directory bound from elsewhere",
    setup: 'mkdir "$0/real" && mount --bind "$0/real" "$0/work" && ' +
      'cd "$0/work"',
  },
];

const WAYS = ["truncate-and-write", "rename-beside", "mapped", "in-place"];

for (const by of SOURCES) {
  for (const place of PLACES) {
    const { name, setup, clones, isWithoutHandles = false } = place;
    Deno.test(`${by} tells what is overwritten in ${name}, and no checkout`, async () => {
      const ways = clones ? [...WAYS, "clone"] : WAYS;
      await using ground = await SourceGround.open({
        ...{ by, programs: ["overwrite"] },
        setup: [
          ...[setup, "git init -q"],
          ...ways.map((way) => fileLines(`${way}.c`, original(way))),
          "git add -A && git commit -qm sources",
          "git checkout -q -b other && sed -i s/granted/given/ *.c",
          "git commit -qam other && git checkout -q main && mkdir .other",
          ...ways.map((way) => fileLines(`.other/${way}.c`, overwritten(way))),
        ].join("\n"),
      });
      const quiet = "git checkout -q other && git checkout -q main";
      const { code, output } = await ground.sh(`sleep 0.2; ${quiet}`);
      assert.equal(code, 0, output);
      assert.deepEqual(overwrittenIn(await ground.files()), []);
      for (const way of ways) {
        // Right after a second whoever writes is younger than the file's time.
        if (place.isCoarse) await untilSecond();
        const { code, output } = await ground.run([
          ...[ground.program("overwrite"), way, `${ground.work}/${way}.c`],
          `${ground.work}/.other/${way}.c`,
        ]);
        assert.equal(code, 0, `${way}: ${output}`);
      }
      const { files, events } = await ground.end();
      const armed = events.find((event) =>
        event.kind === "agent" && event.event === "armed"
      );
      const isNamed = JSON.stringify(armed).includes('"fanotify"');
      assert.equal(isNamed, by === "fanotify" && !isWithoutHandles);
      assert.equal(overwrittenIn(files).length, ways.length, all(files));
      for (const way of ways) {
        const told = files.find(({ path, change }) =>
          path === `${ground.work}/${way}.c` && change === "modified"
        );
        assert.equal(told?.after?.sha256, sha256Of(overwritten(way)), way);
        if (isNamed) assert.equal(told!.process?.args[1], way);
      }
    });
  }
}

async function untilSecond(): Promise<void> {
  const restMs = 1050 - Date.now() % 1000;
  await new Promise((resolve) => setTimeout(resolve, restMs));
}

/** Each overwrites `PATH`, which held `original("a")` before. */
const BASELINES: readonly {
  name: string;
  setup: string;
  script?: string;
  path?: string;
  /** Content before; null is not asserted. */
  before?: string | null;
}[] = [
  { name: "no git at all", setup: "" },
  {
    name: "a first checkout into an empty work space",
    setup: `mkdir "$0/up" && mv a.c "$0/up" && cd "$0/up" && git init -q
git add -A && git commit -qm first`,
    script: 'git init -q . && git fetch -q "$HOME/up" main && ' +
      "git checkout -q --force FETCH_HEAD && sleep 0.5",
  },
  {
    name: "several repositories",
    setup: `mkdir -p one two && mv a.c two && touch one/x && for each in one two
do (cd $each && git init -q && git add -A && git commit -qm first); done`,
    path: "two/a.c",
  },
  {
    name: "a submodule",
    setup: `mkdir "$0/up" && mv a.c "$0/up" && (cd "$0/up" && git init -q &&
git add -A && git commit -qm first)
git init -q && git submodule --quiet add "$0/up" inner && git commit -qm outer`,
    path: "inner/a.c",
  },
  {
    name: "a worktree",
    setup: `mkdir "$0/up" && mv a.c "$0/up" && cd "$0/up" && git init -q
git add -A && git commit -qm first
git worktree add -q "$0/work/tree" --detach main`,
    path: "tree/a.c",
  },
  {
    name: "a git directory elsewhere",
    setup: 'git init -q --separate-git-dir "$0/up.git" && git add -A && ' +
      "git commit -qm first",
  },
  {
    name: "a sparse checkout with a sparse index",
    setup: `git init -q && mkdir -p in out/deep && cp a.c in && touch out/deep/x
git add -A && git commit -qm first
git sparse-checkout set --sparse-index --cone in`,
    path: "in/a.c",
  },
  {
    name: "a split index",
    setup: `git init -q && git update-index --split-index && git add -A
git commit -qm first && touch b && git add b`,
  },
  {
    name: "an index of version 4",
    setup: "git init -q && git update-index --index-version 4 && " +
      "git add -A && git commit -qm first",
  },
  {
    name: "object ids of SHA-256",
    setup: "git init -q --object-format=sha256 && git add -A && " +
      "git commit -qm first",
  },
  {
    name: "line ends that git converts",
    setup: `git init -q && echo '*.c text eol=crlf' >.gitattributes
git add -A && git commit -qm first && rm a.c && git checkout -q a.c`,
    before: original("a").replaceAll("\n", "\r\n"),
  },
  {
    name: "packed objects only",
    setup: "git init -q && git add -A && git commit -qm first && " +
      "git gc -q --aggressive --prune=now",
  },
  {
    name: "a file that was changed before the guard came",
    setup: `git init -q && echo 'old' >a.c && git add -A && git commit -qm first
${fileLines("a.c", original("a"))}`,
  },
  {
    name: "a change that no time stamp shows, before the guard came",
    setup: `git init -q && sed -i s/return/rEturn/ a.c && git add -A
git commit -qm first && touch -r a.c "$0/stamp" && sed -i s/rEturn/return/ a.c
touch -r "$0/stamp" a.c`,
  },
  {
    name: "a name that is not in UTF-8",
    setup: `mv a.c "$(printf 'a-\\377.c')" && git init -q && git add -A
git commit -qm first`,
    path: "a-\ufffd.c",
    script: `cp "$HOME/other/a.c" "$(printf 'a-\\377.c')"; exit`,
  },
];

for (const by of SOURCES) {
  for (const row of BASELINES) {
    const { name, setup, script = "", path = "a.c", before } = row;
    Deno.test(`${by} knows the sources of ${name}`, async () => {
      await using ground = await SourceGround.open({
        by,
        setup: [
          fileLines("a.c", original("a")),
          fileLines("$0/other/a.c", overwritten("a")),
          setup,
        ].join("\n"),
      });
      const order = `set -eu\n${script}\n` +
        `cp "$HOME/other/a.c" '${path}'; echo built >output.o`;
      const { code, output } = await ground.sh(order);
      assert.equal(code, 0, output);
      const { files } = await ground.end();
      const lines = overwrittenIn(files);
      assert.equal(lines.length, 1, all(files));
      const told = files.find(({ overwritten }) => overwritten)!;
      assert.equal(told.path, `${ground.work}/${path}`);
      assert.equal(told.change, "modified");
      // The one that git does not name by is null when nobody has read it.
      const was = before ?? original("a");
      const { blob, sha256 } = told.before!;
      const known = [blobOf(was), blobOf(was, "sha256"), sha256Of(was)];
      assert.ok(known.includes(blob ?? sha256 ?? ""), all(files));
      assert.equal(told.after!.sha256, sha256Of(overwritten("a")));
      assert.match(told.diff ?? "", /\+.*granted = 1/);
    });
  }
}

for (const by of SOURCES) {
  Deno.test(`${by} takes the agent's own journal for no source`, async () => {
    await using ground = await SourceGround.open({
      ...{ by, setup: fileLines("a.c", original("a")) },
      // Its directory, where the journal is as well.
      flags: ["--workspace", "..", "--watch", "source,process"],
    });
    const { code, output } = await ground.sh("echo other >a.c; sleep 0.5");
    assert.equal(code, 0, output);
    const { files } = await ground.end();
    const paths = files.map(({ path }) => path);
    assert.deepEqual(paths, [`${ground.work}/a.c`], all(files));
  });
}

function all(files: Parameters<typeof overwrittenIn>[0]): string {
  return files.map(describe).join("\n");
}
