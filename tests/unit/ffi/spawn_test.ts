import assert from "node:assert/strict";
import { readDirectory } from "../../../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { O, openFile, readLink, readText } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import {
  spawn,
  type SpawnOptions,
  waitForExit,
  waitForExitBlocking,
  whileIgnoring,
} from "../../../ffi/spawn.ts";
import { SOCKET, Socket } from "../../../ffi/sockets.ts";
import { openNull, openPipe } from "../../../ffi/tools.ts";
import { fromBytes } from "../../../ffi/text.ts";
import { Scratch } from "../../scratch.ts";

const SPAWNS = 1_000;

/** Runs a shell script; what it prints must fit into a pipe. */
function runShell(
  libc: Libc,
  script: string,
  options: Partial<SpawnOptions> = {},
): { code: number; output: string } {
  const pipe = openPipe(libc);
  const nothing = openNull(libc);
  try {
    const pid = spawn(libc, {
      path: "/bin/sh",
      args: ["sh", "-c", script, ...options.args ?? []],
      environment: options.environment ?? [],
      directory: options.directory,
      session: options.session,
      stdio: [nothing, pipe.write, nothing],
    });
    const code = waitForExitBlocking(libc, pid);
    libc.symbols.close(pipe.write);
    pipe.write = -1;
    const buffer = new Uint8Array(65_536);
    const size = BigInt(buffer.length);
    const count = libc.check(
      "read",
      libc.symbols.read(pipe.read, buffer, size),
    );
    return { code, output: fromBytes(buffer.subarray(0, count)) };
  } finally {
    if (pipe.write >= 0) libc.symbols.close(pipe.write);
    libc.symbols.close(pipe.read);
    libc.symbols.close(nothing);
  }
}

/** `exit` keeps the shell from being replaced by its last command. */
function showOwn(file: string): string {
  return `cat /proc/$$/${file}; exit 0`;
}

function openDescriptors(libc: Libc): number {
  return readDirectory(libc, "/proc/self/fd")!.length;
}

Deno.test("spawn() hands every argument on as it is", () => {
  using libc = new Libc();
  const args = ["", "two words", "", "é€😀", "-c", "a\nb", "'\"$x`", ""];
  const { output } = runShell(libc, showOwn("cmdline"), { args });

  const wanted = ["sh", "-c", showOwn("cmdline"), ...args];
  assert.equal(output, wanted.map((each) => `${each}\0`).join(""));
});

Deno.test("spawn() gives the environment that it is told and nothing else", () => {
  using libc = new Libc();
  const environment = ["A=1", "EMPTY=", "LD_LIBRARY_PATH=/x", "B=é=\n", "C"];
  const { output } = runShell(libc, showOwn("environ"), { environment });

  assert.equal(output, environment.map((each) => `${each}\0`).join(""));
});

Deno.test("spawn() hands on more arguments than a page holds", () => {
  using libc = new Libc();
  const args = Array.from({ length: 2000 }, (_, index) => `argument ${index}`);
  const { output } = runShell(libc, 'echo $#, "${1999}"', { args });
  assert.equal(output, "1999, argument 1999\n");
});

Deno.test("spawn() starts in the directory it is told", () => {
  using libc = new Libc();
  const { output } = runShell(libc, "pwd", { directory: "/usr/lib" });
  assert.equal(output, "/usr/lib\n");
});

Deno.test("spawn() starts in our own directory by default", () => {
  using libc = new Libc();
  const inside = runShell(libc, "readlink /proc/self/cwd").output;
  const { output } = runShell(libc, `readlink /proc/${Deno.pid}/cwd`);
  assert.equal(inside, output);
});

const EXITS: readonly { script: string; code: number }[] = [
  { script: "exit 0", code: 0 },
  { script: "exit 1", code: 1 },
  { script: "exit 127", code: 127 },
  { script: "exit 255", code: 255 },
  { script: "kill -TERM $$", code: 143 },
  { script: "kill -KILL $$", code: 137 },
  // As a guarded `yes | head` needs it, although Deno itself ignores SIGPIPE.
  { script: "kill -PIPE $$; exit 7", code: 141 },
];

for (const { script, code } of EXITS) {
  Deno.test(`waitForExitBlocking() returns ${code} for "${script}"`, () => {
    using libc = new Libc();
    assert.equal(runShell(libc, script).code, code);
  });

  Deno.test(`waitForExit() returns ${code} for "${script}"`, async () => {
    using libc = new Libc();
    const args = ["sh", "-c", script];
    const pid = spawn(libc, { path: "/bin/sh", args, environment: [] });
    assert.equal(await waitForExit(libc, pid), code);
  });
}

Deno.test("whileIgnoring() lets a child ignore signals, and us only for that long", () => {
  using libc = new Libc();
  const [SIGINT, SIGTERM] = [2, 15];
  const ignored = () =>
    /^SigIgn:\t(.*)$/m.exec(readText(libc, "/proc/thread-self/status"))![1];
  const script = "kill -INT $$; kill -TERM $$; exit 7";
  const before = ignored();
  const run = () => runShell(libc, script).code;
  const code = whileIgnoring(libc, [SIGINT, SIGTERM], () => {
    assert.notEqual(ignored(), before);
    return run();
  });
  assert.equal(code, 7);
  assert.equal(ignored(), before);
  assert.throws(() =>
    whileIgnoring(libc, [SIGINT], () => {
      throw new TypeError("thrown meanwhile");
    }), TypeError);
  assert.equal(ignored(), before);
  assert.notEqual(run(), 7);
});

Deno.test("waitForExit() lets other work go on meanwhile", async () => {
  using libc = new Libc();
  const args = ["sleep", "30"];
  const pid = spawn(libc, { path: "/bin/sleep", args, environment: [] });
  const ended = waitForExit(libc, pid);
  const first = await Promise.race([
    ended,
    new Promise((resolve) => setTimeout(() => resolve("timer"), 20)),
  ]);
  libc.symbols.kill(pid, 15);

  assert.equal(first, "timer");
  assert.equal(await ended, 128 + 15);
});

Deno.test("spawn() makes the child the leader of a session when told", () => {
  using libc = new Libc();
  // proc_pid_stat(5): pid (comm) state ppid pgrp session
  const script = "read -r pid name state ppid pgrp session rest " +
    "< /proc/self/stat; echo $pid $pgrp $session";
  const [pid, group, session] = runShell(libc, script, { session: true })
    .output.trim().split(" ");
  assert.deepEqual([group, session], [pid, pid]);

  const [own, , ours] = runShell(libc, script).output.trim().split(" ");
  assert.notEqual(ours, own);
});

Deno.test("spawn() lets the child have nothing that we hold open", () => {
  using libc = new Libc();
  const kind = { domain: SOCKET.AF_INET, type: SOCKET.DGRAM, protocol: 0 };
  using socket = new Socket(libc, kind);
  const pipe = openPipe(libc);
  const flags = O.RDONLY;
  const file = openFile(libc, "/etc/passwd", { flags });
  const held = [socket.fd, pipe.read, pipe.write, file];
  const links = held.map((fd) => readLink(libc, `/proc/self/fd/${fd}`)!);
  const { output } = runShell(libc, "ls -l /proc/$$/fd; exit 0");
  for (const fd of held.slice(1)) libc.symbols.close(fd);

  assert.match(output, /\/dev\/null/);
  for (const link of links) assert.ok(!output.includes(link), output);
});

const IMPOSSIBLE: readonly {
  name: string;
  options: (scratch: Scratch) => Partial<SpawnOptions>;
  errno: number;
}[] = [
  {
    name: "a program that is not there",
    options: (scratch) => ({ path: scratch.at("none") }),
    errno: ERRNO.ENOENT,
  },
  {
    name: "a program that is not executable",
    options: (scratch) => ({ path: scratch.write("plain", "#!/bin/sh\n") }),
    errno: ERRNO.EACCES,
  },
  {
    name: "a directory for a program",
    options: () => ({ path: "/usr" }),
    errno: ERRNO.EACCES,
  },
  {
    name: "a directory that is not there",
    options: (scratch) => ({ directory: scratch.at("none") }),
    errno: ERRNO.ENOENT,
  },
  {
    name: "a file for a directory",
    options: () => ({ directory: "/etc/passwd" }),
    errno: ERRNO.ENOTDIR,
  },
];

for (const { name, options, errno } of IMPOSSIBLE) {
  Deno.test(`spawn() throws for ${name} and leaves no descriptor and no child`, () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const child = {
      path: "/bin/true",
      args: ["true"],
      environment: [],
      ...options(scratch),
    };
    const before = openDescriptors(libc);

    assert.throws(
      () => spawn(libc, child),
      (error) => error instanceof SystemCallError && error.errno === errno,
    );
    assert.equal(openDescriptors(libc), before);
    assert.equal(childrenOf(libc), "");
  });
}

/** Children that nobody has waited for, zombies among them. */
function childrenOf(libc: Libc): string {
  const tasks = readDirectory(libc, "/proc/self/task")!;
  return tasks.map((task) => {
    try {
      return readText(libc, `/proc/self/task/${task}/children`);
    } catch (error) {
      // A thread may have ended since.
      if (error instanceof SystemCallError) return "";
      throw error;
    }
  }).join("");
}

for (const part of ["path", "args", "environment", "directory"] as const) {
  Deno.test(`spawn() refuses a NUL byte in its ${part}`, () => {
    using libc = new Libc();
    const text = "/bin/true\0x";
    const options: SpawnOptions = {
      path: "/bin/true",
      args: ["true"],
      environment: [],
      [part]: part === "args" || part === "environment" ? [text] : text,
    };
    assert.throws(() => spawn(libc, options), TypeError);
    assert.equal(childrenOf(libc), "");
  });
}

Deno.test(`spawn() leaves no descriptor and no child after ${SPAWNS} times`, () => {
  using libc = new Libc();
  const before = openDescriptors(libc);
  for (let count = 0; count < SPAWNS; count++) {
    const path = "/bin/true";
    const pid = spawn(libc, { path, args: ["true"], environment: [] });
    assert.equal(waitForExitBlocking(libc, pid), 0);
  }

  assert.equal(openDescriptors(libc), before);
  assert.equal(childrenOf(libc), "");
});
