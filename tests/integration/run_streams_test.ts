import assert from "node:assert/strict";
import { Libc } from "../../ffi/libc.ts";
import { spawn, waitForExitBlocking } from "../../ffi/spawn.ts";
import { Cell, sluiceArgs } from "./cell.ts";

/** In a script, `"$@"` is `sluice run … --`. */
const PIPES: readonly { name: string; script: string; said: string }[] = [
  {
    name: "hands bytes through a pipe as they are",
    script: `
      head -c 1000000 /dev/urandom > in
      "$@" cat < in > out && cmp in out && echo same`,
    said: "same\n",
  },
  {
    name: "alters nothing in 50 MB of output",
    script: `
      head -c 52428800 /dev/urandom > in
      "$@" cat in | cmp - in && echo same`,
    said: "same\n",
  },
  {
    name: "ends the input where it ends",
    script: `printf abc | "$@" wc -c`,
    said: "3\n",
  },
  {
    name: "takes nothing of the input that the command leaves",
    script: `printf 'one\\ntwo\\n' | { "$@" sh -c 'read line'; cat; }`,
    said: "two\n",
  },
  {
    name: "keeps what the command prints apart from what it complains about",
    script: `"$@" sh -c 'echo out; echo err >&2' 2> err; head -n 1 err`,
    said: "out\nerr\n",
  },
  {
    name: "says its own on standard error only",
    script: `"$@" true 2> err; grep -c '^sluice (audit)' err`,
    said: "1\n",
  },
  {
    name: "ends a command whose reader has gone",
    script: `"$@" yes 2> err | head -n 1; grep -c '^sluice (audit)' err`,
    said: "y\n1\n",
  },
  {
    name: "leaves SIGPIPE at its default inside the command",
    script: `"$@" bash -c 'yes | head -n 1; echo "\${PIPESTATUS[0]}"' 2>err`,
    said: "y\n141\n",
  },
  {
    name: "runs a command whose input and error output are closed",
    script: `"$@" echo here <&- 2>&-`,
    said: "here\n",
  },
  {
    name: "hands on arguments that are empty, spaced or odd",
    script: `"$@" printf '[%s]' '' 'a b' '$HOME' '*' '"' '-x' '--' 'a
b' 2> err`,
    said: '[][a b][$HOME][*]["][-x][--][a\nb]',
  },
];

for (const { name, script, said } of PIPES) {
  Deno.test(`sluice run ${name}`, async () => {
    await using cell = await Cell.open();
    const { stdout, stderr } = await inShell(cell, script);
    assert.equal(stdout, said, stderr);
  });
}

for (const code of [0, 1, 2, 3, 4, 126, 127, 128, 254, 255]) {
  Deno.test(`sluice run exits with ${code} as its command does`, async () => {
    await using cell = await Cell.open();
    const result = await runShell(cell, `exit ${code}`);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, /^sluice \(audit\): nothing contacted$/m);
  });
}

Deno.test("waitForExit gives each of the 256 exit codes", () => {
  using libc = new Libc();
  for (let code = 0; code < 256; code++) {
    const pid = spawn(libc, {
      path: "/bin/sh",
      args: ["sh", "-c", `exit ${code}`],
      environment: [],
    });
    assert.equal(waitForExitBlocking(libc, pid), code);
  }
});

const DEATHS = { HUP: 129, KILL: 137, SEGV: 139, PIPE: 141, TERM: 143 };

for (const [signal, code] of Object.entries(DEATHS)) {
  Deno.test(`sluice run exits with ${code} when SIG${signal} ends its command`, async () => {
    await using cell = await Cell.open();
    const result = await runShell(cell, `kill -${signal} $$`);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, /^sluice \(audit\): nothing contacted$/m);
  });
}

/** `"$@"` stands for `sluice run … --`, to be followed by the command. */
function inShell(cell: Cell, script: string) {
  const sluice = [
    ...sluiceArgs(),
    ...cell.withState(["run", "--egress", "audit", "--"]),
  ];
  return cell.in(["bash", "-c", script, "bash", ...sluice], {
    cwd: cell.directory,
    env: { SLUICE_CWD: cell.directory },
  });
}

function runShell(cell: Cell, script: string) {
  return cell.sluice(["run", "--egress", "audit", "--", "bash", "-c", script]);
}
