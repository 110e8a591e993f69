import assert from "node:assert/strict";
import { AgentError, type AgentErrorCode } from "../../../agent/errors.ts";
import {
  type GuardState,
  isAlive,
  makeStateDirectory,
  readState,
  removeState,
  startTicksOf,
  writeState,
} from "../../../agent/state.ts";
import { ownership } from "../../../ffi/directories.ts";
import { canAccess, readText } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { spawn, waitForExitBlocking } from "../../../ffi/spawn.ts";
import { waitUntil } from "../../lab/wait.ts";
import { Scratch } from "../../scratch.ts";

const STATE: GuardState = {
  version: 1,
  pid: 4711,
  startTicks: 104_617,
  since: "2026-01-02T03:04:05.678901Z",
  stoppedAt: null,
  egress: "block",
  onDenied: "fail",
  netns: '/run/netns/é"\n',
  journal: "/run/sluice/journal.ndjson",
  journalId: "8:1 4711",
  slot: 11,
  cgroup: "sluice/run-4711",
  tables: { 4: ["filter"], 6: [] },
};

const FILE = "state/guard.json";

function isCode(code: AgentErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof AgentError && error.code === code;
}

/** A state directory with a state in it. */
function makeState(libc: Libc, scratch: Scratch): string {
  const directory = scratch.at("state");
  makeStateDirectory(libc, directory);
  writeState(libc, directory, STATE);
  return directory;
}

Deno.test("writeState() writes what readState() reads", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const directory = makeState(libc, scratch);
  assert.deepEqual(readState(libc, directory), STATE);

  const stopped: GuardState = {
    ...STATE,
    stoppedAt: "2026-01-02T03:04:06.000000Z",
    netns: null,
    cgroup: null,
  };
  writeState(libc, directory, stopped);
  assert.deepEqual(readState(libc, directory), stopped);
  assert.deepEqual(scratch.names("state"), ["guard.json"]);
});

Deno.test("readState() finds none where no guard ever was", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  assert.equal(readState(libc, scratch.at("none")), null);
  makeStateDirectory(libc, scratch.at("state"));
  assert.equal(readState(libc, scratch.at("state")), null);
});

const FOREIGN: readonly { name: string; text: string }[] = [
  { name: "another version", text: JSON.stringify({ ...STATE, version: 2 }) },
  { name: "no version", text: "{}" },
  { name: "nothing", text: "" },
  { name: "null", text: "null" },
  { name: "half of it", text: JSON.stringify(STATE).slice(0, 40) },
  { name: "no JSON", text: "armed\n" },
];

for (const { name, text } of FOREIGN) {
  Deno.test(`readState() refuses a file that holds ${name}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const directory = makeState(libc, scratch);
    scratch.write(FILE, text);
    assert.throws(() => readState(libc, directory), isCode("state_unusable"));
    assert.equal(scratch.read(FILE), text);
  });
}

/** Whoever could write there would have us undo what they like, as root. */
const UNTRUSTED: readonly {
  name: string;
  spoil: (scratch: Scratch) => void;
}[] = [
  {
    name: "belongs to somebody else",
    spoil: (scratch) => scratch.chown("state", 1234),
  },
  {
    name: "may be written by everybody",
    spoil: (scratch) => scratch.chmod("state", 0o777),
  },
  {
    name: "may be written by everybody as /tmp is",
    spoil: (scratch) => scratch.chmod("state", 0o1777),
  },
  {
    name: "may be written by a group",
    spoil: (scratch) => scratch.chmod("state", 0o770),
  },
];

for (const { name, spoil } of UNTRUSTED) {
  Deno.test(`readState() trusts no directory that ${name}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const directory = makeState(libc, scratch);
    spoil(scratch);
    assert.throws(() => readState(libc, directory), isCode("state_unusable"));
  });

  Deno.test(`makeStateDirectory() takes no directory that ${name}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const directory = scratch.makeDirectory("state");
    spoil(scratch);
    assert.throws(
      () => makeStateDirectory(libc, directory),
      isCode("state_unusable"),
    );
  });
}

Deno.test("makeStateDirectory() takes no symbolic link, wherever it leads", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const target = scratch.makeDirectory("target");
  const link = scratch.link("state", target);
  assert.throws(() => makeStateDirectory(libc, link), isCode("state_unusable"));
});

Deno.test("makeStateDirectory() makes directories that only we can enter", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const directory = scratch.at("a/b/state");
  makeStateDirectory(libc, directory);
  makeStateDirectory(libc, directory);
  const { uid, isShared } = ownership(libc, directory);
  assert.deepEqual({ uid, isShared }, { uid: 0, isShared: false });
});

const IMPOSSIBLE: readonly {
  name: string;
  make: (scratch: Scratch) => string;
}[] = [
  {
    name: "below a file",
    make: (scratch) => `${scratch.write("f", "")}/state`,
  },
  { name: "in a read-only file system", make: () => "/proc/sluice" },
];

for (const { name, make } of IMPOSSIBLE) {
  Deno.test(`makeStateDirectory() throws state_unusable ${name}`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const directory = make(scratch);
    assert.throws(
      () => makeStateDirectory(libc, directory),
      isCode("state_unusable"),
    );
  });
}

Deno.test("writeState() keeps the former state when the disk is full", () => {
  using libc = new Libc();
  using scratch = new Scratch(65_536);
  const directory = makeState(libc, scratch);
  scratch.fill("ballast");
  const next = { ...STATE, journal: "x".repeat(10_000) };
  assert.throws(
    () => writeState(libc, directory, next),
    isCode("state_unusable"),
  );
  assert.deepEqual(readState(libc, directory), STATE);
  assert.deepEqual(scratch.names("state"), ["guard.json"]);
});

Deno.test("removeState() removes what it knows and leaves what others put there", () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const directory = makeState(libc, scratch);
  removeState(libc, directory);
  assert.equal(canAccess(libc, directory), false);
  removeState(libc, directory);

  makeState(libc, scratch);
  scratch.write("state/journal.ndjson", "");
  removeState(libc, directory);
  assert.deepEqual(scratch.names("state"), ["journal.ndjson"]);
});

Deno.test("isAlive() knows a guard by its pid and its start", () => {
  using libc = new Libc();
  const startTicks = startTicksOf(libc, Deno.pid);
  assert.ok(startTicks !== null && startTicks > 0);
  const own = { ...STATE, pid: Deno.pid, startTicks };
  assert.equal(isAlive(libc, own), true);
  // The pid was used again, by us.
  assert.equal(isAlive(libc, { ...own, startTicks: startTicks - 1 }), false);
});

Deno.test("startTicksOf() is null for a process that has ended, waited for or not", async () => {
  using libc = new Libc();
  const args = ["sleep", "60"];
  const pid = spawn(libc, { path: "/bin/sleep", args, environment: [] });
  const startTicks = startTicksOf(libc, pid)!;
  assert.ok(startTicks >= startTicksOf(libc, Deno.pid)!);
  const state = { ...STATE, pid, startTicks };
  assert.equal(isAlive(libc, state), true);
  libc.symbols.kill(pid, 9);
  await waitUntil(() => readText(libc, `/proc/${pid}/stat`).includes(") Z "), {
    what: `the end of ${pid}`,
  });
  assert.equal(isAlive(libc, state), false);
  waitForExitBlocking(libc, pid);
  assert.equal(startTicksOf(libc, pid), null);
});
