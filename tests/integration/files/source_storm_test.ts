/** Many changes at once, and changes that the kernel could not tell. */
import assert from "node:assert/strict";
import { blobOf, sha256Of } from "./content_ids.ts";
import {
  describe,
  SourceGround,
  SOURCES,
  type ToldFile,
} from "./source_ground.ts";

const FILES = 5_000;
const WRITES = 10_000;
const SECOND = 1_000_000;
const EMPTY = sha256Of("");
/** What each file holds at last. */
const LAST = Array.from({ length: FILES }, (_, file) => contentOf(file, 1));
/** For what is told of so many, on a machine that has others to do. */
const TOLD_MS = 120_000;

/** These are enough for more changes than inotify has room for. */
const FEW = 1_000;
const TURNS = 10;

/** As `tests/lab/write_many.c` names them. */
function setUp(files: number): string {
  return `git init -q
for d in 0 1 2 3 4 5 6 7 8 9; do mkdir d$d; done
for f in $(seq 0 ${files - 1}); do echo "original $f" >d$((f / 500))/f$f; done
git add -A && git commit -qm sources`;
}

function pathOf(work: string, file: number): string {
  return `${work}/d${Math.floor(file / 500)}/f${file}`;
}

for (const by of SOURCES) {
  Deno.test(`${by} loses none of ${WRITES} writes in a second to ${FILES} files, and keeps their order`, async () => {
    await using ground = await SourceGround.open({
      ...{ by, setup: setUp(FILES), programs: ["write_many"] },
    });
    const { pid, code, output } = await ground.run([
      ...[ground.program("write_many"), ground.work],
      ...[String(FILES), String(WRITES), String(SECOND)],
    ]);
    assert.equal(code, 0, output);
    const files = await ground.told((files) => {
      const states = lastStates(files);
      return LAST.every((state, file) =>
        states.get(pathOf(ground.work, file)) === state
      );
    }, TOLD_MS);
    const told = Map.groupBy(files, ({ path }) => path);
    for (let file = 0; file < FILES; file++) {
      const path = pathOf(ground.work, file);
      const events = told.get(path) ?? [];
      assert.ok(events.length > 0, `nothing is told of ${path}`);
      const [first, last] = [events[0]!, events.at(-1)!];
      const all = events.map(describe).join("\n");
      assert.equal(first.before!.blob, blobOf(`original ${file}\n`), all);
      // The last word of each is what is read there now, and what was told of
      // in between was written before it.
      assert.equal(last.after!.sha256, LAST[file], all);
      // A look can find it as it is between the opening and the writing.
      const states = events.map(({ after }) => after!.sha256)
        .filter((state) => state !== EMPTY);
      const known = [contentOf(file, 0), LAST[file]!];
      assert.deepEqual(states, known.filter((each) => states.includes(each)));
      for (const { process } of by === "fanotify" ? events : []) {
        assert.equal(process?.pid, pid, all);
      }
    }
    const { events } = await ground.end();
    const lost = events.filter((event) =>
      event.kind === "agent" && event.event === "coverage_lost"
    );
    assert.deepEqual(lost, []);
  });

  Deno.test(`${by} looks at everything when changes were lost`, async () => {
    await using ground = await SourceGround.open({
      ...{ by, setup: setUp(FEW), programs: ["write_many"] },
    });
    // A stopped agent cannot take out what the kernel keeps: inotify has room
    // for 16,384, fanotify for all.
    const { output } = await ground.sh("echo $PPID");
    const agent = await agentOf(Number(output.trim()));
    Deno.kill(agent, "SIGSTOP");
    try {
      const wrote = await ground.cell.in([
        ...[ground.program("write_many"), ground.work],
        ...[String(FEW), String(FEW * TURNS), "0"],
      ]);
      assert.equal(wrote.code, 0, wrote.stderr);
    } finally {
      Deno.kill(agent, "SIGCONT");
    }
    const files = await ground.told(
      (files) => lastStates(files).size >= FEW,
      TOLD_MS,
    );
    assert.equal(lastStates(files).size, FEW);
    for (const [path, state] of lastStates(files)) {
      assert.equal(state, sha256Of(await Deno.readTextFile(path)), path);
    }
    const { events } = await ground.end();
    const lost = events.filter((event) =>
      event.kind === "agent" && event.event === "coverage_lost"
    );
    if (by === "inotify") assert.ok(lost.length > 0, "no loss is told");
  });
}

function contentOf(file: number, turn: number): string {
  return sha256Of(`${turn * FILES + file}\n`);
}

function lastStates(files: readonly ToldFile[]): Map<string, string | null> {
  return new Map(
    files.filter(({ change }) => change === "modified")
      .map(({ path, after }) => [path, after?.sha256 ?? null]),
  );
}

/** Above the order are the driver's shells and then Sluice. */
async function agentOf(pid: number): Promise<number> {
  for (let at = pid; at > 1;) {
    const args = await Deno.readTextFile(`/proc/${at}/cmdline`);
    if (args.includes("agent/cli.ts")) return at;
    const status = await Deno.readTextFile(`/proc/${at}/status`);
    at = Number(/^PPid:\s+(\d+)$/m.exec(status)![1]);
  }
  throw new Error(`Cannot find the agent above ${pid}`);
}
