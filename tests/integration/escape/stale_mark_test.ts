/** What one guard has allowed, a later one has not. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES } from "../../lab/topology.ts";
import { Guarding } from "../guarding.ts";
import { RUN_TIMEOUT_MS } from "../cell.ts";
import { startRun } from "../lab_run.ts";
import {
  assertLeaks,
  assertTight,
  fetchAllowed,
  NOBODY,
  prepare,
  PYTHON,
  readScript,
  runScript,
} from "./attack.ts";

const AUDIT = { egress: "audit" } as const;
const BLOCK = { egress: "block", allow: ["allowed.test"] } as const;
const PORT = 5555;

/** How the guard that audits ends. */
const ENDS: readonly {
  readonly name: string;
  readonly end: (guard: Guarding) => Promise<unknown>;
}[] = [
  { name: "is stopped", end: (guard) => guard.stop() },
  { name: "is killed", end: (guard) => guard.kill() },
  {
    name: "is killed and stopped",
    end: async (guard) => {
      await guard.kill();
      await guard.stop();
    },
  },
];

for (const { name, end } of ENDS) {
  for (const [at, family] of (["ipv4", "ipv6"] as const).entries()) {
    Deno.test(`block refuses a flow over ${family} that audit let out before it ${name}`, async () => {
      await using lab = await Lab.up();
      const send = () =>
        runScript(lab, `tuple ${at} ${PORT}`, { user: NOBODY });
      await assertLeaks(lab, send);
      const auditing = await Guarding.arm(lab, AUDIT);
      await assertLeaks(lab, send);
      await end(auditing);
      await Guarding.arm(lab, BLOCK);
      await assertTight(lab, send);
      await fetchAllowed(lab);
    });
  }
}

for (const [at, family] of (["ipv4", "ipv6"] as const).entries()) {
  Deno.test(`run refuses a flow over ${family} that an earlier run let out`, async () => {
    await using lab = await Lab.up();
    const script = await readScript("tuple");
    const send = async (egress: "audit" | "block") => {
      const command = [PYTHON, "-I", "-", String(at), String(PORT)];
      const stdin = script;
      const flags = { egress, allow: BLOCK.allow };
      await using sluice = await startRun(lab, { command, stdin, ...flags });
      const { code, stderr } = await sluice.finished(RUN_TIMEOUT_MS);
      assert.equal(code, 0, stderr);
    };
    await assertLeaks(lab, () => send("audit"));
    await assertTight(lab, () => send("block"));
    await assertRunFetches(lab);
  });

  Deno.test(`run refuses a flow over ${family} that a run beside it lets out`, async () => {
    await using lab = await Lab.up();
    const stdin = await readScript("tuple");
    const command = [PYTHON, "-I", "-", String(at), String(PORT)];
    // Armed first: what a guard finds of its own marks it takes away.
    const wait = "echo ready; until [ -e go ]; do sleep 0.05; done";
    await using blocking = await startRun(lab, {
      command: ["sh", "-c", `${wait}; exec "$@"`, "sh", ...command],
      stdin,
      ...BLOCK,
    });
    await blocking.waitFor("ready");
    await using auditing = await startRun(lab, {
      command: [...command, "30"],
      stdin,
      egress: "audit",
    });
    await assertLeaks(lab, () => auditing.waitFor("sent"));
    await assertTight(lab, async () => {
      await Deno.writeTextFile(`${lab.directory}/go`, "");
      const { code, stderr } = await blocking.finished(RUN_TIMEOUT_MS);
      assert.equal(code, 0, stderr);
    });
    await assertRunFetches(lab);
  });
}

async function assertRunFetches(lab: Lab): Promise<void> {
  await using sluice = await startRun(lab, {
    command: ["curl", "-sS", "--max-time", "8", "https://allowed.test/"],
    ...BLOCK,
  });
  const { code, stderr } = await sluice.finished(RUN_TIMEOUT_MS);
  assert.equal(code, 0, stderr);
}

/** Of connections that nobody uses. */
const PAIRS = (["ipv4", "ipv6"] as const).map((family) => [
  ADDRESSES.run[family],
  ADDRESSES.attacker[family],
]);

/** Marks of connections before a guard, and after it. */
const MARKS: readonly { before: number; after: number; name: string }[] = [
  { before: 0x1, after: 0x1, name: "somebody else's" },
  { before: 0x0fff_ffff, after: 0x0fff_ffff, name: "all bits but ours" },
  { before: 0x3000_0001, after: 0x1, name: "somebody else's beside ours" },
];

for (const { before, after, name } of MARKS) {
  for (const end of ["stopped", "killed and stopped"] as const) {
    Deno.test(`a guard that is ${end} leaves a connection's mark that is ${name}`, async () => {
      await using lab = await Lab.up();
      const list = ["conntrack", "-L", "-p", "udp", "--orig-port-src", "7070"];
      for (const [source, sink] of PAIRS) {
        await prepare(
          lab,
          `conntrack -I -p udp -s ${source} -d ${sink} --sport 7070 ` +
            `--dport 7 --timeout 600 --mark ${before}`,
        );
      }
      const guard = await Guarding.arm(lab, BLOCK);
      await fetchAllowed(lab);
      if (end !== "stopped") await guard.kill();
      await guard.stop();
      for (const family of ["ipv4", "ipv6"]) {
        const { stdout } = await lab.in("run", [...list, "-f", family]);
        assert.match(stdout, new RegExp(` mark=${after} `));
      }
    });
  }
}
