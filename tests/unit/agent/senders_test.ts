import assert from "node:assert/strict";
import { HOOK, type QueuedPacket } from "../../../agent/decode/nfqueue.ts";
import { Senders } from "../../../agent/senders.ts";

/** A packet of a user's, or of an address behind an interface. */
function queued(
  from: { uid: number | null } | { source: string; inInterface: number },
): QueuedPacket {
  const payload = new Uint8Array(20);
  payload[0] = 0x45;
  const isOwn = "uid" in from;
  if (!isOwn) payload.set(from.source.split(".").map(Number), 12);
  return {
    ...{ queue: 1, id: 1, hardwareProtocol: 0x0800, mark: 0, gid: null },
    hook: isOwn ? HOOK.LOCAL_OUT : HOOK.FORWARD,
    inInterface: isOwn ? 0 : from.inInterface,
    outInterface: 2,
    inPort: 0,
    hardwareAddress: 0,
    uid: isOwn ? from.uid : null,
    payload,
    originalBytes: payload.length,
  };
}

function spendAll(sender: ReturnType<Senders<null>["of"]>, nowMs: number) {
  let count = 0;
  for (; !sender.isSpent(nowMs) && count < 100_000; count++) sender.spend(0);
  return count;
}

function idle(): boolean {
  return true;
}

Deno.test("of() tells users and sources apart, and knows them again", () => {
  const senders = new Senders<null>();
  const packets = [
    queued({ uid: 0 }),
    queued({ uid: 1001 }),
    queued({ uid: null }),
    queued({ source: "192.0.2.2", inInterface: 3 }),
    queued({ source: "192.0.2.3", inInterface: 3 }),
    queued({ source: "192.0.2.2", inInterface: 4 }),
  ];
  const found = packets.map((packet) => senders.of(packet));

  assert.equal(new Set(found).size, packets.length);
  assert.deepEqual(packets.map((packet) => senders.of(packet)), found);
  assert.deepEqual(found[1]!.label, { uid: 1001, address: null });
  assert.deepEqual(found[3]!.label, { uid: null, address: "192.0.2.2" });
});

Deno.test("of() is bounded where one interface sends from any address", () => {
  const senders = new Senders<null>();
  const user = senders.of(queued({ uid: 1001 }));
  for (let at = 0; at < 10_000; at++) {
    const source = `10.0.${at >> 8}.${at & 255}`;
    senders.of(queued({ source, inInterface: 3 }));
  }

  assert.ok(senders.size < 100, `${senders.size}`);
  assert.equal(senders.of(queued({ uid: 1001 })), user);
  const other = senders.of(queued({ source: "10.0.0.1", inInterface: 4 }));
  assert.deepEqual(other.label, { uid: null, address: "10.0.0.1" });
});

Deno.test("isSpent() holds after a burst, for that sender alone", () => {
  const senders = new Senders<null>();
  const [hostile, honest] = [1001, 1002].map((uid) =>
    senders.of(queued({ uid }))
  );

  const told = spendAll(hostile!, 0);

  assert.equal(told, 1_000);
  assert.ok(!honest!.isSpent(0));
  assert.ok(!hostile!.isSpent(1_000));
  assert.equal(spendAll(hostile!, 1_000), 20);
});

Deno.test("isSpent() holds sooner for who takes long to find", () => {
  const sender = new Senders<null>().of(queued({ uid: 1001 }));
  let count = 0;
  for (; !sender.isSpent(0); count++) sender.spend(20);
  assert.equal(count, 10);
});

Deno.test("isSpent() bounds all senders together", () => {
  const senders = new Senders<null>();
  let told = 0;
  for (let at = 0; at < 1_000; at++) {
    const sender = senders.of(queued({ uid: at }));
    told += spendAll(sender, 0);
  }
  assert.equal(told, 8_000);
});

Deno.test("sweep() takes what was counted, once, and forgets who is idle", () => {
  const senders = new Senders<null>();
  const sender = senders.of(queued({ uid: 1001 }));
  sender.countRefused("tcp", 5);
  sender.countRefused("tcp", 6);
  sender.countRefused("dns", 7);
  sender.countUnjudged(8);

  assert.deepEqual(senders.sweep(10, idle), [{
    label: { uid: 1001, address: null },
    fromMs: 5,
    refused: { tcp: 2, dns: 1 },
    unjudged: 1,
  }]);
  assert.deepEqual(senders.sweep(11, idle), []);
  assert.equal(senders.size, 0);
});

Deno.test("sweep() remembers who has a turn to wait for or has told much", () => {
  const senders = new Senders<null>();
  senders.of(queued({ uid: 1 }));
  assert.deepEqual(senders.sweep(0, () => false), []);
  assert.equal(senders.size, 1);

  senders.of(queued({ uid: 1 })).spend(0);
  senders.sweep(0, idle);
  assert.equal(senders.size, 1);
  senders.sweep(50, idle);
  assert.equal(senders.size, 0);
});
