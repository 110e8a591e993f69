import assert from "node:assert/strict";
import { ROOT } from "../style/tree.ts";
import { Cell, RUN_TIMEOUT_MS, sluiceArgs } from "./cell.ts";
import { assertGone, withoutJournals } from "./leftovers.ts";

/** What a command can ask about itself, and must be told the same guarded. */
const QUESTIONS: readonly { name: string; script: string }[] = [
  {
    name: "environment",
    // Where `sluice step` finds the guard is the one thing that is added.
    script: "env -u _ -u SLUICE_STEPS -0 | sort -z | tr '\\0' '\\n'",
  },
  { name: "working directory", script: "pwd; pwd -P" },
  { name: "descriptors", script: "ls /proc/self/fd" },
  { name: "signals", script: "grep ^Sig[BIC] /proc/self/status" },
  { name: "file mode mask", script: "umask" },
  { name: "limits", script: "ulimit -a; ulimit -Ha" },
  { name: "user and groups", script: "id" },
  { name: "capabilities", script: "grep ^Cap /proc/self/status" },
  { name: "name", script: 'echo "$0"' },
  { name: "priority", script: "nice; cat /proc/self/oom_score_adj" },
  { name: "process group", script: "ps -o pgid=,sid= -p $$" },
];

for (const { name, script } of QUESTIONS) {
  Deno.test(`sluice run leaves its command's ${name} alone`, async () => {
    await using cell = await Cell.open();
    const ask = `sh -c ${quote(script)} me`;
    const sluice = [
      ...sluiceArgs(),
      ...cell.withState(["run", "--egress", "audit", "--"]),
    ];
    const { stdout, stderr } = await cell.in([
      ...[
        "bash",
        "-c",
        `exec 7</dev/null; trap "" HUP USR2
        "$@" ${ask} > guarded
        unset SLUICE_CWD; ${ask} > bare; diff bare guarded && cat bare`,
      ],
      ...["bash", ...sluice],
    ], { cwd: cell.directory, env: { ...ODD, SLUICE_CWD: cell.directory } });
    assert.doesNotMatch(stdout, /^[<>]/m, `${stdout}${stderr}`);
    assert.notEqual(stdout, "");
  });
}

/** What a build may have set, and a program that starts another may lose. */
const ODD = {
  DENO_DIR_OF_MINE: "",
  EMPTY: "",
  LD_LIBRARY_PATH: "/nowhere/lib",
  LINES_OF_MINE: "one\ntwo",
  LC_ALL: "C",
  MAIL: "/var/mail/me",
  NODE: "/usr/bin/node",
  NODE_OPTIONS: "--max-old-space-size=512",
  NO_COLOR: "1",
  TERM: "dumb",
  npm_config_cache: "/nowhere/cache",
  npm_config_loglevel: "silent",
};

Deno.test("deno task sluice run starts its command where the user stood, with their environment", async () => {
  await using cell = await Cell.open();
  const here = `${ROOT}tests/unit`;
  const task = [Deno.execPath(), "task", "-q", "sluice"];
  const { stdout, stderr } = await cell.in([
    ...[
      "bash",
      "-c",
      `env -u _ | sort > "$1/bare"; out=$1/guarded; cwd=$PWD
      shift; "$@" sh -c 'pwd; env -u _ | sort > "$0"' "$out"
      diff "$(dirname "$out")/bare" "$out"`,
    ],
    ...["bash", cell.directory, ...task],
    ...cell.withState(["run", "--egress", "audit", "--"]),
  ], { cwd: here, env: ODD });
  const [where, ...changes] = stdout.trimEnd().split("\n");
  assert.equal(where, here, stderr);
  const changed = changes.filter((line) => /^[<>]/.test(line));
  assert.equal(changed.length, 1, changed.join("\n"));
  assert.match(changed[0]!, /^> SLUICE_STEPS=\/run\/sluice-steps\/\w+$/);
});

Deno.test("deno task sluice run finds a policy and a journal where the user stands", async () => {
  await using cell = await Cell.open();
  await Deno.writeTextFile(
    `${cell.directory}/own.yaml`,
    "version: 1\negress: audit\n",
  );
  const task = [
    ...[Deno.execPath(), "task", "-q", "--config", `${ROOT}deno.json`],
    "sluice",
  ];
  const { code, stderr } = await cell.in([
    ...task,
    ...cell.withState(["run", "--policy", "own.yaml"]),
    ...["--journal", "own.ndjson", "--", "true"],
  ], { cwd: cell.directory });
  assert.equal(code, 0, stderr);
  const text = await Deno.readTextFile(`${cell.directory}/own.ndjson`);
  assert.match(text, /^.*"event":"armed".*\n(?:.*\n)*.*"event":"stopped".*\n$/);
});

Deno.test("deno task sluice run hands on every argument as it is", async () => {
  await using cell = await Cell.open();
  const args = ["", "a b", "$HOME", "*", '"', "'", "\\", "-x", "--", "a\nb"];
  const { stdout, stderr } = await cell.in([
    ...[Deno.execPath(), "task", "-q", "sluice"],
    ...cell.withState(["run", "--egress", "audit", "--"]),
    ...["printf", "[%s]", ...args],
  ]);
  assert.equal(stdout, args.map((arg) => `[${arg}]`).join(""), stderr);
});

const SIGNALS = ["HUP", "INT", "QUIT", "USR1", "USR2", "TERM"] as const;

for (const name of SIGNALS) {
  Deno.test(`sluice run hands SIG${name} to its command`, async () => {
    await using cell = await Cell.open();
    const script = `trap 'echo got ${name}; exit 9' ${name}
      echo ready; while :; do sleep 0.05; done`;
    await using sluice = cell.startSluice([
      ...["run", "--egress", "audit", "--", "bash", "-c", script],
    ]);
    await sluice.waitFor("ready");
    Deno.kill(sluice.pid, `SIG${name}`);
    const { code, stdout, stderr } = await sluice.finished(RUN_TIMEOUT_MS);
    assert.equal(stdout, `ready\ngot ${name}\n`);
    assert.equal(code, 9, stderr);
    assert.match(stderr, /^sluice \(audit\): nothing contacted$/m);
    await assertGone(sluice.pid);
  });
}

Deno.test("sluice run reports, disarms and exits with 143 when SIGTERM ends its command", async () => {
  await using cell = await Cell.open();
  const before = await cell.footprint();
  await using sluice = cell.startSluice([
    ...[
      "run",
      "--egress",
      "audit",
      "--",
      "sh",
      "-c",
      "sleep 60 >/dev/null 2>&1 & echo ready; wait",
    ],
  ]);
  await sluice.waitFor("ready");
  Deno.kill(sluice.pid, "SIGTERM");
  const { code, stderr } = await sluice.finished(RUN_TIMEOUT_MS);
  assert.equal(code, 143);
  assert.match(stderr, /^sluice \(audit\): nothing contacted$/m);
  // Of the shell, its child is left; in audit it is let live and said.
  assert.match(stderr, /No longer watched, still running: \d+ \(.*sleep\)/);
  sluice.kill("SIGKILL");
  await assertGone(sluice.pid);
  assert.equal(withoutJournals(await cell.footprint()), before);
});

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
