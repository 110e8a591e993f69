/** One contract for all interfaces by which processes are heard of. */
import assert from "node:assert/strict";
import {
  type ProcessSourceName,
  ROLE,
} from "../../agent/observe/process_source.ts";
import { Hearing } from "./hearing.ts";

const BRIEF_COUNT = 5000;

/** Whether a source tells what was executed when the program is long gone. */
const SOURCES: readonly { name: ProcessSourceName; isWhole: boolean }[] = [
  { name: "bpf", isWhole: true },
  { name: "audit", isWhole: true },
  { name: "connector", isWhole: false },
];

function sh(script: string): string[] {
  return ["/bin/sh", "-c", script];
}

for (const { name, isWhole } of SOURCES) {
  Deno.test(`${name} misses none of ${BRIEF_COUNT} programs that end at once`, async () => {
    await using hearing = await Hearing.by(name);
    const { directory } = hearing;
    const brief = `${directory}/brief`;
    const tag = crypto.randomUUID();
    const pid = await hearing.run([
      ...[`${directory}/acts`, "spin", `${BRIEF_COUNT}`, brief, tag],
    ]);
    const children = hearing.childrenOf(pid);
    assert.equal(children.length, BRIEF_COUNT);
    const execs = Map.groupBy(hearing.execs(), ({ pid }) => pid);
    const exits = Map.groupBy(hearing.exits(), ({ pid }) => pid);
    let told = 0;
    for (const [index, child] of children.entries()) {
      const [exec, ...others] = execs.get(child) ?? [];
      assert.ok(exec !== undefined && others.length === 0, `${index}`);
      assert.equal(exits.get(child)?.at(-1)?.exitCode, 0);
      if (exec.exe === null) continue;
      told++;
      assert.equal(exec.exe, brief);
      assert.equal(exec.parentPid, pid);
      // What /proc shows of a process that is ending may be no arguments.
      if (isWhole || exec.args.length > 0) {
        assert.deepEqual(exec.args, [brief, tag, `${index}`]);
      }
    }
    if (isWhole) assert.equal(told, BRIEF_COUNT);
    const lost = hearing.records.filter(({ kind }) => kind === "lost");
    if (isWhole) assert.deepEqual(lost, []);
  });

  Deno.test(`${name} tells how a process ended`, async () => {
    await using hearing = await Hearing.by(name);
    const ended = await hearing.run(sh("exit 7"));
    const killed = await hearing.run(sh("kill -TERM $$"));
    const { exitCode, signal } = hearing.exitOf(ended)!;
    assert.deepEqual({ exitCode, signal }, { exitCode: 7, signal: null });
    const end = hearing.exitOf(killed)!;
    assert.deepEqual([end.exitCode, end.signal], [null, 15]);
  });

  Deno.test(`${name} tells where a program runs, and as whom`, async () => {
    await using hearing = await Hearing.by(name);
    const setpriv = ["/usr/bin/setpriv", "--reuid=1001", "--clear-groups"];
    const command = [...setpriv, "/bin/sleep", "0.3"];
    const pid = await hearing.run(command, { cwd: "/usr/lib" });
    const exec = hearing.execsOf(pid).at(-1)!;
    assert.equal(exec.exe, await Deno.realPath("/bin/sleep"));
    assert.deepEqual(exec.args, ["/bin/sleep", "0.3"]);
    assert.equal(exec.cwd, "/usr/lib");
    assert.equal(exec.uid, 1001);
    assert.equal(exec.parentPid, Deno.pid);
    const link = await Deno.readLink("/proc/self/ns/net");
    assert.equal(`net:[${exec.netNamespace}]`, link);
  });

  Deno.test(`${name} tells the environment of a worker's child, and of no other`, async () => {
    await using hearing = await Hearing.by(name);
    const env = { SLUICE_TEST: "two\nlines, a=b" };
    const pid = await hearing.run(sh("sleep 0.3; exit 0"), { env });
    const [exec] = hearing.execsOf(pid);
    assert.ok(exec?.environment?.includes(`SLUICE_TEST=${env.SLUICE_TEST}`));
    const [child] = hearing.childrenOf(pid);
    assert.equal(hearing.execsOf(child!)[0]?.environment, null);
  });

  Deno.test(`${name} keeps the root of a daemon that forked twice`, async () => {
    await using hearing = await Hearing.by(name);
    const lineage = hearing.source.lineage;
    const pid = await hearing.run(sh("(setsid sleep 3 &)"));
    const middle = hearing.childrenOf(pid)[0]!;
    const daemon = hearing.childrenOf(middle)[0]!;
    const descent = lineage.find(daemon);
    assert.equal(lineage.find(pid), null);
    assert.equal(descent?.root?.pid, pid);
    assert.equal(descent.role, 0);
    assert.equal(descent.root.startUs, hearing.exitOf(pid)?.startUs);
    Deno.kill(daemon, "SIGKILL");
    await hearing.until(() => hearing.exitOf(daemon) !== undefined);
    assert.equal(hearing.exitOf(daemon)?.signal, 9);
    assert.equal(lineage.find(daemon), null);
  });

  Deno.test(`${name} begins a tree where it is told to`, async () => {
    await using hearing = await Hearing.by(name);
    const { lineage } = hearing.source;
    const child = hearing.start(sh("sh -c 'sleep 0.3; sleep 0.3; :'; :"));
    await hearing.until(() => hearing.childrenOf(child.pid).length === 1);
    const inner = hearing.childrenOf(child.pid)[0]!;
    await hearing.until(() => hearing.childrenOf(inner).length === 1);
    const before = lineage.find(hearing.childrenOf(inner)[0]!);
    assert.equal(before?.root?.pid, child.pid);
    lineage.beginTree(lineage.find(inner)!);
    await hearing.until(() => hearing.childrenOf(inner).length === 2);
    const after = lineage.find(hearing.childrenOf(inner)[1]!);
    assert.equal(after?.root?.pid, inner);
    assert.equal(lineage.find(inner)?.root?.pid, inner);
    await hearing.until(() => hearing.exitOf(child.pid) !== undefined);
    await child.status;
  });

  Deno.test(`${name} forgets a role when another program is executed`, async () => {
    await using hearing = await Hearing.by(name);
    const { lineage } = hearing.source;
    const child = hearing.start(sh("sleep 0.5; exec sh -c 'sleep 0.5; :'"));
    await hearing.until(() => hearing.childrenOf(child.pid).length === 1);
    lineage.setRole(lineage.find(child.pid)!, ROLE.WORKER);
    assert.equal(lineage.find(child.pid)?.role, ROLE.WORKER);
    await hearing.until(() => hearing.childrenOf(child.pid).length === 2);
    const second = hearing.childrenOf(child.pid)[1]!;
    assert.equal(lineage.find(child.pid)?.role, ROLE.PLAIN);
    assert.equal(lineage.find(second)?.root?.pid, child.pid);
    await hearing.until(() => hearing.exitOf(child.pid) !== undefined);
    await child.status;
  });

  Deno.test(`${name} knows a process for as long as one thread lives`, async () => {
    await using hearing = await Hearing.by(name);
    const acts = `${hearing.directory}/acts`;
    const child = hearing.start([acts, "headless", "1500", "7"]);
    await hearing.until(() => hearing.execsOf(child.pid).length > 0);
    const untilMs = performance.now() + 500;
    await hearing.until(() => performance.now() > untilMs);
    assert.equal(hearing.exitOf(child.pid), undefined);
    assert.equal(hearing.source.lineage.find(child.pid)?.pid, child.pid);
    await hearing.until(() => hearing.exitOf(child.pid) !== undefined);
    await child.status;
    assert.equal(hearing.exitOf(child.pid)?.exitCode, 7);
    assert.equal(hearing.source.lineage.find(child.pid), null);
  });

  Deno.test(`${name} takes an exec by another thread for one of the process`, async () => {
    await using hearing = await Hearing.by(name);
    const acts = `${hearing.directory}/acts`;
    const command = [acts, "thread", "/bin/sh", "-c", "sleep 0.3; exit 3"];
    const pid = await hearing.run(command);
    const exec = hearing.execsOf(pid).at(-1)!;
    assert.deepEqual(exec.args, ["/bin/sh", "-c", "sleep 0.3; exit 3"]);
    const exits = hearing.exits().filter((exit) => exit.pid === pid);
    assert.equal(exits.length, 1);
    assert.equal(hearing.exitOf(pid)?.exitCode, 3);
  });

  Deno.test(`${name} tells hostile arguments as they are`, async () => {
    await using hearing = await Hearing.by(name);
    const hostile = [
      ...['a0="x"', "line\nline", "\u001b[31m", "::error::x", "", " ", '"'],
      ...["6162", "é", "\t", "type=SYSCALL msg=audit(1.000:1):", "(null)"],
    ];
    const pid = await hearing.run(sh("sleep 0.3; :").concat(hostile));
    const [exec] = hearing.execsOf(pid);
    assert.deepEqual(exec?.args, [...sh("sleep 0.3; :"), ...hostile]);
  });

  Deno.test(`${name} cuts 2 MB of arguments`, async () => {
    await using hearing = await Hearing.by(name);
    // MAX_ARG_STRLEN is 128 KiB, all of them a quarter of the stack's limit.
    const long = Array.from({ length: 15 }, (_, at) => `${at}`.repeat(120_000))
      .map((text) => text.slice(0, 120_000));
    const pid = await hearing.run(sh("sleep 0.3; :").concat("x", ...long));
    const [exec] = hearing.execsOf(pid);
    assert.equal(exec?.args[3], "x");
    const text = JSON.stringify(exec.args);
    assert.ok(text.includes("0".repeat(1000)));
    assert.ok(text.length < 70_000, `${text.length}`);
  });
}
