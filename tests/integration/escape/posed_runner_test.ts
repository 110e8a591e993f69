/** What a runner may reach is not for who only looks like one. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { Guarding } from "../guarding.ts";
import { NOBODY, PYTHON } from "./attack.ts";

/** One of `runner_endpoints.ts`, by its address. */
const PLACE = "168.63.129.16";

/** Sends when the guard has had time to take it for what it looks like. */
const SEND = `
import socket, time
time.sleep(1)
out = socket.socket()
out.settimeout(0.5)
try:
    out.connect(("${PLACE}", 80))
except OSError as error:
    print(type(error).__name__)
`;

Deno.test("block lets nobody out who calls his program a runner's", async () => {
  await using lab = await Lab.up();
  const guard = await Guarding.arm(lab, { egress: "block" });
  const listener = `${lab.directory}/posed/bin/Runner.Listener`;
  const worker = `${lab.directory}/posed/bin/Runner.Worker`;
  await Deno.mkdir(`${lab.directory}/posed/bin`, { recursive: true });
  for (const path of [listener, worker]) await Deno.copyFile(PYTHON, path);
  const start = "import subprocess, sys\n" +
    `subprocess.run(["${worker}", "-c", sys.argv[1]])`;
  await using capture = await lab.capture();
  for (const args of [["-c", SEND], ["-c", start, SEND]]) {
    const { code, stderr } = await lab.in("run", [listener, ...args], {
      user: NOBODY,
    });
    assert.equal(code, 0, stderr);
  }
  await guard.waitFor({ kind: "connection", decision: "deny" }, 2);

  const sent = (await capture.stop()).filter(({ destination }) =>
    destination === PLACE
  );
  assert.deepEqual(sent.map(({ flags }) => flags), []);
});
