import assert from "node:assert/strict";
import { ToolVerdicts } from "../../../agent/files/tool_verdicts.ts";
import type { BytePath } from "../../../ffi/byte_path.ts";
import { exec, fork } from "../processes/acts.ts";
import { WatchedPrograms } from "./watched_programs.ts";

const FIELD = { blob: null, sha256: null, bytes: 1, mode: "100755" };
/** Installed on every machine that these tests run on, and root's. */
const MANAGER = "/usr/bin/dpkg";

/** Programs that one process has executed, by how long ago in microseconds. */
type Ran = readonly [agoUs: number, exe: string];

/**
 * @param ran Of the writer.
 * @param of How long ago the tool was written, and heard of.
 */
function judge(
  ran: readonly Ran[],
  of: { readonly changedUs: number; readonly heardUs: number } | null,
): { overwritten: boolean; reason: string; pid: number | null } {
  using programs = new WatchedPrograms();
  const verdicts = new ToolVerdicts(programs.world);
  const { clock } = programs;
  // Both at once, and not when they are asked for the first time.
  const [nowUs, wallUs] = [clock, clock].map((each) =>
    [each.bootUs(), each.nowUs()] as const
  ).at(-1)!;
  programs.hear(exec(10, ["/usr/bin/bash"]));
  programs.hear({ ...fork(10, 20), atUs: nowUs - 9e6 });
  for (const [agoUs, exe] of ran) {
    programs.hear({ ...exec(20, [exe]), atUs: nowUs - agoUs });
  }
  const { changedUs = 0, heardUs = 0 } = of ?? {};
  verdicts.add({
    ...{ changed: "/usr/bin/gcc" as BytePath, names: ["/usr/bin/gcc"] },
    ...{ user: "/usr/bin/make", before: FIELD, after: FIELD, diff: null },
    stamp: {
      ...{ device: 1, inode: 1, bytes: 1, mode: 0o100755, mtimeUs: 0 },
      ...{ ctimeUs: wallUs - changedUs, isSure: true },
    },
    hand: of === null ? null : { pid: 20, heardUs: nowUs - heardUs },
  }, 0);
  verdicts.attend(30);
  assert.equal(programs.found.length, 0, "by then nobody knows who it is");
  verdicts.attend(50);
  assert.equal(programs.found.length, 1);
  const { overwritten, reason, deed } = programs.found[0]!;
  return { overwritten, reason, pid: deed.pid };
}

Deno.test("ToolVerdicts lets the system's package manager replace a tool", () => {
  const ran: Ran[] = [[1e6, MANAGER]];
  assert.deepEqual(judge(ran, { changedUs: 50_000, heardUs: 49_000 }), {
    overwritten: false,
    reason: "gcc was replaced by dpkg, the system's own, before make used it " +
      "again",
    pid: 20,
  });
});

Deno.test("ToolVerdicts takes nobody for what he executes after his deed", () => {
  const ran: Ran[] = [[1e6, "/usr/bin/cp"], [40_000, MANAGER]];
  const found = judge(ran, { changedUs: 60_000, heardUs: 30_000 });
  assert.equal(found.overwritten, true);
  assert.match(found.reason, / by cp /);
});

Deno.test("ToolVerdicts believes nobody who was another within a tick", () => {
  const ran: Ran[] = [[1e6, "/usr/bin/cp"], [58_000, MANAGER]];
  const found = judge(ran, { changedUs: 60_000, heardUs: 30_000 });
  assert.equal(found.overwritten, true);
});

Deno.test("ToolVerdicts goes by when it heard of it where times were put on", () => {
  const ran: Ran[] = [[1e6, "/usr/bin/cp"], [20_000, MANAGER]];
  const found = judge(ran, { changedUs: 1_000, heardUs: 30_000 });
  assert.equal(found.overwritten, true);
  assert.match(found.reason, / by cp /);
});

Deno.test("ToolVerdicts says when nobody was heard of", () => {
  const found = judge([], null);
  assert.deepEqual([found.overwritten, found.pid], [true, null]);
  assert.match(found.reason, /nobody knows whom/);
});
