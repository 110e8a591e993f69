import assert from "node:assert/strict";
import { Cell, RUN_TIMEOUT_MS } from "../integration/cell.ts";

const WORKFLOW = "steps:\n  - uses: step-security/harden-runner@v2 # v2.1\n";
const TO = `o/sluice@${"0".repeat(40)} # v1.0.0`;
const AFTER = `steps:\n  - uses: ${TO}\n`;

let cell: Cell | undefined;

Deno.test.beforeAll(async () => {
  cell = await Cell.open();
});

Deno.test.afterAll(async () => {
  await cell?.[Symbol.asyncDispose]();
});

Deno.test("sluice migrate --check tells, exits with 1 and changes nothing", async () => {
  const path = await writeWorkflow("check.yml");
  const { code, stdout } = await run("migrate", path, "--check", "--to", TO);
  assert.equal(code, 1);
  assert.match(stdout, /check\.yml:2: would use Sluice/);
  assert.equal(await Deno.readTextFile(path), WORKFLOW);
});

Deno.test("sluice migrate keeps mode, owner and links, and changes once", async () => {
  const path = await writeWorkflow("real.yml");
  const link = `${cell!.directory}/link.yml`;
  await Deno.chmod(path, 0o640);
  await Deno.chown(path, 1234, 5678);
  await Deno.symlink("real.yml", link);
  assert.equal((await run("migrate", link, "--to", TO)).code, 0);
  assert.equal(await Deno.readTextFile(path), AFTER);
  const { mode, uid, gid } = await Deno.stat(path);
  assert.deepEqual([mode! & 0o7777, uid, gid], [0o640, 1234, 5678]);
  assert.equal((await Deno.lstat(link)).isSymlink, true);
  const again = await run("migrate", path, "--check", "--to", TO);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /nothing to change/);
});

Deno.test("sluice migrate goes on behind a file that it cannot read", async () => {
  const path = await writeWorkflow("good.yml");
  const binary = `${cell!.directory}/binary.yml`;
  await Deno.writeFile(binary, Uint8Array.of(0xff, 0xfe, 0x0a));
  const files = [`${cell!.directory}/none.yml`, binary, path];
  const { code, stdout } = await run("migrate", ...files, "--to", TO);
  assert.equal(code, 2);
  assert.match(stdout, /none\.yml:1: not changed: /);
  assert.match(stdout, /binary\.yml:1: not changed: /);
  assert.equal(await Deno.readTextFile(path), AFTER);
});

Deno.test("sluice migrate asks for a commit", async () => {
  const path = await writeWorkflow("target.yml");
  for (const flags of [[], ["--to", "o/sluice@v1"]]) {
    const { code, stderr } = await run("migrate", path, ...flags);
    assert.equal(code, 2);
    assert.match(stderr, /--to/);
  }
  assert.equal(await Deno.readTextFile(path), WORKFLOW);
});

async function writeWorkflow(name: string): Promise<string> {
  const path = `${cell!.directory}/${name}`;
  await Deno.writeTextFile(path, WORKFLOW);
  return path;
}

function run(...args: string[]) {
  return cell!.startBare(args).finished(RUN_TIMEOUT_MS);
}
