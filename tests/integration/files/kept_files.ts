/**
 * A guarded command with a home and a work space, and what is told of files.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { FileEvent } from "../../../agent/record/file_event.ts";
import { Cell } from "../cell.ts";
import { readEvents } from "../executing.ts";

const TIMEOUT_MS = 120_000;

/** One line about a file. */
export type FileLine = FileEvent & { readonly seq: number };

/** What a guarded script left. */
export interface KeptRun {
  /** In the order in which they were told. */
  readonly files: readonly FileLine[];
  readonly stdout: string;
  readonly stderr: string;
}

/** A place for tools that nobody else has, over /usr/local/bin. */
export async function openCell(): Promise<Cell> {
  return await Cell.open({ setup: "mount -t tmpfs tmpfs /usr/local/bin" });
}

/**
 * Runs a script of bash under guard, in `work`; `home` is its user's.
 *
 * @param cell Its directory is `$C` for both.
 * @param scripts What is done before the guard, and under it.
 */
export async function runKept(
  cell: Cell,
  scripts: {
    readonly before?: string;
    readonly guarded: string;
    /** Flags. */
    readonly more?: readonly string[];
  },
): Promise<KeptRun> {
  const { directory } = cell;
  const env = {
    ...{ C: directory, HOME: `${directory}/home`, LC_ALL: "C" },
    // Where Deno has its cache, which is at home otherwise.
    DENO_DIR: Deno.env.get("DENO_DIR") ??
      `${Deno.env.get("HOME")}/.cache/deno`,
    PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  };
  const before = `set -e; mkdir -p $C/home $C/work; cd $C/work
    ${scripts.before ?? ""}`;
  const prepared = await cell.in(["bash", "-c", before], { env });
  assert.equal(prepared.code, 0, prepared.stderr);
  const journal = `${directory}/journal.ndjson`;
  const { code, stdout, stderr } = await cell.startSluice([
    ...["run", "--journal", journal, "--workspace", `${directory}/work`],
    ...scripts.more ?? ["--egress", "audit"],
    "--",
    ...["bash", "-c", `cd $C/work; ${scripts.guarded}`],
  ], { env }).finished(TIMEOUT_MS);
  assert.equal(code, 0, stderr);
  const events = await readEvents(journal);
  const files = events.filter((event): event is typeof event & FileLine =>
    event.kind === "file"
  );
  return { files, stdout, stderr };
}
