import assert from "node:assert/strict";
import { readJournal } from "../../agent/record/read.ts";
import { Lab } from "../lab/lab.ts";
import { sluice } from "./guarding.ts";

const SITE = "203.0.113.10";

Deno.test("an entry for a step lets out what that step sends, and nothing else", async () => {
  await using lab = await Lab.up();
  const policy = `${lab.directory}/policy.yml`;
  await Deno.writeTextFile(
    policy,
    [
      "version: 1",
      "egress: block",
      "allow:",
      `  - { address: "${SITE}", port: 443, step: run }`,
      `  - { address: "${SITE}", port: 80, step: Publish }`,
      "",
    ].join("\n"),
  );
  const journal = `${lab.directory}/journal.ndjson`;
  const fetch = (url: string) => `curl -sSk -m 5 -o /dev/null ${url}; echo $?`;
  const { code, stdout, stderr } = await sluice([
    ...["run", "--netns", lab.netnsPath("run"), "--policy", policy],
    ...["--state", `${lab.directory}/state`, "--journal", journal, "--"],
    ...[
      "sh",
      "-c",
      `${fetch(`https://${SITE}/`)}; ${fetch(`http://${SITE}/`)}`,
    ],
  ]);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /never matches/);
  // EXIT of curl(1): 7 is a connection that was refused.
  assert.equal(stdout, "0\n7\n");
  const { events } = readJournal(await Deno.readTextFile(journal));
  const told = events.flatMap((event) =>
    event.kind === "connection"
      ? [[event.destination.port, event.decision, event.why, event.step]]
      : []
  );
  assert.deepEqual(told, [
    [443, "allow", "allowed_address", "run"],
    [80, "deny", "process_not_allowed", "run"],
  ]);
});
