/**
 * What is particular to inotify; what every source does is tested over both.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import {
  type BytePath,
  bytePath,
  bytePathOf,
  cPath,
} from "../../../ffi/byte_path.ts";
import { openBelow } from "../../../ffi/directory_entries.ts";
import { O } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { InotifyGround } from "./inotify_ground.ts";

Deno.test("inotify tells of a directory's content that was there before the watch", () => {
  using ground = new InotifyGround();
  Deno.mkdirSync(ground.at("a/b/c"), { recursive: true });
  Deno.writeTextFileSync(ground.at("a/b/c/file"), "text");
  const heard = ground.hear();
  for (
    const each of [
      "CREATED /a/",
      "CREATED /a/b/",
      "CREATED /a/b/c/",
      "CREATED /a/b/c/file",
    ]
  ) assert.ok(heard.includes(each), `${each} of ${heard}`);
  Deno.writeTextFileSync(ground.at("a/b/c/file"), "more");
  assert.deepEqual(ground.hear(), [
    "WRITTEN /a/b/c/file",
    "CLOSED /a/b/c/file",
  ]);
});

Deno.test("inotify follows a directory to wherever it is moved", () => {
  using ground = new InotifyGround((root) => {
    Deno.mkdirSync(`${root}/a/b/c`, { recursive: true });
    Deno.mkdirSync(`${root}/other`);
  });
  Deno.renameSync(ground.at("a/b"), ground.at("other/moved"));
  assert.deepEqual(ground.hear(), [
    "MOVED_AWAY /a/b/",
    "MOVED_HERE /other/moved/",
  ]);
  Deno.writeTextFileSync(ground.at("other/moved/c/new"), "");
  assert.deepEqual(ground.hear(), [
    "CREATED /other/moved/c/new",
    "CLOSED /other/moved/c/new",
  ]);
  // To its old name comes another.
  Deno.mkdirSync(ground.at("a/b"));
  ground.hear();
  Deno.writeTextFileSync(ground.at("a/b/x"), "");
  assert.deepEqual(ground.hear(), ["CREATED /a/b/x", "CLOSED /a/b/x"]);
});

Deno.test("inotify follows directories that change their places, unheard meanwhile", () => {
  using ground = new InotifyGround((root) => {
    for (const name of ["a/x", "b/y"]) {
      Deno.mkdirSync(`${root}/${name}`, { recursive: true });
    }
  });
  for (let turn = 0; turn < 101; turn++) {
    Deno.renameSync(ground.at("a"), ground.at("c"));
    Deno.renameSync(ground.at("b"), ground.at("a"));
    Deno.renameSync(ground.at("c"), ground.at("b"));
  }
  assert.equal(ground.hear().length, 606);
  Deno.writeTextFileSync(ground.at("a/y/1"), "");
  Deno.writeTextFileSync(ground.at("b/x/2"), "");
  assert.deepEqual(ground.hear(), [
    "CREATED /a/y/1",
    "CLOSED /a/y/1",
    "CREATED /b/x/2",
    "CLOSED /b/x/2",
  ]);
});

Deno.test("inotify hears no more of a directory that has left, until it is back", async () => {
  using ground = new InotifyGround((root) => {
    Deno.mkdirSync(`${root}/a/b`, { recursive: true });
  });
  const elsewhere = `${ground.outer}/elsewhere`;
  Deno.renameSync(ground.at("a"), elsewhere);
  assert.deepEqual(ground.hear(), ["MOVED_AWAY /a/"]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  Deno.writeTextFileSync(`${elsewhere}/b/secret`, "");
  assert.deepEqual(ground.hear(), []);
  Deno.renameSync(elsewhere, ground.at("back"));
  const heard = ground.hear();
  for (
    const each of [
      "MOVED_HERE /back/",
      "CREATED /back/b/",
      "CREATED /back/b/secret",
    ]
  ) assert.ok(heard.includes(each), `${each} of ${heard}`);
  Deno.removeSync(ground.at("back/b/secret"));
  assert.deepEqual(ground.hear(), ["REMOVED /back/b/secret"]);
});

Deno.test("inotify hears of a tree that was replaced as a whole", () => {
  using ground = new InotifyGround((root) => Deno.mkdirSync(`${root}/a`));
  Deno.removeSync(ground.root, { recursive: true });
  assert.deepEqual(ground.hear(), ["REMOVED /a/", "REMOVED /"]);
  Deno.mkdirSync(`${ground.root}/b/c`, { recursive: true });
  Deno.writeTextFileSync(ground.at("b/c/new"), "");
  assert.ok(ground.hear().includes("CREATED /b/c/new"));
  // And by another that was made beside it.
  Deno.mkdirSync(`${ground.outer}/beside/d`, { recursive: true });
  Deno.writeTextFileSync(`${ground.outer}/beside/d/file`, "");
  Deno.renameSync(ground.root, `${ground.outer}/old`);
  Deno.renameSync(`${ground.outer}/beside`, ground.root);
  const heard = ground.hear();
  for (const each of ["MOVED_AWAY /", "MOVED_HERE /", "CREATED /d/file"]) {
    assert.ok(heard.includes(each), `${each} of ${heard}`);
  }
  Deno.writeTextFileSync(ground.at("d/file"), "1");
  assert.deepEqual(ground.hear(), ["WRITTEN /d/file", "CLOSED /d/file"]);
  Deno.writeTextFileSync(`${ground.outer}/old/b/c/new`, "1");
  assert.deepEqual(ground.hear(), []);
});

Deno.test("inotify tells of a followed file once, by whatever name it is written", () => {
  using ground = new InotifyGround((root) => {
    Deno.writeTextFileSync(`${root}/file`, "");
  });
  const outside = `${ground.outer}/link`;
  Deno.linkSync(ground.at("file"), outside);
  ground.hear();
  assert.ok(ground.source.follow(bytePathOf(ground.at("file"))));
  for (let turn = 0; turn < 3; turn++) {
    Deno.writeTextFileSync(ground.at("file"), "1");
    assert.deepEqual(ground.hear().slice(-2), [
      "WRITTEN /file",
      "CLOSED /file",
    ]);
    Deno.chmodSync(ground.at("file"), 0o700 + turn);
    assert.deepEqual(ground.hear(), ["ATTRIBUTES /file"]);
    Deno.writeTextFileSync(outside, "2", { append: true });
    assert.deepEqual(ground.hear(), ["WRITTEN /file", "CLOSED /file"]);
  }
  // What was there before is another's matter now.
  Deno.writeTextFileSync(ground.at("new"), "");
  Deno.renameSync(ground.at("new"), ground.at("file"));
  ground.hear();
  Deno.writeTextFileSync(outside, "3", { append: true });
  assert.deepEqual(ground.hear(), []);
  assert.ok(ground.source.follow(bytePathOf(ground.at("file"))));
  Deno.writeTextFileSync(ground.at("file"), "4", { append: true });
  assert.deepEqual(ground.hear(), ["WRITTEN /file", "CLOSED /file"]);
  assert.equal(ground.source.follow(bytePathOf(ground.at("none"))), false);
  assert.equal(ground.source.follow(bytePathOf(ground.root)), false);
});

Deno.test("inotify tells who watches one directory of that alone", () => {
  using ground = new InotifyGround();
  const beside = `${ground.outer}/beside`;
  Deno.mkdirSync(`${beside}/below`, { recursive: true });
  ground.hear();
  ground.source.watchDirectory(bytePathOf(beside));
  Deno.writeTextFileSync(`${beside}/file`, "");
  Deno.writeTextFileSync(`${beside}/below/file`, "");
  assert.deepEqual(ground.hear(), [
    `CREATED ${beside}/file`,
    `CLOSED ${beside}/file`,
  ]);
});

Deno.test("inotify tells once of what two trees have in common", () => {
  using ground = new InotifyGround((root) => {
    Deno.mkdirSync(`${root}/a/b`, { recursive: true });
  });
  const { source } = ground;
  for (const path of [ground.at("a"), ground.outer]) {
    for (const _ of source.watchTree(bytePathOf(path)));
  }
  source.watchDirectory(bytePathOf(ground.at("a")));
  ground.hear();
  Deno.writeTextFileSync(ground.at("a/b/file"), "");
  assert.deepEqual(ground.hear(), ["CREATED /a/b/file", "CLOSED /a/b/file"]);
  Deno.mkdirSync(ground.at("a/new"));
  ground.hear();
  Deno.renameSync(ground.at("a"), ground.at("c"));
  ground.hear();
  Deno.writeTextFileSync(ground.at("c/new/file"), "");
  assert.deepEqual(ground.hear(), [
    "CREATED /c/new/file",
    "CLOSED /c/new/file",
  ]);
});

Deno.test("inotify watches what is below a directory that was watched alone", () => {
  using ground = new InotifyGround();
  const beside = `${ground.outer}/beside`;
  Deno.mkdirSync(`${beside}/below`, { recursive: true });
  ground.source.watchDirectory(bytePathOf(beside));
  Deno.renameSync(beside, ground.at("a"));
  ground.hear();
  Deno.writeTextFileSync(ground.at("a/below/file"), "");
  assert.deepEqual(ground.hear(), [
    "CREATED /a/below/file",
    "CLOSED /a/below/file",
  ]);
});

Deno.test("inotify gives names as they are, and paths over 4095 bytes", () => {
  using ground = new InotifyGround();
  using libc = new Libc();
  const name = bytePath(Uint8Array.of(0xff, 0x0a, 0x1b));
  const long = "d".repeat(250);
  let fd = openBelow(libc, -100, bytePathOf(ground.root));
  for (let depth = 0; depth < 20; depth++) {
    ground.source.drain();
    const here = `/proc/self/fd/${fd}/${long}`;
    libc.check("mkdir", libc.symbols.mkdir(cPath(bytePathOf(here)), 0o700));
    const next = openBelow(libc, fd, bytePathOf(long));
    libc.symbols.close(fd);
    fd = next;
  }
  ground.hear();
  const path = cPath(`/proc/self/fd/${fd}/${name}` as BytePath);
  const made = libc.symbols.open(path, O.CREAT | O.WRONLY | O.CLOEXEC, 0o600);
  libc.symbols.close(libc.check("open", made));
  libc.symbols.close(fd);
  const [change] = ground.source.drain();
  assert.ok(change?.kind === "change");
  assert.equal(change.path.length, ground.root.length + 20 * 251 + 4);
  assert.ok(change.path.endsWith(`/${name}`));
});

const WATCHER = new URL("./inotify_watcher.ts", import.meta.url).pathname;

Deno.test("inotify says where the kernel's limit of watches is met", async () => {
  using ground = new InotifyGround((root) => {
    for (let index = 0; index < 50; index++) {
      Deno.mkdirSync(`${root}/d${index}`);
    }
  });
  // A limit of its own, for a user of its own.
  const script = 'echo 20 >/proc/sys/user/max_inotify_watches && exec "$@"';
  const { refused } = await watchElsewhere(
    ["unshare", "-Ur", "sh", "-c", script, "sh", Deno.execPath()],
    ground.root,
  );
  // One is of the directory that the tree is in, one of the tree.
  assert.equal(refused.length, 50 - 18);
  for (const { why } of refused) {
    assert.match(why, /fs\.inotify\.max_user_watches/);
  }
});

Deno.test("inotify serves a user who may not read all, and says what", async () => {
  using ground = new InotifyGround((root) => {
    Deno.mkdirSync(`${root}/open/closed/below`, { recursive: true });
    Deno.chmodSync(`${root}/open/closed`, 0o700);
    Deno.mkdirSync(`${root}/last`);
  });
  Deno.chmodSync(ground.outer, 0o755);
  // That user could not reach the program by its path.
  const script = 'exec 3<"$0"; exec setpriv --reuid 65534 --regid 65534 ' +
    '--clear-groups /proc/self/fd/3 "$@"';
  const { refused, heard } = await watchElsewhere(
    ["sh", "-c", script, Deno.execPath()],
    ground.root,
  );
  assert.deepEqual(refused, [{
    path: ground.at("open/closed"),
    why: "Cannot complete openat: EACCES",
  }]);
  assert.ok(heard.includes(ground.at("last/probe")), `${heard}`);
});

Deno.test("inotify tells of a directory by each path that a mount gives it", async () => {
  using ground = new InotifyGround((root) => {
    Deno.mkdirSync(`${root}/last`);
    Deno.mkdirSync(`${root}/mount`);
  });
  const [last, mount] = [ground.at("last"), ground.at("mount")];
  const script = `mount --bind "${last}" "${mount}" && exec "$@"`;
  const { heard } = await watchElsewhere(
    ["unshare", "-m", "sh", "-c", script, "sh", Deno.execPath()],
    ground.root,
  );
  for (const path of [last, mount]) {
    const times = heard.filter((each) => each === `${path}/probe`).length;
    assert.equal(times, 2, path);
  }
});

/** Watches in another process, by which a file is heard of that is made here. */
async function watchElsewhere(
  [command, ...args]: readonly string[],
  root: string,
): Promise<{
  refused: readonly { path: string; why: string }[];
  heard: readonly string[];
}> {
  const cache = Deno.makeTempDirSync({ prefix: "sluice-cache-" });
  Deno.chmodSync(cache, 0o777);
  const child = new Deno.Command(command!, {
    args: [...args, "run", "-A", "--no-check", "--no-config", WATCHER, root],
    env: { DENO_DIR: cache, DENO_NO_UPDATE_CHECK: "1" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    const line = async () => {
      let text = "";
      while (!text.endsWith("\n")) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
      }
      return JSON.parse(text);
    };
    const refused = await line();
    if (existsSync(`${root}/last`)) {
      Deno.writeTextFileSync(`${root}/last/probe`, "");
    }
    await child.stdin.close();
    return { refused, heard: await line() };
  } finally {
    await child.status;
    Deno.removeSync(cache, { recursive: true });
  }
}
