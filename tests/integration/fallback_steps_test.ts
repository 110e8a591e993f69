/** Where no map of the kernel's helps, senders and programs have a step too. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readJournal } from "../../agent/record/read.ts";
import { Lab } from "../lab/lab.ts";
import { AuditGround } from "./audit_ground.ts";
import { sluice } from "./guarding.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const SLUICE = `${Deno.execPath()} task --quiet --cwd ${PROJECT} sluice`;
const SITE = "203.0.113.10";
/** Without the kernel's types no program of ours can be written for it. */
const NO_BPF = [
  ...["unshare", "--mount", "--propagation=private", "sh", "-ec"],
  'mount --bind /dev/null /sys/kernel/btf/vmlinux; exec "$@"',
  "sh",
];

const POLICY = `
version: 1
egress: block
allow:
  - { address: "${SITE}", port: 443, step: run }
  - { address: "${SITE}", port: 80, step: Publish }
`;

/** Lives long enough to be looked at when nothing is told but its pid. */
function tagged(tag: string): string {
  return `sh -c 'sleep 0.3; :' tag ${tag}`;
}

function fetch(url: string): string {
  return `curl -sSk -m 5 -o /dev/null ${url}; echo $?`;
}

// Of curl(1): 7 is a connection that was refused.
const SCRIPT = `
${tagged("outside")}
${fetch(`https://${SITE}/`)}
${fetch(`http://${SITE}/`)}
${SLUICE} step Publish -- sh -c '
  ${tagged("inside").replaceAll("'", '"')}
  ${fetch(`http://${SITE}/`)}
  ${fetch(`https://${SITE}/`)}'
`;

for (const source of ["audit", "connector"] as const) {
  Deno.test(`steps are known where processes are heard of by ${source}`, async () => {
    await using ground = await AuditGround.take();
    if (source === "connector") await ground.addRules(["-a never,task"]);
    await using lab = await Lab.up();
    const policy = `${lab.directory}/policy.yml`;
    await Deno.writeTextFile(policy, POLICY);
    const journal = `${lab.directory}/journal.ndjson`;
    const { code, stdout, stderr } = await sluice([
      ...["run", "--netns", lab.netnsPath("run"), "--policy", policy],
      ...["--state", `${lab.directory}/state`, "--journal", journal],
      ...["--", "sh", "-c", SCRIPT],
    ], NO_BPF);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "0\n7\n0\n7\n", stderr);

    const { events } = readJournal(await Deno.readTextFile(journal));
    const armed = events.flatMap((event) =>
      event.kind === "agent" && event.event === "armed" ? event.processes : []
    );
    assert.deepEqual(armed, [source]);
    const connections = events.flatMap((event) =>
      event.kind === "connection"
        ? [[event.destination.port, event.decision, event.step]]
        : []
    );
    assert.deepEqual(connections, [
      [443, "allow", "run"],
      [80, "deny", "run"],
      [80, "allow", "Publish"],
      [443, "deny", "Publish"],
    ]);
    const programs = events.flatMap((event) => {
      if (event.kind !== "exec" || event.event !== "finished") return [];
      const [mark, tag] = event.process?.args.slice(3) ?? [];
      return mark === "tag" ? [[tag, event.step]] : [];
    });
    assert.deepEqual(programs, [["outside", "run"], ["inside", "Publish"]]);
  });
}
