/** Senders that take long to find: nobody else may have to wait for it. */
import assert from "node:assert/strict";
import type { LabProcess } from "../../lab/command.ts";
import { Lab } from "../../lab/lab.ts";
import { Guarding } from "../guarding.ts";
import {
  assertLeaks,
  assertTight,
  NOBODY,
  PYTHON,
  startScript,
} from "./attack.ts";

/** What one of ten requests came to, and the refusal after it. */
interface Request {
  readonly result: string;
  readonly ms: number;
  readonly refusal: string;
  readonly refusalMs: number;
}

const HOARDERS = 3;
/** What an unprivileged process may have at least, where CI runs. */
const DESCRIPTORS = 19_900;
const AT_ONCE_MS = 1_000;

/** Whether the policy asks for the program, which is then read each time. */
const POLICIES: readonly {
  name: string;
  entries: (exe: string) => string[];
}[] = [
  { name: "for anybody", entries: () => ["allowed.test"] },
  {
    name: "where another program is named",
    entries: () => [
      "allowed.test",
      "{ host: other.test, process: /usr/bin/cat }",
    ],
  },
];

for (const { name, entries } of POLICIES) {
  Deno.test(`block serves an older client ${name} while others hold ${DESCRIPTORS} descriptors`, async () => {
    await using lab = await Lab.up();
    const path = `${lab.directory}/policy.yml`;
    const lines = entries(PYTHON).map((entry) => `  - ${entry}`);
    await Deno.writeTextFile(
      path,
      ["version: 1", "egress: block", "allow:", ...lines, ""].join("\n"),
    );
    // The newest processes are looked at first, so these before the others.
    const clients = [
      await startScript(lab, "earnest", { user: NOBODY }),
      await startScript(lab, "earnest", { user: NOBODY }),
    ];
    for (const client of clients) await client.waitFor("waiting");
    const hoarders: LabProcess[] = [];
    await assertLeaks(lab, async () => {
      for (let at = 0; at < HOARDERS; at++) {
        const hoarder = await startScript(lab, `hoard ${DESCRIPTORS}`, {
          user: NOBODY,
        });
        await hoarder.waitFor("hoarding");
        hoarders.push(hoarder);
      }
      const requests = await requestsOf(clients[0]!);
      assert.ok(requests.every(({ result }) => result === "ok"));
      assert.ok(requests.every(({ refusal }) => refusal === "connected"));
    });
    for (const hoarder of hoarders) hoarder.kill("SIGSTOP");
    await Guarding.arm(lab, { egress: "block", more: ["--policy", path] });
    await assertTight(lab, async () => {
      for (const hoarder of hoarders) hoarder.kill("SIGCONT");
      const requests = await requestsOf(clients[1]!);
      const worstMs = (of: (request: Request) => number) =>
        Math.max(...requests.map(of)).toFixed(1);
      console.log(
        `worst of 10: request ${worstMs(({ ms }) => ms)} ms, refusal ` +
          `${worstMs(({ refusalMs }) => refusalMs)} ms`,
      );
      assert.deepEqual(
        requests.map(({ result, refusal }) => `${result} ${refusal}`),
        Array.from({ length: 10 }, () => "ok refused"),
      );
      for (const { refusalMs } of requests) {
        assert.ok(refusalMs < AT_ONCE_MS, `refused after ${refusalMs} ms`);
      }
    });
  });
}

async function requestsOf(client: LabProcess): Promise<Request[]> {
  client.kill("SIGUSR1");
  const { code, stdout, stderr } = await client.finished(60_000);
  assert.equal(code, 0, stderr);
  return stdout.trim().split("\n").slice(1).map((line) => JSON.parse(line));
}
