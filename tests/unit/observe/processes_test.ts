import assert from "node:assert/strict";
import { KnownProcess } from "../../../agent/observe/known_process.ts";
import { ProcFiles } from "../../../agent/observe/proc_files.ts";
import {
  type Process,
  ProcessTable,
} from "../../../agent/observe/processes.ts";
import { readLink, readText } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Poller } from "../../../ffi/sockets.ts";
import { waitForExitBlocking } from "../../../ffi/spawn.ts";
import { cString } from "../../../ffi/text.ts";
import { waitUntil } from "../../lab/wait.ts";
import { Scratch } from "../../scratch.ts";
import { Children, SLEEP } from "./children.ts";

const SLEEP_EXE = "/usr/bin/sleep";
const PROGRAMS = new Set([SLEEP_EXE]);
const ASKED = {
  programs: PROGRAMS,
  hashed: new Set<string>(),
  files: null,
};
const WHOLE_HOST = { ...ASKED, procsPath: null };

/** What a process table keeps open at most: 256 processes, three on each. */
const MAX_DESCRIPTORS = 256 * 3;

/** A chain longer than what is told of it. */
const DEPTH = 40;
const MAX_ANCESTORS = 32;

Deno.test("ProcessTable finds this process for a socket of its own", () => {
  using children = new Children();
  const { libc } = children;
  using table = new ProcessTable(libc, WHOLE_HOST);
  const { inode } = children.openSocket();
  const found = find(table, inode);
  assert.equal(found?.pid, Deno.pid);
  assert.equal(found?.exe, readLink(libc, "/proc/self/exe"));
  const words = readText(libc, "/proc/self/cmdline").split("\0").slice(0, -1);
  assert.deepEqual(found?.args.slice(0, 2), words.slice(0, 2));
});

Deno.test("ProcessTable finds the child that holds a socket, with its program", () => {
  using children = new Children();
  using table = new ProcessTable(children.libc, WHOLE_HOST);
  const owners = [
    children.startOwner(),
    children.startOwner(["/bin/sleep", "59", "1"]),
  ];
  // Twice, since what was found is looked at first the next time.
  for (const { pid, inode } of [...owners, ...owners]) {
    const found = find(table, inode);
    assert.equal(found?.pid, pid);
    assert.equal(found?.exe, SLEEP_EXE);
    assert.deepEqual(
      found?.args,
      pid === owners[0]!.pid ? SLEEP : ["/bin/sleep", "59", "1"],
    );
  }
});

Deno.test("ProcessTable takes the youngest of those who share a socket", () => {
  using children = new Children();
  using table = new ProcessTable(children.libc, WHOLE_HOST);
  const { socket, inode } = children.openSocket();
  children.start(socket.fd);
  const youngest = children.start(socket.fd);
  assert.equal(find(table, inode)?.pid, youngest);
});

Deno.test("ProcessTable finds the next one when the owner it knows has ended", () => {
  using children = new Children();
  using table = new ProcessTable(children.libc, WHOLE_HOST);
  const { socket, inode } = children.openSocket();
  const pid = children.start(socket.fd);
  const found = find(table, inode);
  assert.equal(found?.pid, pid);
  children.end(pid);
  assert.equal(find(table, inode)?.pid, Deno.pid);
  // What was read while it lived is still told.
  assert.equal(found?.exe, SLEEP_EXE);
  assert.deepEqual(found?.args, SLEEP);
});

Deno.test("ProcessTable finds nobody for a socket that nobody holds any more", () => {
  using children = new Children();
  using table = new ProcessTable(children.libc, WHOLE_HOST);
  const { pid, inode } = children.startOwner();
  assert.equal(find(table, inode)?.pid, pid);
  children.end(pid);
  assert.equal(findOnce(table, inode), null);
});

for (const inode of [0, 4_294_967_295]) {
  Deno.test(`ProcessTable finds nobody for inode ${inode}`, () => {
    using children = new Children();
    using table = new ProcessTable(children.libc, WHOLE_HOST);
    assert.equal(findOnce(table, inode), null);
  });
}

Deno.test("ProcessTable takes no inode for one that begins with the same digits", () => {
  using children = new Children();
  using table = new ProcessTable(children.libc, WHOLE_HOST);
  const { inode } = children.openSocket();
  assert.notEqual(findOnce(table, Math.floor(inode / 10))?.pid, Deno.pid);
  assert.equal(findOnce(table, inode * 10), null);
  assert.equal(find(table, inode)?.pid, Deno.pid);
});

Deno.test("ProcessTable sees that a known process has executed another program", async () => {
  using children = new Children();
  const { libc } = children;
  using table = new ProcessTable(libc, WHOLE_HOST);
  using scratch = new Scratch();
  const go = scratch.at("go");
  const script = 'until [ -e "$1" ]; do :; done; exec sleep 60';
  const { pid, inode } = children.startOwner([
    "/bin/sh",
    "-c",
    script,
    "sh",
    go,
  ]);
  const found = find(table, inode);
  assert.equal(found?.exe, readLink(libc, `/proc/${pid}/exe`));
  assert.deepEqual(found?.args, ["/bin/sh", "-c", script, "sh", go]);
  scratch.write("go", "");
  await waitUntil(() => readLink(libc, `/proc/${pid}/exe`) === SLEEP_EXE, {
    what: `sleep in ${pid}`,
  });
  assert.equal(find(table, inode), found);
  assert.equal(found?.exe, SLEEP_EXE);
  table.describe(found!, 1_000);
  assert.deepEqual(found?.args, ["sleep", "60"]);
});

/** As long as a walk may not have its time on a busy machine. */
const BUSY_MS = 20_000;
/** A table does not look again for a socket without a holder before this. */
const UNFOUND_MS = 1_001;

function findOnce(table: ProcessTable, inode: number): Process | null {
  return table.find(inode, performance.now());
}

/** A walk ends after 20 ms, which a busy machine may not have for us. */
function find(table: ProcessTable, inode: number): Process | null {
  const endMs = performance.now() + BUSY_MS;
  for (;;) {
    const found = findOnce(table, inode);
    if (found !== null || performance.now() > endMs) return found;
    using libc = new Libc();
    new Poller(libc, []).wait(UNFOUND_MS);
  }
}

/** The same with a new table each time. */
async function findSoon(
  { libc }: Children,
  inode: number,
  procsPath: string | null = null,
): Promise<number | undefined> {
  let pid: number | undefined;
  await waitUntil(() => {
    using table = new ProcessTable(libc, {
      procsPath,
      ...ASKED,
    });
    pid = findOnce(table, inode)?.pid;
    return pid !== undefined;
  }, { what: `a holder of ${inode}`, timeoutMs: BUSY_MS });
  return pid;
}

/** Starts children that each inherit many descriptors of one socket. */
function startCrowd(
  children: Children,
  { count, each }: { count: number; each: number },
): { pids: number[]; inode: number } {
  const { symbols } = children.libc;
  const { socket, inode } = children.openSocket();
  const first = 1_000;
  for (let at = first; at < first + each; at++) {
    // dup2(2) leaves them open on execution.
    children.libc.check("dup2", symbols.dup2(socket.fd, at));
  }
  const pids = Array.from({ length: count }, () => children.start());
  for (let at = first; at < first + each; at++) symbols.close(at);
  return { pids, inode };
}

Deno.test("ProcessTable finds one among dozens with dozens of descriptors each", async () => {
  using children = new Children();
  const owner = children.startOwner();
  const crowd = startCrowd(children, { count: 30, each: 20 });
  // Behind all the others, since the youngest are looked at first.
  assert.equal(await findSoon(children, owner.inode), owner.pid);
  assert.equal(await findSoon(children, crowd.inode), crowd.pids.at(-1));
});

Deno.test("ProcessTable loses no time to those with thousands of descriptors", async () => {
  using children = new Children();
  using scratch = new Scratch();
  const owner = children.startOwner();
  const { pids } = startCrowd(children, { count: 3, each: 3_000 });
  const procsPath = scratch.write("procs", [...pids, owner.pid].join("\n"));
  assert.equal(await findSoon(children, owner.inode, procsPath), owner.pid);
});

Deno.test("ProcessTable finds a socket behind hundreds of descriptors", async () => {
  using children = new Children();
  using scratch = new Scratch();
  const { symbols } = children.libc;
  const { socket, inode } = children.openSocket();
  const other = children.openSocket().socket;
  const [first, each] = [1_000, 600];
  for (let at = first; at < first + each; at++) symbols.dup2(other.fd, at);
  symbols.dup2(socket.fd, first + each);
  const pid = children.start();
  for (let at = first; at <= first + each; at++) symbols.close(at);
  socket[Symbol.dispose]();
  const procsPath = scratch.write("procs", `${pid}`);
  assert.equal(await findSoon(children, inode, procsPath), pid);
});

Deno.test("ProcessTable looks no longer than a packet can wait", () => {
  using children = new Children();
  const owner = children.startOwner();
  // No processor reads that many links in 20 milliseconds, and only a walk that
  // comes to its end can say yes.
  startCrowd(children, { count: 100, each: 900 });
  using table = new ProcessTable(children.libc, WHOLE_HOST);
  using process = new KnownProcess(new ProcFiles(children.libc), owner.pid);
  const accept = () => true;
  const isSure = table.isHeldOnlyBy(owner.inode, { owner: process, accept });
  assert.equal(isSure, false);
});

Deno.test("isHeldOnlyBy() knows when another program shares a socket", async () => {
  using children = new Children();
  const { socket, inode } = children.openSocket();
  children.start(socket.fd);
  const pid = children.start(socket.fd);
  using owner = new KnownProcess(new ProcFiles(children.libc), pid);
  const isHeldBy = (exe: string) => {
    using table = new ProcessTable(children.libc, WHOLE_HOST);
    const accept = (one: Process) => one.program === exe;
    return table.isHeldOnlyBy(inode, { owner, accept });
  };
  assert.equal(isHeldBy(SLEEP_EXE), false);
  socket[Symbol.dispose]();
  await waitUntil(() => isHeldBy(SLEEP_EXE), {
    what: "a walk of all processes",
    timeoutMs: BUSY_MS,
  });
  assert.equal(isHeldBy("/usr/bin/slee"), false);
});

Deno.test("ProcessTable tries the processes of the cgroup first", () => {
  using children = new Children();
  using scratch = new Scratch();
  const { socket, inode } = children.openSocket();
  const member = children.start(socket.fd);
  children.start(socket.fd);
  const procsPath = scratch.write("procs", `1\n${member}\n`);
  using table = new ProcessTable(children.libc, {
    procsPath,
    ...ASKED,
  });
  assert.equal(find(table, inode)?.pid, member);
});

for (const procs of ["", "0\n-1\nx\n", "999999999\n"]) {
  Deno.test(`ProcessTable looks at all processes after ${JSON.stringify(procs)}`, () => {
    using children = new Children();
    using scratch = new Scratch();
    const procsPath = scratch.write("procs", procs);
    const { pid, inode } = children.startOwner();
    using table = new ProcessTable(children.libc, {
      ...WHOLE_HOST,
      procsPath,
    });
    assert.equal(find(table, inode)?.pid, pid);
    scratch.remove("procs");
    using other = new ProcessTable(children.libc, { ...WHOLE_HOST, procsPath });
    assert.equal(find(other, inode)?.pid, pid);
  });
}

Deno.test("describe() lists those above a process, up to the first of all", async () => {
  using children = new Children();
  const { libc } = children;
  const shell = children.startOwner(["/bin/sh", "-c", "sleep 60; exit"]);
  // The shell holds the socket alone until it has started its child.
  await waitUntil(() => {
    using table = new ProcessTable(libc, WHOLE_HOST);
    const found = findOnce(table, shell.inode);
    if (found?.exe !== SLEEP_EXE) return false;
    const ancestors = table.describe(found, 0);
    assert.deepEqual(ancestors.slice(0, 2), [
      { pid: shell.pid, exe: readLink(libc, `/proc/${shell.pid}/exe`) },
      { pid: Deno.pid, exe: readLink(libc, "/proc/self/exe") },
    ]);
    assert.equal(ancestors[2]?.pid, Deno.ppid);
    libc.symbols.kill(found.pid, 15);
    const last = readText(libc, `/proc/${ancestors.at(-1)!.pid}/stat`);
    assert.match(last, /\) \S 0 /);
    return true;
  }, { what: `sleep below ${shell.pid}`, timeoutMs: BUSY_MS });
});

Deno.test("describe() cuts a chain that somebody made long", async () => {
  using children = new Children();
  const { libc } = children;
  const script = 'if [ "$2" = 0 ]; then exec sleep 60; fi; ' +
    'sh -c "$1" sh "$1" $(($2 - 1)); exit';
  const { inode } = children.startOwner([
    ...["/bin/sh", "-c", script, "sh", script, String(DEPTH)],
  ]);
  await waitUntil(() => {
    using table = new ProcessTable(libc, WHOLE_HOST);
    const found = findOnce(table, inode);
    if (found?.exe !== SLEEP_EXE) return false;
    const ancestors = table.describe(found, 0);
    // With it the shells above it end, each after the one below.
    libc.symbols.kill(found.pid, 15);
    assert.equal(ancestors.length, MAX_ANCESTORS);
    assert.equal(new Set(ancestors.map(({ pid }) => pid)).size, MAX_ANCESTORS);
    return true;
  }, { what: `${DEPTH} shells`, timeoutMs: BUSY_MS });
});

Deno.test("describe() tells of parents that ended together with the process", async () => {
  using children = new Children();
  const { libc } = children;
  // What its parent leaves behind becomes our child, and a zombie, until we
  // look after it: init may do so at any time.
  using _heir = becomeSubreaper();
  const shell = children.startOwner(["/bin/sh", "-c", "sleep 60; exit"]);
  const exe = readLink(libc, `/proc/${shell.pid}/exe`);
  await waitUntil(() => {
    using table = new ProcessTable(libc, WHOLE_HOST);
    const found = findOnce(table, shell.inode);
    if (found?.exe !== SLEEP_EXE) return false;
    using process = new KnownProcess(new ProcFiles(libc), found.pid);
    // Stopped, the shell does not look after it either.
    const [SIGKILL, SIGSTOP] = [9, 19];
    libc.symbols.kill(shell.pid, SIGSTOP);
    libc.symbols.kill(found.pid, SIGKILL);
    children.end(shell.pid);
    const stat = `/proc/${found.pid}/stat`;
    while (!readText(libc, stat).includes(`) Z ${Deno.pid} `));
    const [parent] = table.describe(found, 0);
    assert.deepEqual(parent, { pid: shell.pid, exe });
    assert.equal(found.exe, SLEEP_EXE);
    process.read();
    assert.equal(process.parentPid, shell.pid);
    waitForExitBlocking(libc, found.pid);
    process.read();
    assert.equal(process.parentPid, shell.pid);
    return true;
  }, { what: `sleep below ${shell.pid}`, timeoutMs: BUSY_MS });
});

/** Makes this process the parent of orphans below it until disposed. */
function becomeSubreaper(): Disposable {
  const library = Deno.dlopen(
    `/usr/lib/${Deno.build.arch}-linux-gnu/libc.so.6`,
    {
      // <sys/prctl.h>
      // int prctl(int option, unsigned long arg2, ...);
      prctl: { parameters: ["i32", "usize"], result: "i32" },
    },
  );
  const PR_SET_CHILD_SUBREAPER = 36; // <linux/prctl.h>
  assert.equal(library.symbols.prctl(PR_SET_CHILD_SUBREAPER, 1n), 0);
  return {
    [Symbol.dispose]() {
      library.symbols.prctl(PR_SET_CHILD_SUBREAPER, 0n);
      library.close();
    },
  };
}

Deno.test("ProcessTable keeps few descriptors open, and none in the end", () => {
  using children = new Children();
  const before = children.openDescriptors();
  {
    using table = new ProcessTable(children.libc, WHOLE_HOST);
    for (let time = 0; time < 300; time++) {
      const { pid, inode } = children.startOwner();
      const found = find(table, inode);
      assert.equal(found?.pid, pid);
      if (time % 3 === 0) table.describe(found!, time);
      children.end(pid);
    }
    const kept = children.openDescriptors() - before;
    assert.ok(kept <= MAX_DESCRIPTORS, `${kept} descriptors`);
    assert.ok(kept > 0);
    table[Symbol.dispose]();
  }
  assert.equal(children.openDescriptors(), before);
});

Deno.test("KnownProcess of a pid that is gone has neither program nor arguments", () => {
  using children = new Children();
  const { pid } = children.startOwner();
  children.end(pid);
  const before = children.openDescriptors();
  {
    using process = new KnownProcess(new ProcFiles(children.libc), pid);
    assert.deepEqual(
      [process.pid, process.exe, process.args, process.parentPid],
      [pid, null, [], 0],
    );
    assert.equal(process.readExe(), false);
    process.refresh(0);
    assert.equal(process.isLink(cString("fd/0"), cString("x")), false);
  }
  assert.equal(children.openDescriptors(), before);
});

Deno.test("KnownProcess keeps what it read when its process ends, and closes twice", () => {
  using children = new Children();
  const before = children.openDescriptors();
  const { pid } = children.startOwner();
  const process = new KnownProcess(new ProcFiles(children.libc), pid);
  assert.equal(process.readExe(), true);
  children.end(pid);
  assert.equal(process.readExe(), false);
  process.refresh(1_000);
  assert.deepEqual(
    [process.exe, process.args, process.parentPid],
    [SLEEP_EXE, SLEEP, Deno.pid],
  );
  process[Symbol.dispose]();
  process[Symbol.dispose]();
  assert.equal(children.openDescriptors(), before);
});
