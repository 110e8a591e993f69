import assert from "node:assert/strict";
import { findCgroup2Mount } from "../../../agent/decode/mountinfo.ts";
import { Cgroup } from "../../../agent/enforce/cgroup.ts";
import { AgentError } from "../../../agent/errors.ts";
import { canAccess, readText, writeControl } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { spawn, waitForExitBlocking } from "../../../ffi/spawn.ts";
import { cString } from "../../../ffi/text.ts";

const SIGKILL = 9;

let count = 0;

/** A cgroup for one test, removed with all that is in it. */
class OwnCgroup implements Disposable {
  readonly libc = new Libc();
  readonly cgroup: Cgroup;
  readonly name = `unit-${Deno.pid}-${++count}`;
  readonly #children = new Set<number>();

  constructor() {
    this.cgroup = Cgroup.create(this.libc, this.name);
  }

  /** Starts a process that sleeps. */
  sleep(): number {
    const args = ["sleep", "60"];
    const child = { path: "/bin/sleep", args, environment: [] };
    const pid = spawn(this.libc, child);
    this.#children.add(pid);
    return pid;
  }

  /** Starts one in the cgroup. */
  sleepInside(): number {
    return this.cgroup.runInside(() => this.sleep());
  }

  /** Waits for the end of one of its processes. */
  waitFor(pid: number): number {
    this.#children.delete(pid);
    return waitForExitBlocking(this.libc, pid);
  }

  /** Its place in the tree. */
  get directory(): string {
    const mount = findCgroup2Mount(readText(this.libc, "/proc/self/mountinfo"));
    return `${mount}/${this.cgroup.path}`;
  }

  [Symbol.dispose](): void {
    for (const pid of this.#children) {
      this.libc.symbols.kill(pid, SIGKILL);
      waitForExitBlocking(this.libc, pid);
    }
    this.cgroup.remove();
    this.libc[Symbol.dispose]();
  }
}

function cgroupOf(libc: Libc, pid: number | "self"): string {
  const text = readText(libc, `/proc/${pid}/cgroup`);
  return /^0::(.*)$/m.exec(text)![1]!;
}

Deno.test("Cgroup.create() makes one below ours that is empty", () => {
  using own = new OwnCgroup();
  assert.equal(own.cgroup.path, `sluice/${own.name}`);
  assert.equal(own.cgroup.procsPath, `${own.directory}/cgroup.procs`);
  assert.deepEqual(own.cgroup.processes(), []);
  assert.ok(canAccess(own.libc, own.directory));
});

Deno.test("Cgroup.create() makes others beside what killed runs have left, and so many", () => {
  using own = new OwnCgroup();
  const others: Cgroup[] = [];
  try {
    for (let number = 2; number <= 16; number++) {
      const other = Cgroup.create(own.libc, own.name);
      others.push(other);
      assert.equal(other.path, `sluice/${own.name}-${number}`);
      assert.deepEqual(other.processes(), []);
    }
    assert.throws(
      () => others.push(Cgroup.create(own.libc, own.name)),
      (error) =>
        error instanceof AgentError && error.code === "cgroup_unavailable",
    );
    assert.ok(canAccess(own.libc, own.directory));
  } finally {
    for (const other of others) other.remove();
  }
});

Deno.test("Cgroup.runInside() makes children members and comes back itself", () => {
  using own = new OwnCgroup();
  const home = cgroupOf(own.libc, "self");
  const pid = own.sleepInside();
  assert.equal(cgroupOf(own.libc, pid), `/${own.cgroup.path}`);
  assert.equal(cgroupOf(own.libc, "self"), home);
  assert.deepEqual(own.cgroup.processes(), [pid]);
});

Deno.test("Cgroup.runInside() comes back when what it runs throws", () => {
  using own = new OwnCgroup();
  const home = cgroupOf(own.libc, "self");
  assert.throws(() =>
    own.cgroup.runInside(() => {
      assert.equal(cgroupOf(own.libc, "self"), `/${own.cgroup.path}`);
      throw new TypeError("thrown inside");
    }), TypeError);
  assert.equal(cgroupOf(own.libc, "self"), home);
  assert.deepEqual(own.cgroup.processes(), []);
});

Deno.test("Cgroup.processes() lists those of cgroups below", () => {
  using own = new OwnCgroup();
  const { libc, directory } = own;
  const pids = [own.sleepInside(), own.sleepInside()];
  for (const path of ["a", "a/b", "c"]) {
    libc.check(
      "mkdir",
      libc.symbols.mkdir(cString(`${directory}/${path}`), 0o755),
    );
  }
  writeControl(libc, `${directory}/a/b/cgroup.procs`, String(pids[1]));
  assert.deepEqual(own.cgroup.processes().sort(), pids.sort());
  own.cgroup.release();
  assert.deepEqual(own.cgroup.processes(), []);
});

Deno.test("Cgroup.kill() ends all of its processes and no other", () => {
  using own = new OwnCgroup();
  const { libc, directory } = own;
  const outside = own.sleep();
  const inside = own.sleepInside();
  libc.symbols.mkdir(cString(`${directory}/below`), 0o755);
  const below = own.sleepInside();
  writeControl(libc, `${directory}/below/cgroup.procs`, String(below));
  own.cgroup.kill();
  const ended = [inside, below].map((pid) => own.waitFor(pid));
  assert.deepEqual(ended, [128 + SIGKILL, 128 + SIGKILL]);
  assert.equal(libc.symbols.kill(outside, 0), 0);
});

Deno.test("Cgroup.release() lets its processes live on outside", () => {
  using own = new OwnCgroup();
  const pids = [own.sleepInside(), own.sleepInside()];
  own.cgroup.release();
  assert.deepEqual(own.cgroup.processes(), []);
  for (const pid of pids) {
    assert.equal(own.libc.symbols.kill(pid, 0), 0);
    assert.equal(cgroupOf(own.libc, pid), "/");
  }
});

Deno.test("Cgroup.remove() waits for nobody and takes those below with it", () => {
  using own = new OwnCgroup();
  const { libc, directory } = own;
  for (const path of ["a", "a/b"]) {
    libc.symbols.mkdir(cString(`${directory}/${path}`), 0o755);
  }
  own.sleepInside();
  assert.equal(own.cgroup.remove(), false);
  assert.ok(canAccess(libc, directory));
  own.cgroup.release();
  assert.equal(own.cgroup.remove(), true);
  assert.equal(canAccess(libc, directory), false);
  // Also what is gone already.
  assert.equal(own.cgroup.remove(), true);
});

Deno.test("Cgroup of a command that is long gone has no processes", () => {
  using libc = new Libc();
  const cgroup = new Cgroup(libc, "sluice/never-made");
  assert.deepEqual(cgroup.processes(), []);
  cgroup.kill();
  cgroup.release();
  assert.equal(cgroup.remove(), true);
});
