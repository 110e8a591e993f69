/** What the service's installer changes on a machine, and takes back. */
import assert from "node:assert/strict";
import { differingLines } from "./leftovers.ts";
import { SERVICE, ServiceGround } from "./service_ground.ts";

// Kind, mode, owner, time and content of all that could be changed. Not when a
// directory was: whoever adds and removes has done so. Nor what the machine
// below the copy changes meanwhile: names of labs, logs, packages.
const MANIFEST = `
find /etc /var /usr/local /opt -xdev \\( -path /etc/netns -o -path /var/log \\
    -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt \\) \\
  -prune -o -printf '%p %y %m %U:%G %l' \\
  \\( -type f -printf ' %s %T@' -o -true \\) -printf '\\n'
find /etc /usr/local /var/lib/systemd /var/lib/sluice -xdev \\
  -path /etc/netns -prune -o -type f -exec sha256sum {} + 2>/dev/null
find /run -mindepth 1 -maxdepth 1
`;

Deno.test("the service is installed once and removed without a trace", async () => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  const look = async () => {
    const shell = ["sh", "-c", MANIFEST];
    return (await ground.in(shell, { timeoutMs: 60_000 })).stdout;
  };
  const before = await look();

  const first = await machine.service("install");
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /Wrote this program to "\/var\/lib\/sluice\//);
  assert.match(first.stderr, /init start "\S+ service run" as root/);
  const after = await look();
  assert.notEqual(after, before);

  const second = await machine.service("install");
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /nothing is changed/);
  assert.deepEqual(differingLines(after, await look()), []);

  const running = ground.spawn([SERVICE, "service", "run"]);
  await running.waitFor("Listens at");
  const status = await ground.in([SERVICE, "service", "status"]);
  const { command, pid } = JSON.parse(status.stdout);
  assert.equal(command, SERVICE);
  assert.ok(Number.isInteger(pid));
  const other = await ground.in([SERVICE, "service", "run"]);
  assert.match(other.stderr, /it runs already, as process \d+/);

  const removed = await machine.service("remove");
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal((await running.finished(10_000)).code, 0);
  assert.deepEqual(differingLines(before, await look()), []);

  const again = await machine.service("remove");
  assert.match(again.stderr, /not installed; nothing is changed/);
  assert.equal((await machine.service("status")).code, 1);
});

Deno.test("what is installed is root's alone", async () => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  await machine.serve();
  const shared = ["-perm", "/022", "!", "-type", "l"];
  const foreign = ["(", "!", "-user", "root", "-o", ...shared, ")"];
  const found = await ground.in(["find", "/var/lib/sluice", ...foreign]);
  assert.equal(found.stdout, "");
  const asUser = await ground.in([SERVICE, "service", "install"], {
    user: ground.user,
  });
  assert.match(asUser.stderr, /this is not root, root is needed/);
});

Deno.test("a unit that the installer has not made is left alone", async () => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  const unit = "/etc/systemd/system/sluice.service";
  await ground.in(["sh", "-c", `echo mine > ${unit}`]);
  const { code, stderr } = await machine.service("install");
  assert.equal(code, 3);
  assert.match(stderr, /that it has not made/);
  assert.equal((await ground.in(["cat", unit])).stdout, "mine\n");
  assert.equal((await ground.in(["ls", "/var/lib/sluice"])).stdout, "");
});

// systemd itself cannot run here: what it would be asked is written down.
const SYSTEMCTL = `mkdir -p /run/systemd/system
rm /usr/bin/systemctl
printf '#!/bin/sh\\necho "$*" >> /tmp/asked; [ "$1" != "$(cat /tmp/fails)" ]\\n' \\
  > /usr/bin/systemctl
chmod +x /usr/bin/systemctl; touch /tmp/fails`;

Deno.test("where systemd runs it starts the service", async () => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  await ground.in(["sh", "-c", SYSTEMCTL]);
  const { code, stderr } = await machine.service("install");
  assert.equal(code, 0, stderr);
  const unit = "/etc/systemd/system/sluice.service";
  const { stdout } = await ground.in(["cat", unit]);
  assert.match(stdout, /^ExecStart=\/var\/lib\/sluice\/service\/sluice /m);
  const verify = ["systemd-analyze", "verify", "--man=no", unit];
  const verified = await ground.in(verify, { timeoutMs: 30_000 });
  assert.doesNotMatch(verified.stderr, /sluice\.service:/);
  assert.equal((await machine.service("install")).code, 0);
  assert.equal((await machine.service("remove")).code, 0);
  const asked = (await ground.in(["cat", "/tmp/asked"])).stdout;
  assert.deepEqual(asked.trim().split("\n"), [
    "daemon-reload",
    "enable --quiet sluice.service",
    "restart sluice.service",
    "enable --quiet sluice.service",
    "start sluice.service",
    "disable --quiet --now sluice.service",
    "daemon-reload",
  ]);
  assert.equal((await ground.in(["ls", unit])).stdout, "");
  assert.equal((await ground.in(["ls", "/var/lib/sluice"])).stdout, "");
});

Deno.test("an installation that fails leaves nothing behind", async () => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  await ground.in(["sh", "-c", `${SYSTEMCTL}; echo restart > /tmp/fails`]);
  const { code, stderr } = await machine.service("install");
  assert.equal(code, 3);
  assert.match(stderr, /systemctl restart sluice\.service" ended with 1/);
  const places = ["/etc/systemd/system/sluice.service", "/var/lib/sluice"];
  assert.equal((await ground.in(["ls", ...places])).stdout, "");
  const { stdout } = await ground.in(["tail", "-2", "/tmp/asked"]);
  assert.equal(
    stdout,
    "disable --quiet --now sluice.service\ndaemon-reload\n",
  );
});
