/**
 * Directories that are made, moved, exchanged and removed while inotify is
 * heard, now and then or not for long: in the end every one is heard of by the
 * path that it has.
 */
import assert from "node:assert/strict";
import { Random } from "../../fuzz/random.ts";
import { InotifyGround } from "./inotify_ground.ts";

const NAMES = ["a", "b", "c", "d"];
const STEPS = 300;

const SEEDS = 12;

/** How often is heard: each so many steps. */
const EVERY = [1, 3, 20, STEPS];

for (const every of EVERY) {
  for (let seed = 1; seed <= SEEDS; seed++) {
    Deno.test(`inotify knows all paths after ${STEPS} steps, heard each ${every}, chance ${seed}`, () => {
      using ground = new InotifyGround();
      const random = new Random(seed);
      for (let step = 0; step < STEPS; step++) {
        changeSome(ground, random);
        if (random.below(every) === 0) ground.source.drain();
      }
      ground.hear();
      assertAllHeard(ground);
    });
  }
}

for (let seed = 1; seed <= SEEDS / 2; seed++) {
  Deno.test(`inotify knows all paths after what it could not keep, chance ${seed}`, () => {
    using ground = new InotifyGround();
    const random = new Random(seed);
    for (let step = 0; step < STEPS; step++) changeSome(ground, random);
    ground.hear();
    fillQueue(ground);
    for (let step = 0; step < STEPS; step++) changeSome(ground, random);
    assert.equal(ground.hear().filter((each) => each === "lost").length, 1);
    assertAllHeard(ground);
  });
}

Deno.test("inotify knows all paths when another process changes them meanwhile", async () => {
  using ground = new InotifyGround();
  const script = `
    import os, random, shutil
    os.chdir(${JSON.stringify(ground.root)}); random.seed(1); names = "abcd"
    def some(): return "/".join(random.choice(names) for _ in range(random.randint(1, 4)))
    for step in range(6000):
        try:
            kind = random.randrange(10)
            left = "../left" + random.choice("abc")
            if kind < 4: os.makedirs(some())
            elif kind < 6: os.rename(some(), some())
            elif kind == 6: os.rename(some(), left)
            elif kind < 9: os.rename(left, some())
            else: shutil.rmtree(some(), ignore_errors=True)
        except OSError: pass`;
  const child = new Deno.Command("python3", {
    args: ["-c", script.replaceAll("\n    ", "\n")],
  }).spawn();
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  while (!hasEnded) {
    ground.source.drain();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.ok((await child.status).success);
  ground.hear();
  assertAllHeard(ground);
});

function changeSome(ground: InotifyGround, random: Random): void {
  const some = () => {
    const length = 1 + random.below(4);
    const names = Array.from(
      { length },
      () => NAMES[random.below(NAMES.length)],
    );
    return ground.at(names.join("/"));
  };
  try {
    const left = () => `${ground.outer}/left${random.below(3)}`;
    const kind = random.below(10);
    if (kind < 4) Deno.mkdirSync(some(), { recursive: true });
    else if (kind < 6) Deno.renameSync(some(), some());
    else if (kind === 6) Deno.removeSync(some(), { recursive: true });
    else if (kind === 7) Deno.renameSync(some(), left());
    else Deno.renameSync(left(), some());
  } catch (error) {
    // Not everything can be moved everywhere.
    if (!(error instanceof Error)) throw error;
  }
}

/** More than the kernel keeps: each is another than the one before. */
function fillQueue(ground: InotifyGround): void {
  const limit = Deno.readTextFileSync("/proc/sys/fs/inotify/max_queued_events");
  for (let count = 0; count <= Number(limit); count += 2) {
    Deno.writeTextFileSync(ground.at("file"), "");
    Deno.removeSync(ground.at("file"));
  }
}

/** A file in each directory, told of by its path, once and by no other. */
function assertAllHeard(ground: InotifyGround): void {
  const directories = [...listDirectories(ground.root)];
  for (const path of directories) Deno.writeTextFileSync(`${path}/probe`, "");
  const heard = ground.hear();
  const wanted = directories.flatMap((path) => {
    const name = `${path.slice(ground.root.length)}/probe`;
    return [`CREATED ${name}`, `CLOSED ${name}`];
  });
  assert.deepEqual(heard.sort(), wanted.sort());
  assert.deepEqual(ground.source.takeRefused(), []);
}

function* listDirectories(path: string): Generator<string> {
  yield path;
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) yield* listDirectories(`${path}/${name}`);
  }
}
