import assert from "node:assert/strict";
import { Cell, sluiceArgs } from "./cell.ts";
import { withoutJournals } from "./leftovers.ts";
import { Terminal } from "./terminal.ts";

const SUMMARY = "sluice (audit): nothing contacted";

/** A wire whose other end nobody listens on. */
const NOWHERE = `
  ip link add wire type veth peer name end
  ip link set wire up; ip link set end up
  ip route add 192.0.2.0/24 dev wire`;

/** What only a command that stands on the terminal itself can do. */
const SIGHTS: readonly { name: string; script: string; shown: RegExp }[] = [
  {
    name: "sees the terminal on all three descriptors",
    script: "test -t 0 && test -t 1 && test -t 2 && echo all three",
    shown: /^all three\r$/m,
  },
  {
    name: "sees the terminal's size",
    script: "stty size",
    shown: /^41 133\r$/m,
  },
  {
    name: "has the terminal as its controlling one",
    script: "echo through it > /dev/tty",
    shown: /^through it\r$/m,
  },
  {
    name: "is in the terminal's foreground",
    script: "ps -o stat= -p $$ | grep -o '+'",
    shown: /^\+\r$/m,
  },
];

for (const { name, script, shown } of SIGHTS) {
  Deno.test(`a command under sluice run ${name}`, async () => {
    await using cell = await Cell.open();
    await using terminal = openTerminal(cell, [
      ...["sh", "-c", 'stty rows 41 cols 133; exec "$@"', "sh"],
      ...runArgs(cell, ["sh", "-c", script]),
    ]);
    assert.equal(await terminal.ended(), 0, terminal.screen);
    assert.match(terminal.screen, shown);
    assert.ok(terminal.screen.includes(SUMMARY), terminal.screen);
  });
}

Deno.test("sluice run hands on what is typed, and its end", async () => {
  await using cell = await Cell.open();
  await using terminal = openTerminal(cell, runArgs(cell, ["cat", "-n"]));
  await terminal.type("one\n");
  await terminal.waitFor("1\tone");
  await terminal.type("two\n\x04");
  assert.equal(await terminal.ended(), 0);
  assert.match(terminal.screen, /2\ttwo\r/);
});

Deno.test("Ctrl-C ends the command once, and sluice run still says what it did", async () => {
  await using cell = await Cell.open();
  const before = await cell.footprint();
  await using terminal = openTerminal(
    cell,
    runArgs(
      cell,
      [
        ...["bash", "-c", "n=0; trap 'n=$((n+1)); echo caught $n' INT"],
      ],
      `; echo ready; while [ $n = 0 ]; do sleep 0.05; done; sleep 0.3; exit 7`,
    ),
  );
  await terminal.waitFor("ready");
  await terminal.type("\x03");
  assert.equal(await terminal.ended(), 7, terminal.screen);
  assert.match(terminal.screen, /caught 1\r/);
  assert.doesNotMatch(terminal.screen, /caught 2/);
  assert.ok(terminal.screen.includes(SUMMARY), terminal.screen);
  assert.equal(
    withoutJournals(await cell.footprint()),
    withoutJournals(before),
  );
});

Deno.test("sluice run exits with 130 when Ctrl-C ends its command", async () => {
  await using cell = await Cell.open();
  await using terminal = openTerminal(
    cell,
    runArgs(cell, ["sh", "-c", "echo ready; exec sleep 60"]),
  );
  await terminal.waitFor("ready");
  await terminal.type("\x03");
  assert.equal(await terminal.ended(), 130, terminal.screen);
  assert.ok(terminal.screen.includes(SUMMARY), terminal.screen);
});

Deno.test("Ctrl-Z stops sluice run with its command, and fg goes on", async () => {
  await using cell = await Cell.open();
  await using terminal = openTerminal(cell, [
    ...["env", "PS1=prompt> ", "bash", "--norc", "--noprofile", "-i"],
  ]);
  await terminal.waitFor("prompt> ");
  const line = runArgs(cell, ["cat", "-n"]).map((arg) => `'${arg}'`).join(" ");
  await terminal.type(`${line}\n`);
  await terminal.type("before\n");
  await terminal.waitFor("1\tbefore");
  await terminal.type("\x1a");
  await terminal.waitFor(/Stopped/);
  await terminal.type("jobs -l\nfg\n");
  await terminal.type("after\n");
  await terminal.waitFor("2\tafter");
  await terminal.type("\x04");
  await terminal.waitFor(SUMMARY);
  await terminal.type("echo code $?\n");
  await terminal.waitFor("code 0");
  await terminal.type("exit\n");
  await terminal.ended();
});

Deno.test("hanging up ends the command, and sluice run disarms", async () => {
  await using cell = await Cell.open();
  const before = await cell.footprint();
  await using terminal = openTerminal(
    cell,
    runArgs(cell, ["sh", "-c", "echo ready $PPID; exec sleep 60"]),
  );
  await terminal.waitFor(/ready \d+/);
  const pid = /ready (\d+)/.exec(terminal.screen)![1]!;
  await terminal[Symbol.asyncDispose]();
  await cell.in(["tail", "--pid", pid, "-f", "/dev/null"]);
  assert.equal(
    withoutJournals(await cell.footprint()),
    withoutJournals(before),
  );
});

Deno.test("sluice run writes colours to a terminal and none where NO_COLOR is set", async () => {
  await using cell = await Cell.open();
  const denied = runArgs(cell, [
    ...["bash", "-c", "exec 3<>/dev/udp/192.0.2.1/9; echo >&3; true"],
  ]);
  await cell.in(["sh", "-euc", NOWHERE]);
  await using colored = openTerminal(cell, [
    "env",
    "-u",
    "NO_COLOR",
    ...denied,
  ]);
  assert.equal(await colored.ended(), 0, colored.screen);
  assert.ok(colored.screen.includes("\x1b["), colored.screen);
  await using plain = openTerminal(cell, ["env", "NO_COLOR=1", ...denied]);
  assert.equal(await plain.ended(), 0);
  assert.match(plain.screen, /192\.0\.2\.1/);
  assert.ok(!plain.screen.includes("\x1b"), plain.screen);
});

function openTerminal(cell: Cell, args: readonly string[]): Terminal {
  return new Terminal(cell.enterArgs(args), { SLUICE_CWD: cell.directory });
}

/** The last argument of the command may come in pieces. */
function runArgs(cell: Cell, command: string[], rest = ""): string[] {
  const last = command.at(-1)! + rest;
  return [
    ...sluiceArgs(),
    ...cell.withState(["run", "--egress", "audit", "--"]),
    ...command.with(-1, last),
  ];
}
