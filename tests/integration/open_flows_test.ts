/** What was open before the guard came lives on, and the journal lists it. */
import assert from "node:assert/strict";
import type { ConnectionEvent } from "../../agent/record/event.ts";
import type { LabProcess } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, ECHO } from "../lab/topology.ts";
import { armBlocking, ofAgent, verdictOf } from "./tampering.ts";

/** Opens a connection and a UDP socket, and says a word when it is told to. */
const TALK = `
  exec 3<>/dev/tcp/${ECHO.ipv4}/7 4<>/dev/udp/${ECHO.ipv4}/7
  echo open
  while read -r word; do
    echo $word >&3; read -r -u 3 -t 2 echoed || exit 1
    echo "[$echoed]"
  done
`;

Deno.test("flows that were open are listed at arming, once each, and live on", async () => {
  await using lab = await Lab.up();
  const start = 'mkfifo words; sleep 30 > words & exec bash -c "$0" < words';
  const talk = await startTalk(lab, start);
  const guard = await armBlocking(lab);
  const events = await guard.events();
  const [armed] = ofAgent(events, "armed");
  assert.equal(armed!.openFlows, 2);
  const listed = events.filter((event) =>
    event.kind === "connection"
  ) as ConnectionEvent[];
  assert.deepEqual(listed.map(({ protocol }) => protocol).sort(), [
    ...["tcp", "udp"],
  ]);
  for (const { why, decision, destination, source, process } of listed) {
    assert.equal(why, "open_before_arming");
    assert.equal(decision, "allow");
    assert.deepEqual(destination, { address: ECHO.ipv4, port: 7 });
    assert.equal(source.address, ADDRESSES.run.ipv4);
    if (process !== null) assert.match(process.exe ?? "", /\/bash$/);
  }
  // A look-up has its time, and a machine under load may not keep it for both.
  assert.ok(listed.some(({ process }) => process !== null));
  await Deno.writeTextFile(`${lab.directory}/words`, "still\n");
  await talk.waitFor("[still]");
  const { status, code } = await verdictOf(lab);
  assert.equal(code, 0);
  assert.equal(status.counts["connection"]!.allow, 2);
});

async function startTalk(lab: Lab, script: string): Promise<LabProcess> {
  const talk = lab.spawn("run", ["bash", "-c", script, TALK], {
    cwd: lab.directory,
  });
  await talk.waitFor("open");
  return talk;
}
