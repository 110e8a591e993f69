/** One contract for both interfaces by which changes of files are heard of. */
import assert from "node:assert/strict";
import {
  ACT,
  type FileSourceName,
} from "../../../agent/observe/files/file_source.ts";
import { bytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import { FileGround } from "./file_ground.ts";

/** Whether a source tells who did it. */
const SOURCES: readonly { name: FileSourceName; hasPid: boolean }[] = [
  { name: "fanotify", hasPid: true },
  { name: "inotify", hasPid: false },
];

const BEFORE = `
os.makedirs("a/b/c")
for name in ["a/f", "a/g", "a/b/c/deep", "../out/x"]: open(name, "w").write("old")
os.makedirs("../out/d/e"); open("../out/d/e/x", "w").write("old")
`;

interface Row {
  readonly name: string;
  readonly act: string;
  /** All that is told, acts of a path together. */
  readonly wanted: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    name: "a file that is truncated and written",
    act: `open("a/f", "w").write("new")`,
    wanted: ["/a/f WRITTEN CLOSED"],
  },
  {
    name: "a file that is appended to",
    act: `open("a/f", "a").write("new")`,
    wanted: ["/a/f WRITTEN CLOSED"],
  },
  {
    name: "a file deep in the tree",
    act: `open("a/b/c/deep", "r+").write("new")`,
    wanted: ["/a/b/c/deep WRITTEN CLOSED"],
  },
  {
    name: "a file that is written and kept open",
    act: `kept = open("a/f", "r+b", 0); kept.write(b"new")`,
    wanted: ["/a/f WRITTEN"],
  },
  {
    name: "truncate(2)",
    act: `os.truncate("a/f", 1)`,
    wanted: ["/a/f WRITTEN"],
  },
  {
    name: "a new file",
    act: `open("a/new", "w").write("new")`,
    wanted: ["/a/new WRITTEN CLOSED CREATED"],
  },
  {
    name: "a file that is renamed over another",
    act: `os.rename("a/g", "a/f")`,
    wanted: ["/a/f MOVED_HERE", "/a/g MOVED_AWAY"],
  },
  {
    name: "a file that comes from outside",
    act: `os.rename("../out/x", "a/f")`,
    wanted: ["/a/f MOVED_HERE"],
  },
  {
    name: "a file that leaves",
    act: `os.rename("a/f", "../out/f")`,
    wanted: ["/a/f MOVED_AWAY"],
  },
  {
    name: "files that change their places at once",
    act: `import ctypes
libc = ctypes.CDLL(None, use_errno=True)
assert libc.renameat2(-100, b"a/f", -100, b"a/g", 2) == 0`,
    wanted: ["/a/f MOVED_HERE MOVED_AWAY", "/a/g MOVED_HERE MOVED_AWAY"],
  },
  {
    name: "a file that is removed",
    act: `os.unlink("a/f")`,
    wanted: ["/a/f REMOVED"],
  },
  {
    name: "a link in the place of a file",
    act: `os.unlink("a/f"); os.symlink("../../out/x", "a/f")`,
    wanted: ["/a/f CREATED REMOVED"],
  },
  {
    name: "a new name of a file from outside",
    act: `os.link("../out/x", "a/x")`,
    wanted: ["/a/x CREATED"],
  },
  {
    name: "other permissions",
    act: `os.chmod("a/f", 0o755)`,
    wanted: ["/a/f ATTRIBUTES"],
  },
  {
    name: "times that are put back",
    act: `os.utime("a/f", (1, 1))`,
    wanted: ["/a/f ATTRIBUTES"],
  },
  {
    name: "a mapping that is written",
    act: `fd = os.open("a/f", os.O_RDWR)
m = mmap.mmap(fd, 3); m[0:3] = b"new"; m.close(); os.close(fd)`,
    wanted: ["/a/f CLOSED"],
  },
  {
    name: "copy_file_range(2)",
    act: `i = os.open("../out/x", os.O_RDONLY); o = os.open("a/f", os.O_WRONLY)
assert os.copy_file_range(i, o, 3) == 3; os.close(i); os.close(o)`,
    wanted: ["/a/f WRITTEN CLOSED"],
  },
  {
    name: "sendfile(2)",
    act: `i = os.open("../out/x", os.O_RDONLY); o = os.open("a/f", os.O_WRONLY)
assert os.sendfile(o, i, 0, 3) == 3; os.close(i); os.close(o)`,
    wanted: ["/a/f WRITTEN CLOSED"],
  },
  {
    name: "nothing of what is done outside",
    act: `open("../out/x", "w").write("new"); os.rename("../out/x", "../out/y")
os.makedirs("../out/m/n"); shutil.rmtree("../out/m")`,
    wanted: [],
  },
  {
    name: "nothing of who only reads",
    act: `open("a/f").read(); os.listdir("a")`,
    wanted: [],
  },
  {
    name: "an empty directory that comes and goes",
    act: `os.mkdir("a/n"); os.rmdir("a/n")`,
    wanted: ["/a/n/ CREATED REMOVED"],
  },
];

for (const { name: source, hasPid } of SOURCES) {
  for (const { name, act, wanted } of ROWS) {
    Deno.test(`${source} tells ${name}`, async () => {
      await using ground = await FileGround.by(source, BEFORE);
      await ground.act(act);
      assert.deepEqual(ground.hearTogether(), wanted);
      for (const change of ground.told) {
        assert.ok(change.kind === "change");
        assert.equal(change.pid, hasPid ? ground.pid : null);
      }
      assert.deepEqual(ground.source.takeRefused(), []);
    });
  }

  Deno.test(`${source} tells what is made in new directories`, async () => {
    await using ground = await FileGround.by(source);
    await ground.act(`
for name in range(50):
    os.makedirs(f"n{name}/a/b")
    open(f"n{name}/a/b/f", "w").write("new")`);
    const heard = ground.hearTogether();
    for (let name = 0; name < 50; name++) {
      const ends = ["/", "/a/", "/a/b/", "/a/b/f"];
      for (const end of ends) {
        const start = `/n${name}${end} `;
        const line = heard.find((each) => each.startsWith(start));
        assert.ok(line?.includes("CREATED"), `${start}: ${line}`);
      }
    }
    // Those who come later are heard of like all others.
    await new Promise((resolve) => setTimeout(resolve, 300));
    ground.hear();
    await ground.act(`kept = open("n7/a/b/f", "r+b", 0); kept.write(b"x")`);
    assert.deepEqual(ground.hearTogether(), ["/n7/a/b/f WRITTEN"]);
  });

  Deno.test(`${source} follows directories that are moved`, async () => {
    await using ground = await FileGround.by(source, BEFORE);
    await ground.act(`os.rename("a/b", "moved")`);
    assert.deepEqual(ground.hearTogether(), [
      "/a/b/ MOVED_AWAY",
      "/moved/ MOVED_HERE",
    ]);
    await ground.act(`os.truncate("moved/c/deep", 1)`);
    assert.deepEqual(ground.hearTogether(), ["/moved/c/deep WRITTEN"]);
    await ground.act(`os.rename("moved", "../out/moved")`);
    assert.deepEqual(ground.hearTogether(), ["/moved/ MOVED_AWAY"]);
    await ground.act(`open("../out/moved/c/deep", "w").write("x")`);
    // One that has left is heard for as long as it takes to be sure of that.
    ground.hear();
    await ground.act(`open("../out/moved/c/deep", "w").write("x")`);
    assert.deepEqual(ground.hearTogether(), []);
    await ground.act(`os.rename("../out/moved", "back")`);
    const back = ground.hearTogether();
    assert.ok(back.includes("/back/ MOVED_HERE"), back.join("\n"));
    await ground.act(`os.truncate("back/c/deep", 0)`);
    assert.deepEqual(ground.hearTogether(), ["/back/c/deep WRITTEN"]);
  });

  Deno.test(`${source} hears of a directory that came from outside`, async () => {
    await using ground = await FileGround.by(source, BEFORE);
    await ground.act(`open("../out/d/e/x", "a").write("x")`);
    ground.hear();
    await ground.act(`os.rename("../out/d", "a/d")`);
    const heard = ground.hearTogether();
    assert.ok(heard.includes("/a/d/ MOVED_HERE"), heard.join("\n"));
    await ground.act(`open("a/d/e/x", "a").write("x")`);
    assert.deepEqual(ground.hearTogether(), ["/a/d/e/x WRITTEN CLOSED"]);
  });

  Deno.test(`${source} tells names that are no text`, async () => {
    await using ground = await FileGround.by(source);
    const names = [[0xff, 0x0a, 0x1b], [0xc3, 0x28], [0x20, 0x27, 0x22, 0x5c]];
    for (const name of names) {
      const bytes = `bytes(${JSON.stringify(name)})`;
      await ground.act(`os.mkdir(${bytes}); open(${bytes} + b"/f", "w")`);
    }
    const heard = ground.hearTogether();
    for (const name of names) {
      const directory = `/${bytePath(Uint8Array.from(name))}/`;
      assert.ok(heard.some((each) => each.startsWith(`${directory} CREATED`)));
      assert.ok(heard.some((each) => each.startsWith(`${directory}f `)));
    }
  });

  Deno.test(`${source} follows a file by whatever name it is written`, async () => {
    const before = `${BEFORE}\nos.link("a/f", "../out/f")`;
    await using ground = await FileGround.by(source, before);
    assert.equal(ground.source.follow(ground.at("a/f")), true);
    assert.equal(ground.source.follow(ground.at("a/none")), false);
    await ground.act(`open("../out/f", "a").write("new")`);
    assert.deepEqual(ground.hearTogether(), ["/a/f WRITTEN CLOSED"]);
    await ground.act(`open("a/f", "a").write("new")`);
    assert.deepEqual(ground.hearTogether(), ["/a/f WRITTEN CLOSED"]);
    await ground.act(`os.truncate("../out/f", 1)`);
    assert.deepEqual(ground.hearTogether(), ["/a/f WRITTEN"]);
  });

  Deno.test(`${source} tells who opens a file, where that is asked for`, async () => {
    await using ground = await FileGround.by(source, BEFORE);
    assert.equal(ground.source.follow(ground.at("../out/x"), true), true);
    await ground.act(`open("../out/x").read(); open("a/f").read()`);
    assert.deepEqual(ground.hearTogether(), ["../out/x OPENED"]);
    const [change] = ground.told;
    assert.ok(change?.kind === "change");
    assert.equal(change.pid, hasPid ? ground.pid : null);
  });

  Deno.test(`${source} tells the names in a directory, and none below it`, async () => {
    await using ground = await FileGround.by(source, BEFORE);
    ground.source.watchDirectory(ground.at("../out"));
    await ground.act(`open("../out/x", "w").write("new")
open("../out/d/e/x", "w").write("new")
os.mkdir("../out/n"); open("../out/n/x", "w").write("new")
os.rename("../out/d", "../out/m"); open("../out/m/e/x", "w").write("new")`);
    assert.deepEqual(ground.hearTogether(), [
      "../out/d/ MOVED_AWAY",
      "../out/m/ MOVED_HERE",
      "../out/n/ CREATED",
      "../out/x WRITTEN CLOSED",
    ]);
  });

  Deno.test(`${source} hears of a root that was replaced`, async () => {
    await using ground = await FileGround.by(source, BEFORE);
    await ground.act(`root = os.getcwd(); os.rename(root, root + "2")`);
    const gone = ground.hear();
    assert.ok(gone.length > 0, "that it is gone is told");
    await ground.act(`os.makedirs(root + "/a"); os.chdir(root)`);
    ground.hear();
    await ground.act(`open("a/f", "w").write("new")`);
    const heard = ground.hearTogether();
    assert.deepEqual(heard, ["/a/f WRITTEN CLOSED CREATED"]);
  });

  Deno.test(`${source} loses none of 10,000 writes to 5,000 files`, async () => {
    const make = `for i in range(5000):
    os.makedirs(f"{i // 50}", exist_ok=True); open(f"{i // 50}/{i}", "w")`;
    await using ground = await FileGround.by(source, make);
    const write = `for turn in "01":
    for i in range(5000): open(f"{i // 50}/{i}", "w").write(turn * (1 + i))`;
    let isDone = false;
    const done = ground.act(write).then(() => isDone = true);
    while (!isDone) {
      ground.hear();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await done;
    ground.hear();
    const last = new Map<string, number>();
    for (const change of ground.told) {
      assert.ok(change.kind === "change");
      last.set(change.path, change.acts);
    }
    for (let i = 0; i < 5000; i++) {
      const path = bytePathOf(`${ground.root}/${Math.floor(i / 50)}/${i}`);
      assert.ok(((last.get(path) ?? 0) & ACT.CLOSED) !== 0, path);
    }
  });

  for (let seed = 1; seed <= 4; seed++) {
    Deno.test(`${source} knows all paths after moves by chance, ${seed}`, async () => {
      await using ground = await FileGround.by(source);
      const some =
        `"/".join(random.choice("abcd") for _ in range(random.randint(1, 4)))`;
      for (let turn = 0; turn < 20; turn++) {
        await ground.act(`random.seed(${seed * 100 + turn})
for step in range(100):
    try:
        kind = random.randrange(9)
        if kind < 4: os.makedirs(${some})
        elif kind < 6: os.rename(${some}, ${some})
        elif kind == 6: os.rename(${some}, "../out/" + random.choice("abcd"))
        elif kind == 7: os.rename("../out/" + random.choice("abcd"), ${some})
        else: shutil.rmtree(${some}, ignore_errors=True)
    except OSError: pass`);
        if (turn % seed === 0) ground.source.drain();
      }
      ground.hear();
      await new Promise((resolve) => setTimeout(resolve, 300));
      ground.hear();
      await ground.act(`
for path, names, files in os.walk("."): open(path + "/mark", "w").write("x")
for path, names, files in os.walk("../out"): open(path + "/mark", "w").write("x")`);
      const heard = ground.hearTogether();
      const marks = marksIn(ground.root).map((path) =>
        `${path} WRITTEN CLOSED CREATED`
      );
      assert.ok(marks.length > 0);
      assert.deepEqual(heard, marks);
    });
  }
}

/** Each file called `mark`, from the root. */
function marksIn(root: string, path = ""): string[] {
  const marks: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(`${root}${path}`)) {
    if (isDirectory) marks.push(...marksIn(root, `${path}/${name}`));
    if (name === "mark") marks.push(`${path}/mark`);
  }
  return marks.sort();
}
