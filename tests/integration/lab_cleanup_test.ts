import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { LabProcess } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait.ts";

const HOLD = fileURLToPath(new URL("../lab/hold_main.ts", import.meta.url));
const CLI = fileURLToPath(new URL("../lab/cli.ts", import.meta.url));
const SIDES = ["run", "out", "box"];

Deno.test("Lab leaves nothing behind when its process is killed with -9", async () => {
  const notePath = await Deno.makeTempFile();
  await using maker = new LabProcess([
    ...[Deno.execPath(), "run", "-A", HOLD, notePath],
  ]);
  await maker.waitFor(".\n");
  const prefix = /holding (\S+)\./.exec(maker.stdout)?.[1] ?? maker.stderr;
  const networks = await networksOf(prefix);
  // Holders, dnsmasq, nginx and its worker, far side, tcpdump, the stubborn.
  assert.ok((await processesIn(networks)).length >= 9);

  Deno.kill(maker.pid, "SIGKILL");
  await waitUntil(async () => (await remains(prefix)).length === 0, {
    what: "the end of the lab",
  });

  assert.deepEqual(await processesIn(networks), []);
  assert.equal(await Deno.readTextFile(notePath), "last\nfirst\n");
  await Deno.remove(notePath);
});

Deno.test("Lab leaves nothing behind when it is disposed", async () => {
  const lab = await Lab.up({ container: true });
  const networks = await networksOf(lab.prefix);
  lab.spawn("run", ["setsid", "--fork", "sleep", "60"]);
  await lab[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();

  assert.deepEqual(await remains(lab.prefix), []);
  assert.deepEqual(await processesIn(networks), []);
});

Deno.test("lab up stays, lab in enters it, lab down removes it", async () => {
  const prefix = `hand${Deno.pid}`;
  const up = await runCli(prefix, ["up"]);
  assert.match(up.stdout, new RegExp(`/run/netns/${prefix}-run`));
  const networks = await networksOf(prefix);

  const fetched = await runCli(prefix, [
    ...["in", "box", "--", "curl", "-sS", "-4", "https://allowed.test/"],
  ]);
  assert.equal(fetched.stdout, "site allowed.test 203.0.113.10 443\n");
  const again = await runCli(prefix, ["up"]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /lab down/);

  const down = await runCli(prefix, ["down"]);
  assert.equal(down.code, 0, down.stderr);
  assert.deepEqual(await remains(prefix), []);
  assert.deepEqual(await processesIn(networks), []);
});

Deno.test("lab in says so when no lab is up", async () => {
  const { code, stderr } = await runCli("nolab", ["in", "run", "--", "true"]);
  assert.equal(code, 2);
  assert.match(stderr, /lab up/);
});

Deno.test("lab refuses what it does not know", async () => {
  const { code, stderr } = await runCli("nolab", ["sideways"]);
  assert.equal(code, 2);
  assert.match(stderr, /^Usage: /);
});

async function runCli(prefix: string, args: readonly string[]) {
  await using program = new LabProcess(
    [Deno.execPath(), "run", "-A", CLI, ...args],
    { env: { SLUICE_LAB: prefix, NO_COLOR: "1" } },
  );
  return await program.finished(20_000);
}

/** Inodes of the lab's network namespaces, which outlive their names. */
async function networksOf(prefix: string): Promise<number[]> {
  const stats = await Promise.all(
    SIDES.map((side) => Deno.stat(`/run/netns/${prefix}-${side}`)),
  );
  return stats.map(({ ino }) => ino ?? 0);
}

/** Names of all processes that are in one of the namespaces. */
async function processesIn(networks: readonly number[]): Promise<string[]> {
  const names: string[] = [];
  for await (const { name: pid } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const link = await Deno.readLink(`/proc/${pid}/ns/net`);
      const inode = Number(/\d+/.exec(link)?.[0]);
      if (!networks.includes(inode)) continue;
      names.push(await Deno.readTextFile(`/proc/${pid}/comm`));
    } catch (error) {
      // It ended while we were looking; a zombie has no namespaces either. In a
      // container, some of the machine's own are closed even to root.
      const { NotFound, PermissionDenied } = Deno.errors;
      const isOther = error instanceof NotFound ||
        error instanceof PermissionDenied;
      if (!isOther) throw error;
    }
  }
  return names;
}

/** Paths that are named after the lab and still there. */
async function remains(prefix: string): Promise<string[]> {
  const paths: string[] = [];
  for (const parent of ["/run/netns", "/etc/netns", "/run/sluice-lab"]) {
    try {
      for await (const { name } of Deno.readDir(parent)) {
        const ours = name === prefix || name.startsWith(`${prefix}-`);
        if (ours) paths.push(`${parent}/${name}`);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return paths;
}
