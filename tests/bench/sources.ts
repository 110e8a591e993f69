/**
 * What it costs to have sources watched: until they are known, while git puts
 * them in place, and while they are compiled.
 *
 * As with executions, the two sides take turns: a watch is on file systems, so
 * they cannot stand beside each other.
 *
 * @module
 */
import { Lab } from "../lab/lab.ts";
import { runOrThrow } from "../lab/command.ts";
import { writeProject } from "./c_project.ts";
import type { Turns } from "./executions.ts";
import { readMemory, readPeakBytes } from "./process.ts";
import { runSluice } from "./sluice.ts";

/** How much is measured. */
export interface SourceEffort {
  readonly turns: number;
  /** Files that are tracked when a guard is armed. */
  readonly tracked: number;
  /** Files that git puts into an empty work tree. */
  readonly placed: number;
  /** C files of the build. */
  readonly compiled: number;
}

/** All that is measured of sources; times in milliseconds. */
export interface SourceFigures {
  readonly effort: SourceEffort;
  /** Where git's index says what the files hold. */
  readonly arming: Turns;
  /** Where each file has to be read. */
  readonly hashing: Turns;
  /** Bytes, resident, right after the first of both. */
  readonly memory: Turns;
  readonly checkout: Turns;
  /** Bytes, resident, at most until the checkout was over. */
  readonly peak: readonly number[];
  readonly build: Turns;
}

/** With or without sources; the rest of the guard is the same. */
type Side = keyof Turns;

const SIDES: readonly Side[] = ["none", "sluice"];
const TIMEOUT_MS = 600_000;

/** One commit. */
const REPOSITORY = `git init -q "$0"
awk -v files="$1" 'BEGIN {
  printf "commit refs/heads/main\\n"
  printf "committer Nobody <nobody@example.invalid> 1 +0000\\n"
  printf "data 1\\nx\\n"
  for (file = 0; file < files; file++) {
    text = sprintf("int f%d(int x) {\\n  return 1 + x;\\n}\\n", file)
    printf "M 100644 inline d%d/f%d.c\\n", file / 100, file
    printf "data %d\\n%s\\n", length(text), text
  }
}' | git -C "$0" fast-import --quiet
git -C "$0" checkout -q -B main main`;

/**
 * Measures in a lab of its own.
 *
 * @throws {Error} When git, the build or a guard fails.
 */
export async function measureSources(
  effort: SourceEffort,
): Promise<SourceFigures> {
  await using lab = await Lab.up();
  const tracked = await makeRepository(lab, "tracked", effort.tracked);
  const placed = await makeRepository(lab, "placed", effort.placed);
  const build = await writeProject(lab.directory, effort.compiled);
  const compiled = `${lab.directory}/project`;
  await runOrThrow(["git", "init", "-q", compiled]);
  await runOrThrow(["git", "-C", compiled, "add", "."]);
  const turns = () => ({ none: [] as number[], sluice: [] as number[] });
  const figures = {
    ...{ arming: turns(), hashing: turns(), memory: turns() },
    ...{ checkout: turns(), build: turns(), peak: [] as number[] },
  };
  const run = async (command: readonly string[]) => {
    const result = await lab.in("run", command, { timeoutMs: TIMEOUT_MS });
    if (result.code === 0) return result.milliseconds;
    throw new Error(`Cannot measure "${command}": ${result.stderr}`);
  };
  const measure = async (side: Side) => {
    {
      await using guard = await arm(lab, { side, workspace: tracked });
      figures.arming[side].push(guard.ownMs);
      figures.memory[side].push((await readMemory(guard.pid)).resident);
    }
    {
      // Whether git converts a file is not its index's to say.
      const attributes = `${tracked}/.git/info/attributes`;
      await Deno.mkdir(`${tracked}/.git/info`, { recursive: true });
      await Deno.writeTextFile(attributes, "* text eol=lf\n");
      await using guard = await arm(lab, { side, workspace: tracked });
      await Deno.remove(attributes);
      figures.hashing[side].push(guard.ownMs);
    }
    {
      // A new one each time: ext4 is slow at giving out inodes again that it
      // has just got back, which would be measured in place of all else.
      const workspace = await Deno.makeTempDir({ dir: lab.directory });
      const clone = ["git", "clone", "-q", "--shared", "--no-checkout"];
      await run([...clone, placed, workspace]);
      await using guard = await arm(lab, { side, workspace });
      figures.checkout[side].push(
        await run(["git", "-C", workspace, "checkout", "-q", "HEAD"]),
      );
      if (side === "sluice") figures.peak.push(await readPeakBytes(guard.pid));
    }
    await using _guard = await arm(lab, { side, workspace: compiled });
    figures.build[side].push(await run(build));
  };
  for (let turn = 0; turn < effort.turns; turn++) {
    // Each goes first as often as the other.
    const sides = turn % 2 === 0 ? SIDES : SIDES.toReversed();
    for (const side of sides) await measure(side);
  }
  return { effort, ...figures };
}

async function makeRepository(
  lab: Lab,
  name: string,
  files: number,
): Promise<string> {
  const path = `${lab.directory}/${name}`;
  const made = await lab.in(
    "run",
    ["sh", "-euc", REPOSITORY, path, String(files)],
    { timeoutMs: TIMEOUT_MS },
  );
  if (made.code === 0) return path;
  throw new Error(`Cannot make a repository: ${made.stderr}`);
}

async function arm(
  lab: Lab,
  { side, workspace }: { side: Side; workspace: string },
): Promise<AsyncDisposable & { pid: number; ownMs: number }> {
  const state = await Deno.makeTempDir({ dir: lab.directory });
  const watch = side === "none"
    ? ["--watch", "process"]
    : ["--watch", "process,source", "--workspace", workspace];
  const { stdout } = await runSluice([
    ...["start", "--netns", lab.netnsPath("run"), "--state", state],
    ...["--egress", "audit", ...watch],
  ]);
  const { pid, milliseconds: ownMs } = JSON.parse(stdout);
  return {
    ...{ pid, ownMs },
    async [Symbol.asyncDispose]() {
      await runSluice(["stop", "--state", state]);
    },
  };
}
