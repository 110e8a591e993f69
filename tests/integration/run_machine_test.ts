import assert from "node:assert/strict";
import { ROOT } from "../style/tree.ts";
import { Cell } from "./cell.ts";
import { assertRefused, AUDIT, type Refusal } from "./refusal.ts";

// What nobody may read is not the question: Deno may be in root's home.
const AS_NOBODY = [
  ...["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"],
  ...["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"],
  ...["sh", "-c", 'DENO_DIR=$SLUICE_CWD/deno exec "$@"', "sh"],
];

const MACHINES: readonly Refusal[] = [
  {
    name: "a user who is not root",
    setup: `cp -r "\${DENO_DIR:-$HOME/.cache/deno}" "$0/deno"
      chown -R 65534 "$0/deno"; chmod 711 "$0"`,
    before: AS_NOBODY,
    code: 3,
    said: [/not root, root is needed/, /sudo/],
  },
  {
    name: "a machine without libnetfilter_queue and without a network",
    copy: true,
    setup: purge("libnetfilter-queue1"),
    code: 3,
    said: [/libnetfilter-queue1/, /apt-get install libnetfilter-queue1/],
  },
  {
    name: "a machine without iptables and without a network",
    copy: true,
    setup: purge("iptables"),
    code: 3,
    said: [/iptables/, /apt-get install iptables/],
  },
  {
    name: "a machine whose libnetfilter_queue is a broken file",
    copy: true,
    setup: "for f in /usr/lib/*/libnetfilter_queue.so.1.5.0; do :> $f; done",
    code: 3,
    said: [/libnetfilter_queue/, /doctor|Install/],
  },
  {
    name: "a machine without cgroup v2",
    setup: `for path in $(awk '/ - cgroup2 /{print $5}' /proc/self/mountinfo)
      do umount -l $path; done`,
    code: 3,
    said: [/no cgroup v2 hierarchy is mounted/, /mount -t cgroup2/],
  },
  {
    name: "a machine with cgroup v2 for reading only",
    setup: `for path in $(awk '/ - cgroup2 /{print $5}' /proc/self/mountinfo)
      do mount -o remount,bind,ro $path; done`,
    code: 3,
    said: [/Cannot make the cgroup ".*EROFS/, /read-only/],
  },
  {
    name: "a machine whose loopback interface is down",
    before: ["sh", "-c", 'ip link set lo down; exec "$@"', "sh"],
    code: 3,
    said: [/Cannot prove that the guard works/, /bring `lo` up/],
  },
  {
    name: "a network namespace that is not there",
    args: ["--netns", "/run/netns/none-of-mine", ...AUDIT],
    code: 3,
    said: [/Cannot enter the network namespace "\/run.*ENOENT/, /Give a file/],
  },
  {
    name: "a file that is no network namespace",
    args: ["--netns", "/etc/hostname", ...AUDIT],
    code: 3,
    said: [/Cannot enter the network namespace ".*EINVAL/, /Give a file/],
  },
  {
    name: "a state directory of another user's",
    setup: 'mkdir -m 700 "$0/state"; chown 65534 "$0/state"',
    code: 3,
    said: [/belongs to user 65534, root must own it/, /--state/],
  },
  {
    name: "a state directory that others may write",
    setup: 'mkdir "$0/state"; chmod 777 "$0/state"',
    code: 3,
    said: [/others may write there/, /--state/],
  },
  {
    name: "a state directory that is a file",
    setup: ':> "$0/state"',
    code: 3,
    said: [/Cannot keep the state .*(?:ENOTDIR|EEXIST)/, /--state/],
  },
  {
    name: "a state that another version has written",
    setup: `mkdir -p -m 700 "$0/state" "$0/state/run-1"
      echo '{"version":99}' > "$0/state/run-1/guard.json"`,
    code: 3,
    said: [/not what this version wrote/, /remove the file/],
  },
  {
    name: "a state cut off by a full disk",
    setup: `mkdir -p -m 700 "$0/state" "$0/state/run-1"
      echo '{"vers' > "$0/state/run-1/guard.json"`,
    code: 3,
    said: [/not what this version wrote/, /remove the file/],
  },
  {
    name: "a state directory on a full disk",
    setup:
      `mkdir "$0/state"; mount -t tmpfs -o size=4k,mode=700 tmpfs "$0/state"
      head -c 4096 /dev/zero > "$0/state/fill"`,
    code: 3,
    said: [/ENOSPC/, /--state|--journal/],
  },
];

for (const row of MACHINES) {
  Deno.test(`sluice run refuses ${row.name}, in one message, and leaves nothing`, async () => {
    await assertRefused(row);
  });
}

Deno.test("sluice run refuses when every queue number is taken, and leaves nothing", async () => {
  await using cell = await Cell.open();
  await using holder = cell.spawn([
    ...[
      Deno.execPath(),
      "run",
      "-A",
      `${ROOT}tests/integration/hold_queues.ts`,
    ],
  ]);
  await holder.waitFor("held");
  const before = await cell.footprint();
  const { code, stdout, stderr } = await cell.sluice(["run", ...AUDIT]);
  assert.equal(code, 3, stderr);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /^sluice: Cannot open a packet queue: .*\n {2}End another guard.*nfnetlink_queue\n$/,
  );
  assert.equal(await cell.footprint(), before);
});

Deno.test("sluice run takes another queue number when its first one is taken", async () => {
  await using cell = await Cell.open();
  await using holder = cell.spawn([
    ...[
      Deno.execPath(),
      "run",
      "-A",
      `${ROOT}tests/integration/hold_queues.ts`,
    ],
    "1",
  ]);
  await holder.waitFor("held");
  const { code, stderr } = await cell.sluice(["run", ...AUDIT]);
  assert.equal(code, 0, stderr);
});

Deno.test("sluice run refuses where the host is guarded, whichever state directory it names", async () => {
  await using cell = await Cell.open();
  const started = await cell.sluice(["start", "--egress", "block"]);
  assert.equal(started.code, 0, started.stderr);
  const { pid } = JSON.parse(started.stdout);
  try {
    const before = await cell.footprint();
    for (const state of [cell.state, `${cell.directory}/another`]) {
      const { code, stdout, stderr } = await cell.sluice([
        ...["run", "--state", state, ...AUDIT],
      ]);
      assert.equal(code, 3, stderr);
      assert.equal(stdout, "");
      assert.match(
        stderr,
        /^sluice: Cannot arm a second guard: .*\n {2}Run `sluice stop`.*\n$/,
      );
    }
    assert.equal(await cell.footprint(), before);
    const stopped = await cell.sluice(["stop"]);
    assert.equal(stopped.code, 0, stopped.stderr);
  } finally {
    await cell.in(["kill", "-9", String(pid)]);
  }
});

Deno.test("sluice run --on-failure continue runs the command unguarded, and says so aloud", async () => {
  const setup =
    `for path in $(awk '/ - cgroup2 /{print $5}' /proc/self/mountinfo)
    do umount -l $path; done`;
  await using cell = await Cell.open({ setup });
  const before = await cell.footprint();
  const { code, stdout, stderr } = await cell.sluice([
    ...["run", "--egress", "block", "--on-failure", "continue", "--"],
    ...["sh", "-c", "echo ran; exit 9"],
  ]);
  assert.equal(code, 9, stderr);
  assert.equal(stdout, "ran\n");
  assert.match(stderr, /^sluice: Cannot guard one command: no cgroup v2/m);
  assert.match(stderr, /^sluice: NOT GUARDED: the command runs all the same/m);
  assert.doesNotMatch(stderr, /^sluice \(block\)/m);
  assert.equal(await cell.footprint(), before);
});

for (const flags of [[], ["--on-failure", "fail"]]) {
  Deno.test(`sluice run ${flags.join(" ")} does not run what it cannot guard`, async () => {
    await using cell = await Cell.open();
    const { code, stdout } = await cell.sluice([
      ...["run", "--egress", "audit", "--netns", "/none", ...flags],
      ...["--", "echo", "ran"],
    ]);
    assert.equal(code, 3);
    assert.equal(stdout, "");
  });
}

/** Without the package, and where none is to be had, which is told at once. */
function purge(packageName: string): string {
  return `{ dpkg --purge --force-depends ${packageName}
    echo nameserver 127.0.0.1 > /etc/resolv.conf
    rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
  } >/dev/null 2>&1`;
}
