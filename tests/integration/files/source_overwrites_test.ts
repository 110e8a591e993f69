/**
 * A corpus of overwrites: however other bytes come to be where a source was,
 * it is told, with what it was, what it is, and who did it.
 *
 * The oracle is what a reader finds there right after.
 */
import assert from "node:assert/strict";
import type { FileSourceName } from "../../../agent/observe/files/file_source.ts";
import { blobOf, sha256Of } from "./content_ids.ts";
import {
  describe,
  SourceGround,
  SOURCES,
  type ToldFile,
} from "./source_ground.ts";
import { fileLines, original, overwritten } from "./source_texts.ts";

/** One way, by its name in `tests/lab/overwrite.c`. */
interface Way {
  readonly way: string;
  /** Default `modified`. */
  readonly change?: ToldFile["change"];
  /** Whether the writer goes on until it is killed. */
  readonly isKept?: boolean;
  /** Of a directory: the file in it that is looked at. */
  readonly inside?: string;
  /** Interfaces that find it at the end at the latest, not at once. */
  readonly late?: readonly FileSourceName[];
  /** Where nobody can say who it was. */
  readonly isNobodys?: boolean;
  /** Whether the writer executes another program at once. */
  readonly isBrief?: boolean;
  /** Whether the writer is a descendant of what was ordered. */
  readonly isByChild?: boolean;
  /** May not be had on this file system. */
  readonly isOptional?: boolean;
  /** Whether nobody told is a build's own. Default true. */
  readonly overwritten?: boolean;
}

const WAYS: readonly Way[] = [
  { way: "truncate-and-write" },
  { way: "append" },
  { way: "in-place" },
  { way: "vectors" },
  { way: "kept-open", isKept: true },
  { way: "by-descriptor-path" },
  { way: "time-put-back" },
  { way: "rename-over" },
  { way: "rename-beside" },
  { way: "exchange" },
  { way: "link-over" },
  { way: "nameless" },
  // Who makes a name outside, writes by it and takes it away leaves nothing to
  // be heard of in the work space.
  {
    ...{ way: "by-another-name", isNobodys: true },
    late: ["fanotify", "inotify"],
  },
  { way: "by-an-old-name" },
  { way: "symbolic-link" },
  { way: "symbolic-link-by-rename" },
  { way: "mapped" },
  { way: "mapped-until-exit" },
  // No event is raised until the mapping ends.
  {
    ...{ way: "mapped-and-kept", isKept: true, isNobodys: true },
    late: ["fanotify", "inotify"],
  },
  { way: "copy-file-range" },
  { way: "sendfile" },
  { way: "splice" },
  { way: "clone", isOptional: true },
  { way: "truncate" },
  { way: "ftruncate-kept-open", isKept: true },
  { way: "zero-range", isOptional: true },
  { way: "punch-hole" },
  { way: "io-uring" },
  { way: "io-uring-worker" },
  { way: "io-uring-thread" },
  { way: "bound-elsewhere" },
  { way: "bound-over", change: "mounted", isNobodys: true },
  { way: "other-root" },
  { way: "orphan", isByChild: true },
  // Which of two programs in one tick of the clock it was, nobody can say.
  { way: "then-git", isBrief: true },
  { way: "removed", change: "deleted" },
  { way: "moved-away", change: "deleted" },
  { way: "executable", change: "mode" },
  { way: "new-program", change: "created", overwritten: false },
  { way: "directory-linked", inside: "inside.c" },
  { way: "directory-replaced", inside: "inside.c" },
  { way: "directory-exchanged", inside: "inside.c" },
];

/** Where the way writes, and what is looked at, below the work space. */
function placeOf({ way, inside }: Way): { target: string; looked: string } {
  const target = inside === undefined ? `src/${way}.c` : `src/${way}`;
  return { target, looked: inside ? `${target}/${inside}` : target };
}

function setUp(): string {
  const lines = ["git init -q"];
  for (const row of WAYS) {
    const { looked } = placeOf(row);
    const other = looked.replace(/^src/, "$0/other");
    // The program has to be new.
    if (row.change !== "created") {
      lines.push(fileLines(looked, original(row.way)));
    }
    lines.push(fileLines(other, overwritten(row.way)));
  }
  lines.push('ln src/by-an-old-name.c "$0/other/by-an-old-name.c.old"');
  lines.push("git add -A && git commit -qm sources");
  return lines.join("\n");
}

/** What was done, and what a compiler would have read then. */
interface Done {
  readonly pid: number;
  readonly code: number;
  readonly reading: string;
}

async function carryOut(ground: SourceGround, row: Way): Promise<Done> {
  const { target, looked } = placeOf(row);
  const command = [
    ...[ground.program("overwrite"), row.way, `${ground.work}/${target}`],
    target.replace(/^src/, ground.other),
  ];
  const { pid, code } = row.isKept
    ? { pid: await ground.start(command, "ready"), code: 0 }
    : await ground.run(command);
  return { pid, code, reading: await ground.read(`${ground.work}/${looked}`) };
}

function assertTold(
  files: readonly ToldFile[],
  of: { row: Way; done: Done; by: FileSourceName; path: string },
): void {
  const { row, done, by, path } = of;
  const { change = "modified" } = row;
  const told = files.filter((file) => file.path === path);
  const file = told.find((each) => each.change === change);
  assert.ok(
    file !== undefined,
    `nothing is told of ${change}: ${told.map(describe).join("\n")}`,
  );
  const before = original(row.way);
  assert.equal(file.subject, "source");
  assert.equal(file.overwritten, row.overwritten ?? true);
  assert.equal(file.rule, null);
  if (change === "modified") {
    assert.equal(file.before!.blob, blobOf(before));
    // Null where git's index says what the file was, and nobody has read it.
    assert.equal(file.before!.sha256 ?? sha256Of(before), sha256Of(before));
    if (file.after!.mode !== "120000") {
      assert.equal(file.after!.blob, blobOf(done.reading));
      assert.equal(file.after!.sha256, sha256Of(done.reading));
      assert.equal(file.after!.bytes, done.reading.length);
    }
    assert.match(file.diff ?? "", /^[-+](?![-+])./m);
  }
  if (change === "deleted") assert.equal(file.after, null);
  if (change === "mode") {
    assert.deepEqual([file.before?.mode, file.after?.mode], [
      ...["100644", "100755"],
    ]);
  }
  if (by === "inotify" || row.isNobodys) return;
  assert.ok(file.process !== null, `nobody is named: ${describe(file)}`);
  if (!row.isBrief) {
    assert.match(file.process.exe!, /\/overwrite$/);
    assert.equal(file.process.args[1], row.way);
  }
  if (!row.isByChild) assert.equal(file.process.pid, done.pid);
  assert.equal(file.step, "run");
}

for (const by of SOURCES) {
  Deno.test(`${by} tells every way to overwrite a source`, async (test) => {
    await using ground = await SourceGround.open({
      ...{ by, setup: setUp(), programs: ["overwrite"] },
    });
    const rows: { row: Way; done: Done; path: string }[] = [];
    for (const row of WAYS) {
      const done = await carryOut(ground, row);
      const path = `${ground.work}/${placeOf(row).looked}`;
      if (done.code === 3 && row.isOptional) continue;
      assert.equal(done.code, 0, row.way);
      // The oracle: where the source is still read, nothing was overwritten.
      assert.equal(done.reading === original(row.way), row.change === "mode");
      rows.push({ row, done, path });
    }
    const isLate = ({ row }: { row: Way }) => row.late?.includes(by) ?? false;
    const atOnce = rows.filter((each) => !isLate(each));
    const files = await ground.told((files) =>
      atOnce.every(({ path, row }) =>
        files.some((file) =>
          file.path === path && file.change === (row.change ?? "modified")
        )
      )
    );
    for (const each of atOnce) {
      await test.step(`${each.row.way} at once`, () => {
        assertTold(files, { ...each, by });
      });
    }
    const ended = await ground.end();
    for (const each of rows.filter(isLate)) {
      await test.step(`${each.row.way} at the end`, () => {
        assertTold(ended.files, { ...each, by });
      });
    }
    await test.step("nothing else is told as overwritten", () => {
      const others = ended.files.filter(({ path, overwritten }) =>
        overwritten && !rows.some((each) => path.startsWith(each.path)) &&
        !rows.some((each) =>
          path === `${ground.work}/${placeOf(each.row).target}`
        )
      );
      assert.deepEqual(others.map(describe), []);
    });
    await test.step("armed names the interface", () => {
      const armed = ended.events.find((event) =>
        event.kind === "agent" && event.event === "armed"
      );
      assert.match(JSON.stringify(armed), new RegExp(`"files":[^}]*${by}`));
    });
  });
}

/** Under the work space itself: what is mounted hides sources from everyone. */
const MOUNTS: readonly { name: string; script: string }[] = [
  {
    name: "an overlay over a directory of sources",
    script: `mkdir "$HOME/other/upper" "$HOME/other/layer"
mount -t overlay overlay -o \
"lowerdir=$PWD/src,upperdir=$HOME/other/upper,workdir=$HOME/other/layer" src
cp "$HOME/other/a.c" src/a.c`,
  },
  {
    name: "another directory bound over one of sources",
    script: `mkdir "$HOME/other/src" && cp "$HOME/other/a.c" "$HOME/other/src"
mount --bind "$HOME/other/src" src`,
  },
  {
    name: "an empty file system over one of sources",
    script: 'mount -t tmpfs tmpfs src && cp "$HOME/other/a.c" src',
  },
  {
    name: "another work space over the work space",
    script: `mkdir -p "$HOME/other/top/src"
cp "$HOME/other/a.c" "$HOME/other/top/src"
mount --bind "$HOME/other/top" "$PWD"`,
  },
];

for (const by of SOURCES) {
  for (const { name, script } of MOUNTS) {
    Deno.test(`${by} tells of ${name}, and of what is read there`, async () => {
      await using ground = await SourceGround.open({
        by,
        setup: [
          "git init -q",
          fileLines("src/a.c", original("a")),
          fileLines("$0/other/a.c", overwritten("a")),
          "git add -A && git commit -qm sources",
        ].join("\n"),
      });
      const { code, output } = await ground.sh(script);
      assert.equal(code, 0, output);
      const path = `${ground.work}/src/a.c`;
      assert.equal(await ground.read(path), overwritten("a"));
      const files = await ground.told((files) =>
        files.some(({ change }) => change === "mounted") &&
        files.some((file) => file.path === path && file.change === "modified")
      );
      const mounted = files.find(({ change }) => change === "mounted");
      assert.ok(mounted?.overwritten, files.map(describe).join("\n"));
      const modified = files.find((file) => file.path === path);
      assert.equal(modified?.after?.sha256, sha256Of(overwritten("a")));
    });
  }
}
