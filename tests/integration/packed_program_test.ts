/** The program in one file: unpacked once, by nobody else, and the same. */
import assert from "node:assert/strict";
import { ROOT } from "../style/tree.ts";
import { Lab } from "../lab/lab.ts";
import { packedProgram } from "../release/packed.ts";
import { packProgram } from "../release/pack.ts";
import { ownArchitecture } from "../release/runtime.ts";
import { Cell } from "./cell.ts";
import { Probe } from "./probing.ts";
import { armBlocking, assertClosed } from "./tampering.ts";

/** A machine where nothing was ever unpacked. */
const EMPTY = 'mkdir "$0/lib" && mount --bind "$0/lib" /var/lib';
const PLACE = "/var/lib/sluice";

async function openEmpty(): Promise<{ cell: Cell; program: string }> {
  const program = await packedProgram();
  return { cell: await Cell.open({ setup: EMPTY }), program };
}

/** What is there, with owner and mode. */
async function unpacked(cell: Cell, place = PLACE): Promise<string> {
  const list = ["find", place, "-mindepth", "1", "-not", "-path", "*/cache/*"];
  const { stdout } = await cell.in([...list, "-printf", "%P %U %m\n"]);
  return stdout;
}

Deno.test("packProgram() gives the same bytes for the same source", async () => {
  const architecture = ownArchitecture();
  const again = await packProgram({ architecture, level: 1 });
  assert.deepEqual(await Deno.readFile(await packedProgram()), again);
});

Deno.test("the program in one file guards as the source does", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const program = await packedProgram();
  await Deno.mkdir(`${lab.directory}/lib`);
  const before = [
    ...["unshare", "--mount", "sh", "-c"],
    'mount --bind "$0" /var/lib && exec "$@"',
    `${lab.directory}/lib`,
  ];
  const guard = await armBlocking(lab, { program, before });
  await assertClosed(lab, probe);
  assert.equal((await guard.status()).state, "armed");
  const heard = (await guard.events()).filter(({ kind }) => kind === "exec");
  assert.notEqual(heard.length, 0, "the process thread tells of nothing");
  const { state, lost } = await guard.stop();
  assert.equal(state, "stopped");
  assert.deepEqual(lost, []);
});

Deno.test("the program in one file is unpacked once, for its user alone to change", async () => {
  const { cell, program } = await openEmpty();
  await using _cell = cell;
  const first = await cell.in([program, "check", `${ROOT}LICENSE`]);
  assert.equal(first.code, 2, first.stderr);
  const there = await unpacked(cell);
  assert.match(there, /^[^/\n]+ 0 755\n/);
  assert.match(there, /\/deno 0 755\n/);
  assert.match(there, /\/agent\/cli.js 0 644\n/);
  const number = ["sh", "-c", `stat -c %i ${PLACE}/*/deno`];
  const before = await cell.in(number);
  await cell.in([program, "--help"]);
  assert.equal((await cell.in(number)).stdout, before.stdout);
});

Deno.test("several first starts at once unpack one program", async () => {
  const { cell, program } = await openEmpty();
  await using _cell = cell;
  const results = await Promise.all(
    [1, 2, 3].map(() => cell.in([program, "--help"])),
  );
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  assert.equal((await unpacked(cell)).match(/\/deno /g)?.length, 1);
});

const DAMAGE: readonly { name: string; damage: string }[] = [
  { name: "cut off in its middle", damage: "truncate -s 20000000" },
  { name: "cut off behind its script", damage: "truncate -s 4000" },
  {
    name: "changed in one bit",
    damage: "sh -c 'printf X | dd of=\"$0\" bs=1 seek=30000000 conv=notrunc'",
  },
];

for (const { name, damage } of DAMAGE) {
  Deno.test(`a program that is ${name} runs nothing and leaves nothing`, async () => {
    const { cell, program } = await openEmpty();
    await using _cell = cell;
    const copy = `${cell.directory}/sluice`;
    await cell.in(["sh", "-ec", `cp ${program} ${copy}; ${damage} ${copy}`]);
    const { code, stdout, stderr } = await cell.in([copy, "--help"]);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /^sluice: Cannot unpack Sluice: .*\n {2}Download/m);
    assert.equal(stdout, "");
    assert.equal(await unpacked(cell), "");
  });
}

Deno.test("the program in one file takes no tool from PATH", async () => {
  const { cell, program } = await openEmpty();
  await using _cell = cell;
  const tools = "id uname mkdir mktemp tail gzip tar sha256sum chmod mv rm";
  const script = `mkdir "$0/bin"; for tool in ${tools}; do
    printf '#!/bin/sh\\necho ran >>"%s"\\n' "$0/ran" >"$0/bin/$tool"
    /usr/bin/chmod 755 "$0/bin/$tool"; done
  PATH="$0/bin" "$1" --help >/dev/null; ! test -e "$0/ran"`;
  const { code, stderr } = await cell.in(
    ["sh", "-c", script, cell.directory, program],
  );
  assert.equal(code, 0, stderr);
});

Deno.test("another user has a program of their own, or root's", async () => {
  const { cell, program } = await openEmpty();
  await using _cell = cell;
  const home = await Deno.makeTempDir();
  try {
    await Deno.chown(home, 65534, 65534);
    const as = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const help = [...as, "env", "-i", `HOME=${home}`, program, "--help"];
    const own = await cell.in(help);
    assert.equal(own.code, 0, own.stderr);
    assert.match(await unpacked(cell, `${home}/.cache/sluice`), /\/deno 65534/);
    await Deno.remove(`${home}/.cache`, { recursive: true });
    await cell.in([program, "--help"]);
    const shared = await cell.in(help);
    assert.equal(shared.code, 0, shared.stderr);
    assert.equal(await unpacked(cell, `${home}/.cache/sluice`), "");
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

for (const dir of [undefined, "/nowhere/of/mine"]) {
  Deno.test(`the program in one file leaves a command's environment alone with DENO_DIR ${dir}`, async () => {
    const { cell, program } = await openEmpty();
    await using _cell = cell;
    const run = cell.withState(["run", "--egress", "audit", "--"]);
    const ask = "env -u _ -u SLUICE_STEPS | sort";
    const script =
      `"$@" sh -c '${ask}' >guarded; sh -c '${ask}' | diff - guarded`;
    const { code, stdout } = await cell.in(
      ["sh", "-c", script, "sh", program, ...run],
      {
        cwd: cell.directory,
        env: dir === undefined ? {} : { DENO_DIR: dir },
      },
    );
    assert.equal(stdout, "");
    assert.equal(code, 0);
  });
}
