/**
 * What is particular to fanotify; what every source does is tested over both.
 */
import assert from "node:assert/strict";
import { bytePathOf } from "../../../ffi/byte_path.ts";
import { FileGround } from "./file_ground.ts";

Deno.test("fanotify tells nothing of what its own process does", async () => {
  await using ground = await FileGround.by("fanotify");
  Deno.writeTextFileSync(`${ground.root}/own`, "text");
  Deno.mkdirSync(`${ground.root}/directory`);
  await ground.act(`open("other", "w")`);
  assert.deepEqual(ground.hearTogether(), ["/other CLOSED CREATED"]);
});

Deno.test("fanotify tells each of who writes to one file", async () => {
  await using ground = await FileGround.by("fanotify", `open("f", "w")`);
  await ground.act(`import subprocess
pids = [subprocess.Popen(["sh", "-c", "echo x >> f"]) for _ in range(8)]
for each in pids: each.wait()
open("pids", "w").write(" ".join(str(each.pid) for each in pids))`);
  const told = ground.hear();
  const text = Deno.readTextFileSync(`${ground.root}/pids`);
  const wanted = text.split(" ").map(Number).sort();
  const writers = told.flatMap((change) =>
    change.kind === "change" && change.path.endsWith("/f") ? [change.pid] : []
  );
  assert.deepEqual([...new Set(writers)].sort(), wanted);
});

Deno.test("fanotify tells a tree by the link that leads to it", async () => {
  const before = `os.makedirs("a"); os.symlink(os.getcwd(), "../out/link")`;
  await using ground = await FileGround.by("fanotify", before);
  await using other = await FileGround.by("fanotify");
  const link = ground.at("../out/link");
  for (const _ of other.source.watchTree(link));
  other.hear();
  await ground.act(`os.mkdir("a/b"); open("a/b/f", "w")`);
  const paths = other.hear().map((change) =>
    change.kind === "change" ? change.path : change.kind
  );
  const wanted = ["a/b", "a/b/f"].map((end) => bytePathOf(`${link}/${end}`));
  assert.deepEqual(paths, wanted);
});

Deno.test("fanotify hears of each removal in a tree that is removed at once", async () => {
  const before = `for i in range(40):
    os.makedirs(f"a/{i}/b/c"); open(f"a/{i}/b/c/f", "w")`;
  await using ground = await FileGround.by("fanotify", before);
  await ground.act(`os.rename("a", "z"); shutil.rmtree("z")`);
  const removed = ground.hear().filter((change) =>
    change.kind === "change" && /^.*\/z\/\d+\/b\/c\/f$/.test(change.path)
  );
  assert.equal(removed.length, 40);
});

Deno.test("fanotify hears of what is mounted in a tree when it is asked again", async () => {
  await using ground = await FileGround.by("fanotify", `os.mkdir("m")`);
  const mount = ["mount", "-t", "tmpfs", "none", `${ground.root}/m`];
  const unmount = ["umount", "--lazy", `${ground.root}/m`];
  run(mount);
  try {
    ground.watch(ground.root);
    await ground.act(`open("m/f", "w").write("x"); os.mkdir("m/d")`);
    assert.deepEqual(ground.hearTogether(), [
      "/m/d/ CREATED",
      "/m/f WRITTEN CLOSED CREATED",
    ]);
    await ground.act(`open("m/d/f", "w").write("x")`);
    ground.hear();
    // It must be possible for everybody to take it away again.
    run(["umount", `${ground.root}/m`]);
    run(mount);
  } finally {
    run(unmount);
  }
});

function run([program, ...args]: readonly string[]): void {
  const { success, stderr } = new Deno.Command(program!, { args }).outputSync();
  assert.ok(success, new TextDecoder().decode(stderr));
}
