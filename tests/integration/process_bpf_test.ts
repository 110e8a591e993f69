import assert from "node:assert/strict";
import { ROLE } from "../../agent/observe/process_source.ts";
import { Libc } from "../../ffi/libc.ts";
import { waitUntil } from "../lab/wait.ts";
import { hearing, run } from "./bpf_hearing.ts";

/** <asm/unistd.h>, enum bpf_cmd */
const NR_BPF = Deno.build.arch === "aarch64" ? 280n : 321n;
const MAP_DELETE_ELEM = 3;

const COUNT = 50_000;
const KIB = 1024;

Deno.test("BpfSource hears of each of 50,000 programs of 0.1 ms, with its own arguments", async () => {
  await hearing(async (heard, { acts, nothing }) => {
    const { pid, exit } = await run(heard, {
      path: acts,
      args: ["spin", `${COUNT}`, nothing],
    });
    assert.equal(exit.exitCode, 0);
    assert.deepEqual(heard.records.filter(({ kind }) => kind === "lost"), []);
    const execs = heard.all("exec").filter(({ exe }) => exe === nothing);
    assert.equal(execs.length, COUNT);
    const forks = new Map(
      heard.all("fork").map((fork) => [`${fork.pid} ${fork.startUs}`, fork]),
    );
    const exits = new Map(
      heard.all("exit").map((each) => [`${each.pid} ${each.startUs}`, each]),
    );
    for (const [index, exec] of execs.entries()) {
      assert.deepEqual(exec.args, [nothing, `${index}`]);
      assert.equal(exec.parentPid, pid);
      const key = `${exec.pid} ${exec.startUs}`;
      assert.equal(forks.get(key)?.parentPid, pid);
      const end = exits.get(key);
      assert.equal(end?.exitCode, 0);
      assert.ok(exec.atUs >= exec.startUs && end.atUs >= exec.atUs);
    }
  });
});

Deno.test("lineage keeps the root of a daemon that forked twice", async () => {
  await hearing(async (heard, { acts }) => {
    const { lineage } = heard.source;
    lineage.setRole(lineage.find(Deno.pid)!, ROLE.WORKER);
    const { pid, stdout, exec } = await run(heard, {
      path: acts,
      args: ["daemon", "/bin/sleep"],
    });
    const daemon = Number(stdout);
    try {
      const found = lineage.find(daemon);
      assert.deepEqual(found?.root, { pid, startUs: exec.startUs });
      assert.equal(found.role, ROLE.PLAIN);
      assert.notEqual(found.parentPid, pid);
      assert.equal(lineage.find(pid), null);
      assert.deepEqual(exec.environment, ["HEARD=yes"]);
      assert.equal(heard.execsOf(daemon).at(-1)?.environment ?? null, null);
    } finally {
      Deno.kill(daemon, "SIGKILL");
    }
    const exit = await heard.exitOf(daemon);
    assert.equal(exit.signal, 9);
    assert.equal(lineage.find(daemon), null);
  });
});

Deno.test("lineage begins a tree where it is told to, and takes a role back at an exec", async () => {
  await hearing(async (heard) => {
    const { lineage } = heard.source;
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", "read a; /bin/sleep 60 & read b; exec /bin/cat"],
      ...{ stdin: "piped", stdout: "null" },
    }).spawn();
    const input = child.stdin.getWriter();
    const line = new TextEncoder().encode("\n");
    const settle = () => new Promise((resolve) => setTimeout(resolve, 200));
    await settle();
    const shell = lineage.find(child.pid)!;
    assert.equal(shell.root, null);
    lineage.beginTree(shell);
    lineage.setRole(shell, ROLE.RUNNER);
    lineage.setRole({ ...shell, startUs: shell.startUs + 1 }, ROLE.WORKER);
    assert.equal(lineage.find(child.pid)?.role, ROLE.RUNNER);
    await input.write(line);
    await settle();
    const sleep = heard.all("fork").find(({ parentPid }) =>
      parentPid === child.pid
    )!;
    const { pid, startUs } = shell;
    assert.deepEqual(lineage.find(sleep.pid)?.root, { pid, startUs });
    await input.write(line);
    await settle();
    assert.equal(lineage.find(child.pid)?.role, ROLE.PLAIN);
    assert.deepEqual(lineage.find(child.pid)?.root, { pid, startUs });
    Deno.kill(sleep.pid, "SIGKILL");
    await input.close();
    await child.status;
  });
});

Deno.test("lineage has every process that was there before it", async () => {
  await hearing(async (heard) => {
    const missing: number[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^[0-9]+$/.test(name)) continue;
      if (heard.source.lineage.find(Number(name)) !== null) continue;
      // It may have ended meanwhile without having been waited for.
      const stat = await Deno.readTextFile(`/proc/${name}/stat`)
        .catch(() => "");
      if (/\) [^Z]/.test(stat)) missing.push(Number(name));
    }
    assert.deepEqual(missing, []);
    assert.equal(heard.source.lineage.find(Deno.pid)?.parentPid, Deno.ppid);
  });
});

Deno.test("BpfSource tells the pid of the process when a thread executes", async () => {
  await hearing(async (heard, { acts, nothing }) => {
    const { pid, exec, exit } = await run(heard, {
      path: acts,
      args: ["thread", nothing, "from a thread"],
      cwd: "/usr/lib",
    });
    assert.deepEqual(exec.args, [nothing, "from a thread"]);
    assert.equal(exec.cwd, "/usr/lib");
    assert.equal(exit.exitCode, 0);
    assert.equal(
      heard.all("exit").filter((each) => each.pid === pid).length,
      1,
    );
  });
});

Deno.test("BpfSource cuts 2 MB of arguments and says how much is missing", async () => {
  await hearing(async (heard, { acts, nothing }) => {
    const { exec } = await run(heard, {
      path: acts,
      args: ["large", "15", nothing],
    });
    assert.equal(exec.exe, nothing);
    assert.equal(exec.args[0], nothing);
    assert.ok(exec.args[1]!.startsWith("x".repeat(KIB)));
    const total = nothing.length + 1 + 15 * 128 * KIB;
    assert.equal(exec.args.at(-1), `…[+${total - 32 * KIB} bytes]`);
  });
});

Deno.test("lineage does not let the child of a lost process leave its tree", async () => {
  await hearing(async (heard) => {
    const { lineage } = heard.source;
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", "read a; /bin/sleep 60 & read b"],
      ...{ stdin: "piped", stdout: "null" },
    }).spawn();
    const input = child.stdin.getWriter();
    const line = new TextEncoder().encode("\n");
    await waitUntil(() => lineage.find(child.pid) !== null, {
      what: "the shell",
    });
    // As if there had been no room for it.
    deleteEntry(heard.source.lineageFd, child.pid);
    assert.equal(lineage.find(child.pid), null);
    await input.write(line);
    const fork = () =>
      heard.all("fork").find(({ parentPid }) => parentPid === child.pid);
    await waitUntil(() => fork() !== undefined, { what: "its child" });
    const { pid } = fork()!;
    const found = lineage.find(pid);
    Deno.kill(pid, "SIGKILL");
    await input.close();
    await child.status;

    assert.equal(found?.root?.pid, 0xffff_ffff);
    assert.equal(found.role, ROLE.PLAIN);
  });
});

Deno.test("lineage says what file was executed, before us too", async () => {
  await hearing(async (heard) => {
    const { lineage } = heard.source;
    const { stdout } = await new Deno.Command("/usr/bin/stat", {
      args: ["-L", "-c", "%Hd:%Ld %i", Deno.execPath(), "/bin/sleep"],
    }).output();
    const [own, slept] = new TextDecoder().decode(stdout).trim().split("\n");
    const child = new Deno.Command("/bin/sleep", { args: ["60"] }).spawn();
    await waitUntil(() => heard.execsOf(child.pid).length > 0, {
      what: "its program",
    });
    const found = lineage.find(child.pid);
    lineage.beginTree(found!);
    const begun = lineage.find(child.pid);
    child.kill("SIGKILL");
    await child.status;

    assert.equal(lineage.find(Deno.pid)?.program, own);
    assert.equal(found?.program, slept);
    // It could have executed another one while that was written.
    assert.equal(begun?.program, null);
  });
});

function deleteEntry(mapFd: number, pid: number): void {
  using libc = new Libc();
  const { symbols } = libc;
  const memory = symbols.malloc(8n);
  const key = new Uint8Array(new Uint32Array([pid]).buffer);
  symbols.copyInto(BigInt(memory), key, BigInt(key.length));
  const attribute = new Uint8Array(144);
  const view = new DataView(attribute.buffer);
  view.setUint32(0, mapFd, true);
  view.setBigUint64(8, BigInt(memory), true);
  const { length } = attribute;
  const result = symbols.bpf(NR_BPF, MAP_DELETE_ELEM, attribute, length);
  symbols.free(BigInt(memory));
  libc.check("bpf", result);
}
