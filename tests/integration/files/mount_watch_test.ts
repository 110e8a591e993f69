/** Mounts over a tree, in a mount namespace of the test's own. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("./mount_watch_main.ts", import.meta.url));

interface Row {
  readonly name: string;
  /** For sh, in the directory that the tree is in. */
  readonly act: string;
  /** Act, place, type and what of it is shown. */
  readonly wanted: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    name: "a mount on a tree",
    act: "mount -t tmpfs none tree",
    wanted: ["mounted /tree tmpfs /"],
  },
  {
    name: "a mount below a tree, by its whole name",
    act: "mkdir 'tree/a b'; mount -t tmpfs none 'tree/a b'",
    wanted: ["mounted /tree/a b tmpfs /"],
  },
  {
    name: "a mount above a tree",
    act: "mount -t tmpfs none .",
    wanted: ["mounted  tmpfs /"],
  },
  {
    name: "a file over a file",
    act: "echo > tree/f; echo > g; mount --bind g tree/f",
    wanted: ["mounted /tree/f tmpfs /g"],
  },
  {
    name: "what is gone before what has come",
    act: "mount -t tmpfs none tree/n; umount tree/m",
    wanted: ["unmounted /tree/m tmpfs /", "mounted /tree/n tmpfs /"],
  },
  {
    name: "nothing of mounts beside a tree",
    act: "mkdir tree2; mount -t tmpfs none tree2",
    wanted: [],
  },
];

for (const { name, act, wanted } of ROWS) {
  Deno.test(`MountWatch tells ${name}`, async () => {
    const program = [Deno.execPath(), "run", "-A", "-q", MAIN, act];
    // All that is mounted ends with the namespace's last process.
    const args = ["--mount", "--propagation=private", "--", ...program];
    const { success, stdout } = await new Deno.Command("unshare", {
      args,
      stderr: "inherit",
    }).output();
    assert.ok(success);
    const told = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual(told, { idle: 0, woken: 1, told: wanted, after: 0 });
  });
}
