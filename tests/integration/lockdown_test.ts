import assert from "node:assert/strict";
import type { LabProcess } from "../lab/command.ts";
import { waitUntil } from "../lab/wait.ts";
import { differingLines } from "./leftovers.ts";
import { LockdownGround, RUNNER } from "./lockdown_ground.ts";

/** What makes somebody root, each by itself: it prints 0 when it does. */
const WAYS: Readonly<Record<string, string>> = {
  "sudo": "sudo -n id -u",
  "a shell by sudo": "/usr/bin/sudo -n -s id -u",
  "sudo by way of another user": "sudo -n -u daemon id -u >/dev/null && echo 0",
  "sudo by another path": "/proc/self/root/usr/bin/sudo -n id -u",
  "su to a root without a password": "su -c 'id -u' root",
  "doas": "doas -n id -u",
  "pkexec": "pkexec --disable-internal-agent id -u",
  "a service that asks polkit":
    "sh -c 'exec pkcheck -a org.freedesktop.policykit.exec -p $$' && echo 0",
  "a setuid shell in a place of nobody's":
    "/srv/tools/setuid-shell -p -c 'id -u'",
  "a setuid shell on another file system": "/mnt/another -p -c 'id -u'",
  "a program with capabilities": "/srv/tools/capable --reuid=0 id -u",
  "a job for at(1)":
    `rm -f /tmp/by-at; echo 'sudo -n id -u > /tmp/by-at' | at now
      for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; cat /tmp/by-at && break; done`,
  "a table for cron(8)": "echo '* * * * * true' | crontab - && echo 0",
  "a table of root's":
    "echo '* * * * * root true' >> /etc/cron.d/loose && echo 0",
  "a unit of systemd's": "printf '' >> /etc/systemd/system/x.service && echo 0",
  "a script that cron.daily links to":
    "printf '' >> /opt/vendor/cron/job && echo 0",
  "another directory in place of the one that cron.daily links into":
    "mv /opt/vendor /opt/away && mv /opt/away /opt/vendor && echo 0",
  "a program on root's PATH":
    "cp /bin/true /usr/local/bin/run-parts && echo 0; " +
    "rm -f /usr/local/bin/run-parts",
  "actions of polkit in a directory for everybody":
    "mv /usr/share/polkit-1 /usr/share/away && " +
    "mv /usr/share/away /usr/share/polkit-1 && echo 0",
  "a PATH of root's sessions that leads home":
    `grep -q /home/${RUNNER} /etc/environment && echo 0`,
  "a disk": "test -w /dev/vdz && echo 0",
  "Docker's socket": "python3 /srv/ask.py /run/docker.sock",
  "containerd's socket": "python3 /srv/ask.py /run/containerd/containerd.sock",
};

const SETUP = `
  cat > /srv/serve.py <<'END'
import os, socket, sys
path = sys.argv[1]
os.makedirs(os.path.dirname(path), exist_ok=True)
server = socket.socket(socket.AF_UNIX)
server.bind(path)
os.chmod(path, 0o660)
os.chown(path, 0, int(sys.argv[2]))
server.listen(9)
while True:
    peer, _ = server.accept()
    peer.send(b"0\\n")
    peer.close()
END
  cat > /srv/ask.py <<'END'
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
print(peer.recv(9).decode(), end="")
END
`;

let ground: LockdownGround;
const daemons: LabProcess[] = [];

Deno.test.beforeAll(async () => {
  ground = await LockdownGround.open(SETUP);
  const { stdout } = await ground.asRoot("getent group docker | cut -d: -f3");
  const group = stdout.trim();
  for (
    const args of [
      ["dbus-daemon", "--system", "--nofork", "--nopidfile"],
      ["/usr/lib/polkit-1/polkitd", "--no-debug"],
      ["atd", "-f"],
      ["/usr/bin/python3", "/srv/serve.py", "/run/docker.sock", group],
      [
        ...["/usr/bin/python3", "/srv/serve.py"],
        ...["/run/containerd/containerd.sock", group],
      ],
    ]
  ) daemons.push(ground.cell.spawn(args, { cwd: "/" }));
  await waitUntil(async () => {
    const { code } = await ground.asRoot(
      "test -S /run/docker.sock -a -S /run/containerd/containerd.sock && " +
        "pkcheck -a org.freedesktop.policykit.exec -p $$",
    );
    return code === 0;
  }, { what: "the daemons", timeoutMs: 20_000 });
});

Deno.test.afterAll(async () => {
  for (const daemon of daemons) await daemon[Symbol.asyncDispose]();
  await ground?.[Symbol.asyncDispose]();
});

Deno.test("applyLockdown() closes every way to root, and restoreLockdown() opens it", async (test) => {
  const ways = Object.entries(WAYS);
  for (const [name, script] of ways) {
    await test.step(`${name} is open before`, () => isOpen(script, true));
  }
  const before = await ground.footprint();
  assert.notEqual(before, "");
  await ground.apply();
  for (const [name, script] of ways) {
    await test.step(`${name} is closed`, () => isOpen(script, false));
  }
  await test.step("verifyLockdown() finds nothing open", async () => {
    assert.deepEqual(await ground.verify(), []);
  });
  await test.step("what builds need works", async () => {
    const { stdout } = await ground.asRunner(
      "ping -c1 127.0.0.1 >/dev/null && echo ping; " +
        "touch /usr/share/dotnet/new && rm /usr/share/dotnet/new && " +
        "test -w /opt && echo tools",
    );
    assert.equal(stdout, "ping\ntools\n");
  });
  assert.deepEqual(await ground.restore(), []);
  await test.step("everything is as it was", async () => {
    assert.deepEqual(differingLines(before, await ground.footprint()), []);
  });
  for (const [name, script] of ways) {
    await test.step(`${name} is open again`, () => isOpen(script, true));
  }
});

Deno.test("verifyLockdown() names what is root's by the user already", async () => {
  const { cell, uid } = ground;
  await using _shell = cell.spawn([
    ...["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--init-groups"],
    ...["sh", "-c", "sudo -n sleep 60; :"],
  ], { cwd: "/" });
  await waitUntil(
    async () => (await cell.in(["pgrep", "-u", "0", "-x", "sudo"])).code === 0,
    { what: "sudo" },
  );
  await ground.apply();
  const ways = await ground.verify();
  assert.deepEqual(await ground.restore(), []);
  assert.ok(ways.length > 0);
  for (const way of ways) assert.match(way, /"(?:sudo|sleep)", is root's by/);
});

Deno.test("verifyLockdown() names what keeps rights from before", async () => {
  const { cell, uid } = ground;
  const asRunner = [
    ...["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--init-groups"],
  ];
  // By itself: what it would wait by comes and goes.
  const waiting = "read -r _ < /tmp/go; sudo -n id -u > /tmp/by-mounts; " +
    "read -r _ < /tmp/go";
  await ground.asRoot("mkfifo -m 666 /tmp/go");
  await using _mounts = cell.spawn(
    ["unshare", "-m", ...asRunner, "sh", "-c", waiting],
    { cwd: "/" },
  );
  await using _capable = cell.spawn([
    ...[...asRunner, "--inh-caps=+chown", "--ambient-caps=+chown"],
    ...["sleep", "60"],
  ], { cwd: "/" });
  // In a user namespace of its own nobody is more than without.
  await using _harmless = cell.spawn(
    [...asRunner, "unshare", "--user", "--mount", "tail", "-f", "/dev/null"],
    { cwd: "/" },
  );
  await waitUntil(async () => {
    const { code } = await ground.asRoot(
      "pgrep -u sluice-runner -x sh && pgrep -u sluice-runner -x sleep && " +
        "pgrep -u sluice-runner -x tail",
    );
    return code === 0;
  }, { what: "the processes" });
  await ground.apply();
  const ways = await ground.verify();
  await ground.asRoot("echo > /tmp/go");
  await waitUntil(
    async () => (await ground.asRoot("cat /tmp/by-mounts")).stdout === "0\n",
    { what: "root by other mounts" },
  );
  assert.deepEqual(await ground.restore(), []);
  const told = ways.map((way) => way.replace(/process \d+, /, "")).sort();
  assert.deepEqual([...new Set(told)], [
    `"sh", of the job's user sees mounts of its own, whose programs still give rights`,
    `"sleep", of the job's user has capabilities of root's`,
  ]);
});

Deno.test("applyLockdown() fails when what looks for openings is ended", async () => {
  // It runs as the job's user, whose other processes can do that.
  await ground.asRoot(`
    printf '#!/bin/sh\\nkill -KILL $$\\n' > /srv/find
    chmod 755 /srv/find
    mount --bind /srv/find /usr/bin/find
  `);
  await assert.rejects(ground.apply(), /Cannot look for what the job's user/);
  await ground.asRoot("umount /usr/bin/find");
  assert.deepEqual(await ground.restore(), []);
  assert.equal((await ground.asRunner("sudo -n id -u")).stdout, "0\n");
});

Deno.test("restoreLockdown() undoes a lockdown that was killed at any change", async () => {
  const before = await ground.footprint();
  let changes = 1;
  while (await ground.applyUntil(changes)) {
    assert.deepEqual(await ground.restore(), [], `${changes}`);
    assert.deepEqual(differingLines(before, await ground.footprint()), []);
    changes++;
  }
  assert.deepEqual(await ground.restore(), []);
  assert.ok(changes > 10, `${changes}`);
});

Deno.test("restoreLockdown() does nothing the second time", async () => {
  await ground.apply();
  assert.deepEqual(await ground.restore(), []);
  const before = await ground.footprint();
  assert.deepEqual(await ground.restore(), []);
  assert.deepEqual(differingLines(before, await ground.footprint()), []);
});

Deno.test("restoreLockdown() leaves what an administrator has changed, and says so", async () => {
  await ground.apply();
  await ground.asRoot(`
    chmod 640 /run/docker.sock
    echo '// mine' >> '/etc/polkit-1/rules.d/!00-sluice.rules'
    mount -t tmpfs tmpfs /usr/local/bin
  `);
  const said = await ground.restore();
  // The last of them twice: it is read-only, and without setuid programs.
  assert.equal(said.length, 4, said.join("\n"));
  for (const path of ["docker.sock", "!00-sluice", "/usr/local/bin"]) {
    assert.ok(said.some((line) => line.includes(path)), path);
  }
  const { stdout } = await ground.asRoot("stat -c %a /run/docker.sock");
  assert.equal(stdout, "640\n");
  await ground.asRoot(`
    chmod 660 /run/docker.sock
    rm '/etc/polkit-1/rules.d/!00-sluice.rules'
    umount /usr/local/bin
  `);
  assert.deepEqual(await ground.restore(), []);
});

Deno.test("applyLockdown() of sudo alone leaves container runtimes open", async () => {
  await ground.apply({ ...ground.order, containers: false });
  await isOpen("python3 /srv/ask.py /run/docker.sock", true);
  await isOpen("sudo -n id -u", false);
  assert.deepEqual(await ground.restore(), []);
});

Deno.test("a job that a user left with cron before gets no root from it", async () => {
  await ground.asRunner(
    "echo '@reboot sudo -n id -u > /tmp/by-cron 2>&1; echo end >> /tmp/by-cron' | crontab -",
  );
  await ground.apply();
  await ground.asRoot("rm -f /run/crond.reboot");
  await using _cron = ground.cell.spawn(["cron", "-f"], { cwd: "/" });
  let said = "";
  await waitUntil(async () => {
    said = (await ground.asRoot("cat /tmp/by-cron || :")).stdout;
    return said.endsWith("end\n");
  }, { what: "what cron has run", timeoutMs: 20_000 });
  assert.match(said, /nosuid/);
  assert.deepEqual(await ground.restore(), []);
});

async function isOpen(script: string, wanted: boolean): Promise<void> {
  const { stdout, stderr } = await ground.asRunner(script);
  assert.equal(stdout.split("\n").includes("0"), wanted, stdout + stderr);
}
