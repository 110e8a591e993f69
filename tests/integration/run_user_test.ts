import assert from "node:assert/strict";
import { ROOT } from "../style/tree.ts";
import { Cell, sluiceArgs } from "./cell.ts";

/** Her home is not where the name suggests, and she is in a group besides. */
const ALICE = { name: "sluice-alice", home: "/home/of-alice", uid: 4711 };

// In a copy of `/`: the machine's own users and sudoers stay as they are.
const SETUP = `
  command -v sudo >/dev/null || {
    apt-get install -qq -y --no-install-recommends sudo ||
      { apt-get -qq update && apt-get install -qq -y --no-install-recommends sudo; }
  } >/dev/null
  groupadd --gid 4712 sluice-extra
  useradd --uid ${ALICE.uid} --user-group --groups sluice-extra \
    --create-home --home-dir ${ALICE.home} --shell /bin/bash ${ALICE.name}
  echo '${ALICE.name} ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/sluice-alice
  chmod 440 /etc/sudoers.d/sluice-alice
  printf '127.0.0.1 localhost %s\\n' "$(hostname)" > /etc/hosts
  mkdir ${ALICE.home}/project ${ALICE.home}/state
  chown -R ${ALICE.name} ${ALICE.home}
`;

let cell: Cell | undefined;
let onlineCell: Cell | undefined;

Deno.test.beforeAll(async () => {
  const setup = SETUP;
  [cell, onlineCell] = await Promise.all([
    Cell.open({ copy: true, setup }),
    // npx asks the registry for what it has already.
    Cell.open({ copy: true, setup, online: true }),
  ]);
});

Deno.test.afterAll(async () => {
  await cell?.[Symbol.asyncDispose]();
  await onlineCell?.[Symbol.asyncDispose]();
});

/** What stands between the user and Sluice. */
const FORMS: readonly { name: string; words: readonly string[] }[] = [
  {
    name: "sudo npx deno task",
    words: [
      ...["npx", "-y", `deno@${Deno.version.deno}`, "task", "-q"],
      ...["--config", `${ROOT}deno.json`, "sluice"],
    ],
  },
  {
    name: "sudo deno task",
    words: [
      ...[Deno.execPath(), "task", "-q"],
      ...["--config", `${ROOT}deno.json`, "sluice"],
    ],
  },
  { name: "sudo deno run", words: sluiceArgs() },
];

for (const form of FORMS) {
  Deno.test(`a command under ${form.name} is its user's`, async () => {
    const there = form.name.includes("npx") ? onlineCell! : cell!;
    const questions = [
      "id",
      "umask",
      'echo "$HOME $USER $LOGNAME $SHELL ${MAIL-none}"',
      "pwd",
      // sudo has a PATH of its own for everybody.
      // Where `sluice step` finds the guard is added.
      "env | grep -v '^PATH=\\|^_=\\|^SLUICE_STEPS=' | sort",
      "npm config get cache",
      "npm config get userconfig",
      "npm config get prefix",
      "touch made && stat -c '%U:%G' made",
      "grep '^Cap[EPI]' /proc/self/status",
      "groups",
      'echo "$PATH" | grep -c "node_modules\\|npm/\\|node-gyp"',
    ].join("; ");
    const bare = await asAlice(there, ["bash", "-c", questions]);
    assert.match(
      bare.stdout,
      /^uid=4711\(sluice-alice\).*4712\(sluice-extra\)/,
    );
    assert.match(bare.stdout, /^\/home\/of-alice\/\.npm$/m);
    const { code, stdout, stderr } = await asAlice(there, [
      ...["sudo", ...form.words],
      ...there.withState(["run", "--egress", "audit", "--"]),
      ...["bash", "-c", questions],
    ]);
    assert.deepEqual(stdout.split("\n"), bare.stdout.split("\n"), stderr);
    assert.equal(code, bare.code);
    assert.match(stderr, /^sluice \(audit\): nothing contacted$/m);
  });
}

Deno.test("a journal that the user behind sudo names is theirs to read", async () => {
  const { code, stderr } = await asAlice(cell!, [
    ...["sudo", Deno.execPath(), "task", "-q"],
    ...["--config", `${ROOT}deno.json`, "sluice"],
    ...cell!.withState(["run", "--egress", "audit", "--journal", "j.ndjson"]),
    ...["--", "true"],
  ]);
  assert.equal(code, 0, stderr);
  assert.ok(
    stderr.endsWith(`Journal: ${ALICE.home}/project/j.ndjson\n`),
    stderr,
  );
  const { stdout } = await asAlice(cell!, [
    ...["sh", "-c", "stat -c '%U:%G %a' j.ndjson; grep -c armed j.ndjson"],
  ]);
  assert.equal(stdout, "sluice-alice:sluice-alice 600\n1\n");
});

Deno.test("sudo, then root, then the user: a command of root's own is root's", async () => {
  const { stdout, stderr } = await cell!.sluice([
    ...["run", "--egress", "audit", "--", "sh", "-c", "id -u; echo $HOME"],
  ]);
  assert.equal(stdout, `0\n${Deno.env.get("HOME")}\n`, stderr);
});

Deno.test("sluice run refuses a user behind sudo whom the machine does not know", async () => {
  await using cell = await Cell.open();
  const before = await cell.footprint();
  const { code, stderr } = await cell.sluice([
    ...["run", "--egress", "audit", "--", "true"],
  ], { env: { SUDO_UID: "54321", SUDO_GID: "54321" } });
  assert.equal(code, 3);
  assert.match(stderr, /user id "54321" is not in \/etc\/passwd/);
  assert.equal(await cell.footprint(), before);
});

for (const uid of ["-1", "0x10", "1e3", "", "root", "4294967296"]) {
  Deno.test(`sluice run refuses to be told user id "${uid}"`, async () => {
    await using cell = await Cell.open();
    const { code, stdout } = await cell.sluice([
      ...["run", "--egress", "audit", "--", "id", "-u"],
    ], { env: { SUDO_UID: uid } });
    assert.equal(code, 3);
    assert.equal(stdout, "");
  });
}

/** From a login of hers, which has nothing of the tests' environment. */
function asAlice(there: Cell, args: readonly string[]) {
  const { name, home } = ALICE;
  return there.in([
    ...["setpriv", "--reuid", name, "--regid", name, "--init-groups", "--"],
    ...["env", "-i", `HOME=${home}`, `USER=${name}`, `LOGNAME=${name}`],
    ...["SHELL=/bin/bash", "LANG=C.UTF-8", "TERM=dumb"],
    "PATH=/usr/local/bin:/usr/bin:/bin",
    ...["env", "-C", `${home}/project`, ...args],
  ]);
}
