import assert from "node:assert/strict";
import { SECRET_KINDS } from "../../../agent/decide/secret_kinds.ts";
import { SecretVerdicts } from "../../../agent/files/secret_verdicts.ts";
import { ACT } from "../../../agent/observe/files/file_source.ts";
import { ROLE } from "../../../agent/observe/process_source.ts";
import type { BytePath } from "../../../ffi/byte_path.ts";
import { exec, fork, keyOf } from "../processes/acts.ts";
import { WatchedPrograms } from "./watched_programs.ts";

const NETRC = SECRET_KINDS.find(({ places }) => places.home === ".netrc")!;
const PLACES = { workspaces: ["/w"], searchPath: new Set<string>() };
const LOOK = {
  ...{
    device: 1,
    inode: 1n,
    mode: 0o100600,
    uid: 0,
    gid: 0,
    links: 1,
    bytes: 7,
  },
  ...{ mtimeSeconds: 0, mtimeNanoseconds: 0 },
  ...{ ctimeSeconds: 0, ctimeNanoseconds: 0 },
};

/** Programs that one process has executed, by how long ago in microseconds. */
type Ran = readonly [agoUs: number, ...args: string[]];

function judge(
  ran: readonly Ran[],
  of: {
    readonly acts?: readonly number[];
    readonly isInside?: boolean;
    readonly role?: number;
    readonly count?: number;
    readonly look?: typeof LOOK | null;
  } = {},
): string[] {
  const { acts = [ACT.OPENED], isInside = true, role, count = 1, look = LOOK } =
    of;
  using programs = new WatchedPrograms(isInside);
  const verdicts = new SecretVerdicts(programs.world, PLACES);
  const { nowUs } = programs;
  programs.hear(exec(10, ["/usr/bin/python3"]));
  programs.hear({ ...fork(10, 20), atUs: nowUs - 1e6 });
  for (const [agoUs, ...args] of ran) {
    programs.hear({ ...exec(20, args), atUs: nowUs - agoUs });
  }
  if (role !== undefined) programs.tree.setRole(keyOf(20), role);
  for (let at = 0; at < count; at++) {
    const path = "/none/.netrc" as BytePath;
    const opening = { path, kind: NETRC, pid: 20, look };
    for (const each of acts) verdicts.add({ ...opening, acts: each }, 0);
    verdicts.attend(Infinity);
  }
  return programs.found.map(({ reason, change }) => `${change} ${reason}`);
}

const CAT = [
  "read cat opened a file with credentials (passwords of hosts), " +
  "with which it has no business",
];
const PYTHON = CAT.map((told) => told.replace("cat", "python3"));

Deno.test("SecretVerdicts tells who has no business with a secret", () => {
  assert.deepEqual(judge([[500, "/usr/bin/cat", ".netrc"]]), CAT);
});

Deno.test("SecretVerdicts tells the same program once", () => {
  assert.deepEqual(judge([[500, "/usr/bin/cat"]], { count: 3 }), CAT);
});

Deno.test("SecretVerdicts lets be who has business, right after its start too", () => {
  assert.deepEqual(judge([[500, "/usr/bin/curl", "-n"]]), []);
});

Deno.test("SecretVerdicts lets be what a shell has executed in its own place", () => {
  const ran: Ran[] = [[900, "/usr/bin/sh"], [500, "/usr/bin/curl", "-n"]];
  assert.deepEqual(judge(ran), []);
});

Deno.test("SecretVerdicts tells of who executed an honest program right after", () => {
  const ran: Ran[] = [[2e5, "/usr/bin/cat"], [500, "/usr/bin/curl", "-n"]];
  assert.deepEqual(judge(ran), CAT);
});

Deno.test("SecretVerdicts takes a child that executes nothing for its parent", () => {
  assert.deepEqual(judge([]), PYTHON);
});

Deno.test("SecretVerdicts tells nothing of what was never opened, or written", () => {
  const ran: Ran[] = [[500, "/usr/bin/cat"]];
  assert.deepEqual(judge(ran, { acts: [ACT.CLOSED | ACT.ATTRIBUTES] }), []);
  const acts = [ACT.WRITTEN | ACT.CLOSED, ACT.OPENED];
  assert.deepEqual(judge(ran, { acts }), []);
  assert.deepEqual(judge(ran, { acts: acts.toReversed() }), []);
});

Deno.test("SecretVerdicts tells nothing of a file that holds no secret yet", () => {
  assert.deepEqual(judge([[500, "/usr/bin/cat"]], { look: null }), []);
});

Deno.test("SecretVerdicts tells of who could have written, and did not", () => {
  const acts = [ACT.OPENED, ACT.CLOSED];
  assert.deepEqual(judge([[500, "/usr/bin/cat"]], { acts }), CAT);
});

Deno.test("SecretVerdicts tells of nobody outside, and not of the runner", () => {
  const ran: Ran[] = [[500, "/usr/bin/cat"]];
  assert.deepEqual(judge(ran, { isInside: false }), []);
  assert.deepEqual(judge(ran, { role: ROLE.RUNNER }), []);
});
