/** The disk of the journal is full: verdicts go on, and nothing is hidden. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { runOrThrow } from "../lab/command.ts";
import { waitUntil } from "../lab/wait.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { Guarding } from "./guarding.ts";
import { attemptsOf, Probe } from "./probing.ts";
import { assertClosed, verdictOf } from "./tampering.ts";

const DISK = "64k";
const FILLER_BYTES = 16_384;

Deno.test("events wait for room in the journal, and none is missing", async () => {
  await using lab = await Lab.up();
  const { probe, guard, disk } = await armOnSmallDisk(lab);
  const filler = `${disk}/filler`;
  await Deno.writeFile(filler, new Uint8Array(FILLER_BYTES));
  const attempts = await hammer(lab, { probe, milliseconds: 2_000 });
  assert.ok(attempts > 150, `${attempts} attempts are too few to fill it`);
  await assertFull(guard);
  await assertClosed(lab, probe);

  const bytes = (await Deno.stat(guard.started.journal)).size;
  await runOrThrow(["mount", "-o", "remount,size=64m", disk]);
  await Deno.remove(filler);
  await waitUntil(async () => await countRefused(guard) >= attempts, {
    what: `${attempts} refusals in the journal`,
  });
  assert.ok((await Deno.stat(guard.started.journal)).size > bytes);
  const { code, status, said } = await verdictOf(lab);
  assert.equal(code, 0, said);
  assert.equal(status.counts["connection"]!.deny, attempts + 4);
  assert.doesNotMatch(said, /could not be written|missing/);
});

Deno.test("stop says what a full disk did not take, and is red where a refusal is", async () => {
  await using lab = await Lab.up();
  const policy = `${lab.directory}/policy.yml`;
  await Deno.writeTextFile(
    policy,
    "version: 1\negress: block\nallow: [allowed.test]\non: { denied: fail }\n",
  );
  const { probe, guard } = await armOnSmallDisk(lab, ["--policy", policy]);
  await hammer(lab, { probe, milliseconds: 2_000 });
  await assertFull(guard);
  await assertClosed(lab, probe);
  const { code, status, said } = await verdictOf(lab);
  assert.equal(status.state, "stopped");
  assert.match(said, /Warning: \d+ events could not be written/);
  assert.equal(code, 4, said);
});

/** Told one by one, or summed up when there are too many. */
async function countRefused(guard: Guarding): Promise<number> {
  const events = await guard.events();
  return events.reduce((count, event) => {
    if (event.kind === "connection") {
      return count + (event.destination.port === 4445 ? 1 : 0);
    }
    const isFlood = event.kind === "agent" && event.event === "flood";
    return isFlood ? count + (event.refused?.["tcp"] ?? 0) : count;
  }, 0);
}

async function armOnSmallDisk(lab: Lab, more: readonly string[] = []) {
  const disk = `${lab.directory}/disk`;
  await Deno.mkdir(disk);
  await runOrThrow([
    "mount",
    "-t",
    "tmpfs",
    "-o",
    `size=${DISK}`,
    "tmpfs",
    disk,
  ]);
  await lab.onCleanup(`umount -l ${disk}`);
  const probe = await Probe.compile(lab);
  const guard = await Guarding.arm(lab, {
    egress: "block",
    allow: ["allowed.test"],
    more: ["--journal", `${disk}/journal.ndjson`, ...more],
  });
  return { probe, guard, disk };
}

/** Makes refused connections one after another, each an event. */
async function hammer(
  lab: Lab,
  of: { probe: Probe; milliseconds: number },
): Promise<number> {
  const { probe, milliseconds } = of;
  const result = await lab.in("run", [
    ...[probe.path, "load", String(milliseconds)],
    ...[ADDRESSES.attacker.ipv4, "4445"],
  ]);
  return attemptsOf(result).length;
}

/** Asserts that the journal has no room for one event more. */
async function assertFull({ started }: Guarding): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const before = (await Deno.stat(started.journal)).size;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const { size } = await Deno.stat(started.journal);
  assert.equal(size, before);
  assert.ok(size < 1 << 16);
}
