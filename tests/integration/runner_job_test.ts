/** A whole job under guard, told and judged by the steps that did what it did. */
import assert from "node:assert/strict";
import type { Event } from "../../agent/record/event.ts";
import type { CapturedPacket } from "../lab/frame.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { Guarding, sluice } from "./guarding.ts";
import { type Act, JobGround, type JobSize, PUBLISH } from "./job_ground.ts";

const SITE = "203.0.113.10:443";
const WHOLE: JobSize = {
  execs: 10,
  sends: 10,
  to: (tag) => [`${tag}.wild.test:443`, SITE],
};
const BRIEF = { ...WHOLE, execs: 1, sends: 3 };

const { attacker } = ADDRESSES;
/** All but the first are let out for one step only, one by its name. */
const PUBLISHED = [
  SITE,
  "release.wild.test:443",
  `${attacker.ipv4}:4444`,
  // What that name leads to, without asking for it: two are tried at a time.
  "203.0.113.40:443",
];
const POLICY = `
version: 1
egress: block
allow:
  - "${SITE}"
  - { address: "${attacker.ipv4}", port: 4444, step: ${PUBLISH} }
  - { host: release.wild.test, step: ${PUBLISH} }
`;

/** An act as its program tells it, where it has to be. */
function expected(act: Act, ground: JobGround): string {
  const { step, substep, container } = ground.placeOf(act.tag);
  const { kind, what, pid, parentPid, exe } = act;
  return JSON.stringify(
    [kind, what, pid, parentPid, exe, step, substep ?? null, container],
  );
}

/** An event in the same words; null for what no program tells of. */
function told(event: Event): string | null {
  const { kind } = event;
  if (kind !== "exec" && kind !== "dns" && kind !== "connection") return null;
  if (kind === "exec") {
    if (event.event !== "finished" || event.process?.args[1] !== "told") {
      return null;
    }
  }
  const [name, what] = kind === "exec"
    ? ["exec", event.process!.args[4]!]
    : kind === "dns"
    ? ["ask", event.name]
    : ["connect", String(event.source.port)];
  const { process, step, substep, container } = event;
  const { pid, exe, ancestors } = process ?? {};
  const line = [
    ...[name, what, pid, ancestors?.[0]?.pid, exe],
    ...[step, substep ?? null, container],
  ];
  return JSON.stringify(line);
}

function sorted(lines: readonly (string | null)[]): string[] {
  // A question or a packet may be sent again on a busy machine.
  return [...new Set(lines.filter((line) => line !== null))].sort();
}

function countOf(acts: readonly Act[], ...kinds: readonly string[]): number {
  return acts.filter(({ kind }) => kinds.includes(kind)).length;
}

Deno.test("each program and packet of a job lands on its step, process and container", async () => {
  await using lab = await Lab.up();
  await using ground = await JobGround.build(lab);
  const guard = await Guarding.arm(lab, { egress: "audit" });
  const acts = await ground.run(WHOLE);
  await guard.stop();
  const events = await guard.events();
  const seen = sorted(events.map(told));
  const wanted = sorted(acts.map((act) => expected(act, ground)));

  assert.ok(countOf(acts, "exec") >= 2_000);
  assert.ok(countOf(acts, "connect") >= 200);
  assert.ok(countOf(acts, "ask") >= 100);
  assert.deepEqual(without(seen, wanted), [], "told, but not so done");
  assert.deepEqual(without(wanted, seen), [], "done, but not so told");
  const containers = events.flatMap((event) =>
    event.kind === "container" ? [[event.id, event.step]] : []
  );
  const places = ["child", "served"].map((tag) => ground.placeOf(tag));
  assert.deepEqual(
    containers.sort(),
    places.map(({ container, step }) => [container, step]).sort(),
  );
});

Deno.test("an entry for a step lets its programs and containers out, and no others", async () => {
  await using lab = await Lab.up();
  await using ground = await JobGround.build(lab);
  const path = `${lab.directory}/policy.yml`;
  await Deno.writeTextFile(path, POLICY);
  const more = ["--policy", path];
  const guard = await Guarding.arm(lab, { egress: "block", more });
  await using capture = await lab.capture("not arp");
  const acts = await ground.run({ ...BRIEF, sends: 4, to: () => PUBLISHED });
  const packets = await capture.stop();
  await guard.stop();

  const isLet = ({ tag, to }: Act) =>
    ground.placeOf(tag).step === PUBLISH || to === SITE;
  const sends = acts.filter(({ kind }) => kind !== "exec");
  assert.deepEqual(
    sends.map((act) => ({ ...act, result: isLet(act) ? "ok" : "refused" })),
    sends,
  );
  const connected = sends.filter((act) => act.kind === "connect" && isLet(act));
  assert.deepEqual(
    [...new Set(packets.filter(isOpening).map(openingOf))].sort(),
    connected.map(({ what, to }) => `${what} to ${addressOf(to)}`).sort(),
  );
  const asked = packets.filter(({ destinationPort, text }) =>
    destinationPort === 53 && text.includes("release")
  );
  assert.equal(asked.length, countOf(sends.filter(isLet), "ask"));
});

Deno.test("what recommend makes of a job lets that job pass", async () => {
  await using lab = await Lab.up();
  await using ground = await JobGround.build(lab);
  const guard = await Guarding.arm(lab, { egress: "audit" });
  // An address of its own, so that no other name could have been meant.
  const to = (tag: string) =>
    tag === "publish" ? ["other.test:443"] : BRIEF.to(tag);
  const size = { ...BRIEF, to };
  await ground.run(size);
  await guard.stop();
  const made = await sluice(["recommend", guard.started.journal]);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /host: "?other\.test"?, step: "?Publish/);
  const path = `${lab.directory}/policy.yml`;
  await Deno.writeTextFile(path, made.stdout);

  const state = `${lab.directory}/state2`;
  const more = ["--policy", path];
  const block = await Guarding.arm(lab, { egress: "block", more, state });
  const acts = await ground.run(size);
  await block.stop();
  assert.deepEqual(acts.filter(({ result }) => result !== "ok"), []);
  // What closes without a word has no holder any more, and says nothing.
  const denied = (await block.verdicts()).filter(({ decision, process }) =>
    decision !== "allow" && process !== null
  );
  assert.deepEqual(denied, []);
});

function without(lines: readonly string[], others: readonly string[]) {
  const known = new Set(others);
  // More would tell no more.
  return lines.filter((line) => !known.has(line)).slice(0, 8);
}

function isOpening({ protocol, flags }: CapturedPacket): boolean {
  return protocol === "tcp" && flags === "SYN";
}

function openingOf(packet: CapturedPacket): string {
  const { sourcePort, destination, destinationPort } = packet;
  return `${sourcePort} to ${destination}:${destinationPort}`;
}

function addressOf(to: string): string {
  return to.replace("release.wild.test", "203.0.113.40");
}
