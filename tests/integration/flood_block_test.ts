/** Floods of new flows: nothing of them leaves, and others go on working. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ECHO } from "../lab/topology.ts";
import { waitUntil } from "../lab/wait.ts";
import type { AgentEvent } from "../../agent/record/event.ts";
import { NOBODY } from "./escape/attack.ts";
import {
  fetchHonestly,
  FLOODED,
  type FloodOptions,
  peakMemory,
  startFlood,
} from "./flood.ts";
import { Guarding } from "./guarding.ts";

const HOSTILE = 1_001;
const RATE = 10_000;
const FETCHES = 40;
/** Twice what it has without a flood. */
const MAX_MEMORY_BYTES = 200 << 20;
/** Of a flood's refusals, at its start; many more would fill a disk. */
const MAX_TOLD = 2_000;

const FLOODS: readonly (FloodOptions & { name: string })[] = [
  ...(["tcp", "udp", "dns"] as const).flatMap((kind) => [
    { name: `${kind} of another user`, kind, rate: RATE, user: HOSTILE },
    { name: `${kind} of the same user`, kind, rate: RATE, user: NOBODY },
  ]),
  {
    ...{ name: "udp of a container", kind: "udp", rate: RATE },
    ...{ user: HOSTILE, side: "box" },
  },
];

for (const { name, ...flood } of FLOODS) {
  Deno.test(`block serves an honest client during a flood: ${name}`, async () => {
    await using lab = await Lab.up({ container: flood.side === "box" });
    const flags = { egress: "block", allow: ["allowed.test"] } as const;
    const guard = await Guarding.arm(lab, flags);
    await using capture = await lab.capture(FLOODED.filter);
    await using program = await startFlood(lab, flood);

    const fetches = await fetchHonestly(lab, FETCHES);

    assert.deepEqual(
      fetches.map(({ error }) => error),
      Array.from({ length: FETCHES }, () => null),
    );
    const of = flood.side === "box"
      ? { uid: null, address: "192.0.2.2" }
      : { uid: flood.user, address: null };
    await assertSummedUp(guard, flood.kind, of);
    program.kill("SIGKILL");
    await program.finished();
    await assertBounded(guard);
    assert.deepEqual(await capture.stop(), []);
    const asked = await lab.resolver.queries();
    assert.deepEqual(
      asked.filter((query) => query.name !== "allowed.test"),
      [],
    );
  });
}

Deno.test("block is back to normal after a flood that nothing can keep up with", async () => {
  await using lab = await Lab.up();
  const flood = { kind: "udp", rate: 0, user: HOSTILE } as const;
  const guard = await Guarding.arm(lab, {
    egress: "block",
    allow: ["allowed.test"],
  });
  await using capture = await lab.capture(FLOODED.filter);
  await using program = await startFlood(lab, flood);
  await assertSummedUp(guard, flood.kind, { uid: HOSTILE, address: null });
  program.kill("SIGKILL");
  await program.finished();

  const fetches = await fetchHonestly(lab, FETCHES);

  assert.ok(fetches.every(({ error }) => error === null));
  await assertBounded(guard);
  assert.deepEqual(await capture.stop(), []);
});

Deno.test("block serves an honest client while another user opens flows that are allowed", async () => {
  await using lab = await Lab.up();
  const to = ECHO.ipv4;
  await Guarding.arm(lab, {
    egress: "block",
    allow: ["allowed.test", `${to}:*`],
  });
  const flood = { kind: "tcp", rate: RATE, user: HOSTILE, to } as const;
  await using _program = await startFlood(lab, flood);

  const fetches = await fetchHonestly(lab, FETCHES);

  assert.ok(fetches.every(({ error }) => error === null));
});

Deno.test("the floods reach the wire where nobody guards", async () => {
  await using lab = await Lab.up();
  await using capture = await lab.capture(`${FLOODED.filter} or port 53`);
  for (const kind of ["tcp", "udp", "dns"] as const) {
    const flood = { kind, rate: 100, user: HOSTILE };
    await using _program = await startFlood(lab, flood);
  }
  const packets = await capture.stop();
  const flooded: ReadonlySet<string> = new Set(FLOODED.addresses);
  const count = (protocol: string) =>
    packets.filter((packet) =>
      packet.protocol === protocol && flooded.has(packet.destination)
    ).length;
  assert.ok(count("tcp") > 50, `${count("tcp")} of TCP`);
  assert.ok(count("udp") > 50, `${count("udp")} of UDP`);
  const asked = await lab.resolver.queries();
  assert.ok(asked.length > 50, `${asked.length} look-ups`);
});

async function assertSummedUp(
  guard: Guarding,
  protocol: string,
  of: { uid: number | null; address: string | null },
): Promise<void> {
  await waitUntil(async () => {
    const events = await guard.events() as readonly AgentEvent[];
    return events.some(({ event, uid, address, refused }) =>
      event === "flood" && uid === of.uid && address === of.address &&
      (refused?.[protocol] ?? 0) > 0
    );
  }, { what: `a flood of ${protocol} in the journal` });
}

async function assertBounded(guard: Guarding): Promise<void> {
  const bytes = await peakMemory(guard.started.pid);
  console.log(`at most ${(bytes / 2 ** 20).toFixed(1)} MB resident`);
  assert.ok(bytes < MAX_MEMORY_BYTES, `${bytes} bytes resident`);
  const verdicts = await guard.verdicts();
  const refused = verdicts.filter(({ decision }) => decision === "deny");
  assert.ok(refused.length < MAX_TOLD, `${refused.length} refusals told`);
}
