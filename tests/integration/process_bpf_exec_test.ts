import assert from "node:assert/strict";
import { type Acts, hearing, run } from "./bpf_hearing.ts";

/** In a shell: a name with a line feed, an escape and a byte that is no UTF-8. */
const HOSTILE = '"$(printf "a\\n\\033[31m::error::\\377z")"';
const HOSTILE_SHOWN = "a\n\x1b[31m::error::\ufffdz";

/** What the last exec of a command is heard as. */
const EXECS: readonly {
  name: string;
  command: (acts: Acts) => readonly [path: string, ...args: string[]];
  exe: (acts: Acts) => string;
  args: (acts: Acts) => readonly string[];
}[] = [
  {
    name: "hostile arguments",
    command: ({ nothing }) => ["/bin/sh", "-c", `exec ${nothing} ${HOSTILE}`],
    exe: ({ nothing }) => nothing,
    args: ({ nothing }) => [nothing, HOSTILE_SHOWN],
  },
  {
    name: "no arguments but empty ones",
    command: ({ nothing }) => ["/bin/sh", "-c", `exec ${nothing} "" ""`],
    exe: ({ nothing }) => nothing,
    args: ({ nothing }) => [nothing, "", ""],
  },
  {
    name: "a hostile path",
    command: ({ nothing }) => [
      "/bin/sh",
      "-c",
      `d=${nothing}.d/${HOSTILE}; mkdir -p "$d"; cp ${nothing} "$d/n"; ` +
      `cd "$d" && exec ./n`,
    ],
    exe: ({ nothing }) => `${nothing}.d/${HOSTILE_SHOWN}/n`,
    args: () => ["./n"],
  },
  {
    name: "a path of 40 directories",
    command: ({ nothing }) => [
      "/bin/sh",
      "-c",
      `d=${nothing}.d/${
        "d/".repeat(40)
      }; mkdir -p "$d"; cp ${nothing} "$d/n"; ` +
      `exec "$d/n"`,
    ],
    exe: ({ nothing }) => `${nothing}.d/${"d/".repeat(40)}n`,
    args: ({ nothing }) => [`${nothing}.d/${"d/".repeat(40)}/n`],
  },
  {
    name: "a script",
    command: ({ nothing }) => [
      "/bin/sh",
      "-c",
      `printf '#!/bin/sh -e\\nexit 0\\n' > ${nothing}.sh; ` +
      `chmod +x ${nothing}.sh; exec ${nothing}.sh a`,
    ],
    exe: () => Deno.realPathSync("/bin/sh"),
    args: ({ nothing }) => ["/bin/sh", "-e", `${nothing}.sh`, "a"],
  },
  {
    name: "a program in no directory",
    command: ({ acts, nothing }) => [acts, "memory", nothing],
    exe: () => "/memfd:nowhere (deleted)",
    args: () => ["memory"],
  },
  {
    name: "a program by its descriptor",
    command: ({ acts, nothing }) => [acts, "nameless", nothing],
    exe: ({ nothing }) => nothing,
    args: () => ["nameless"],
  },
  {
    name: "a program that was deleted",
    command: ({ acts, nothing }) => [acts, "deleted", nothing],
    exe: ({ nothing }) => `${nothing}.gone (deleted)`,
    args: () => ["gone"],
  },
  {
    name: "a program on another mount, under another root",
    command: ({ nothing }) => [
      "/usr/bin/unshare",
      "--mount",
      "/bin/sh",
      "-c",
      `mkdir ${nothing}.d; mount -t tmpfs none ${nothing}.d; ` +
      `mkdir ${nothing}.d/e; cp ${nothing} ${nothing}.d/e/n; ` +
      `exec /usr/sbin/chroot ${nothing}.d /e/n`,
    ],
    exe: ({ nothing }) => `${nothing}.d/e/n`,
    args: () => ["/e/n"],
  },
];

for (const { name, command, exe, args } of EXECS) {
  Deno.test(`BpfSource hears of ${name}`, async () => {
    await hearing(async (heard, acts) => {
      const [path, ...rest] = command(acts);
      const { exec, exit } = await run(heard, { path, args: rest });
      assert.equal(exec.exe, exe(acts));
      assert.deepEqual(exec.args, args(acts));
      assert.equal(exec.uid, 0);
      assert.equal(exec.parentPid, Deno.pid);
      assert.equal(exit.exitCode, 0);
    });
  });
}

Deno.test("BpfSource does not know a path that is too deep", async () => {
  await hearing(async (heard, { nothing }) => {
    const script = `d=${nothing}.d/${"d/".repeat(60)}; mkdir -p "$d"; ` +
      `cp ${nothing} "$d/n"; cd "$d"; exec "$d/n"`;
    const args = ["-c", script];
    const { exec } = await run(heard, { path: "/bin/sh", args });
    assert.equal(exec.exe, null);
    assert.equal(exec.cwd, null);
    assert.equal(exec.args.length, 1);
  });
});

Deno.test("BpfSource tells the network namespace, the user and the directory", async () => {
  await hearing(async (heard, { nothing }) => {
    const { exec } = await run(heard, {
      path: "/usr/bin/setpriv",
      args: [
        ...["--reuid=65534", "--clear-groups", "/usr/bin/env"],
        ...["-C", "/proc/self", "/bin/true", nothing],
      ],
    });
    const own = Deno.readLinkSync("/proc/self/ns/net");
    assert.equal(`net:[${exec.netNamespace}]`, own);
    assert.equal(exec.uid, 65534);
    assert.equal(exec.cwd, `/proc/${exec.pid}`);
  });
});

Deno.test("BpfSource counts pids as the first pid namespace does", async () => {
  await hearing(async (heard, { nothing }) => {
    const { pid } = await run(heard, {
      path: "/usr/bin/unshare",
      args: ["--pid", "--fork", nothing, "inside"],
    });
    const inside = heard.all("exec").find(({ exe }) => exe === nothing)!;
    assert.equal(inside.parentPid, pid);
    assert.ok(inside.pid > 2);
  });
});

const ENDS: readonly {
  args: readonly string[];
  exitCode: number | null;
  signal: number | null;
}[] = [
  { args: ["last", "7"], exitCode: 7, signal: null },
  { args: ["signal", "9"], exitCode: null, signal: 9 },
  { args: ["signal", "11"], exitCode: null, signal: 11 },
  { args: ["gone", "x"], exitCode: 2, signal: null },
];

for (const { args, exitCode, signal } of ENDS) {
  Deno.test(`BpfSource tells once how a program ended: ${args.join(" ")}`, async () => {
    await hearing(async (heard, { acts }) => {
      const { pid, exit } = await run(heard, { path: acts, args });
      assert.equal(exit.exitCode, exitCode);
      assert.equal(exit.signal, signal);
      const exits = heard.all("exit").filter((each) => each.pid === pid);
      assert.equal(exits.length, 1);
    });
  });
}
