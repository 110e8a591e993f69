import assert from "node:assert/strict";
import { type Arrival, PacketIntake } from "../../../agent/packet_intake.ts";
import type { NetfilterQueue } from "../../../ffi/netfilter_queue.ts";
import { hex } from "../../hex.ts";
import { QUEUED_IPV4_SYN } from "../decode/samples.ts";

const SYN = hex(QUEUED_IPV4_SYN);
/** Offsets in the sample. */
const AT = { id: 24, uid: 52, sourcePort: 88 } as const;

/** A queue that holds what a test puts into it. */
class FakeQueue {
  readonly datagrams: Uint8Array[] = [];

  /** Puts a SYN of a user's into it. */
  put(id: number, of: { uid: number; port?: number }): void {
    const bytes = SYN.slice();
    const view = new DataView(bytes.buffer);
    view.setUint32(AT.id, id);
    view.setUint32(AT.uid, of.uid);
    view.setUint16(AT.sourcePort, of.port ?? id);
    this.datagrams.push(bytes);
  }

  receive(buffer: Uint8Array): number {
    const bytes = this.datagrams.shift();
    if (bytes === undefined) return -1;
    buffer.fill(0xff);
    buffer.set(bytes);
    return bytes.length;
  }
}

/** An intake between two such queues and a list of what came of each packet. */
class Bench {
  readonly dns = new FakeQueue();
  readonly flows = new FakeQueue();
  readonly said: string[] = [];
  readonly intake: PacketIntake;
  /** Whether packets are refused at a glance where that is asked. */
  refuses = false;
  /** Whether each judged packet is a refusal that is told. */
  tells = false;

  constructor() {
    const say = (act: string, { queued }: Arrival) => {
      this.said.push(`${act} ${queued.id}`);
      // What waited must not have become another packet's.
      assert.equal(queued.payload[0], 0x45);
      return true;
    };
    this.intake = new PacketIntake(this.dns as unknown as NetfilterQueue, {
      judge: (arrival) => say("judge", arrival) && this.tells,
      turnAway: (arrival) => this.refuses && say("refuse", arrival),
      shed: (arrival) => void say("shed", arrival),
    });
  }

  drain(queue: FakeQueue): void {
    this.intake.drain(queue as unknown as NetfilterQueue);
  }

  serveAll(): void {
    while (!this.intake.isEmpty) this.intake.serve();
  }
}

Deno.test("drain() judges what comes first when nothing waits", () => {
  const bench = new Bench();
  bench.flows.put(1, { uid: 1001 });

  bench.drain(bench.flows);

  assert.deepEqual(bench.said, ["judge 1"]);
  assert.ok(bench.intake.isEmpty);
});

Deno.test("serve() takes turns between users, and keeps the order of each", () => {
  const bench = new Bench();
  for (let id = 1; id <= 100; id++) bench.flows.put(id, { uid: 1001 });
  for (let id = 101; id <= 103; id++) bench.flows.put(id, { uid: 1002 });

  bench.drain(bench.flows);
  bench.serveAll();

  const ids = bench.said.map((text) => Number(text.split(" ")[1]));
  const flood = ids.filter((id) => id <= 100);
  assert.equal(ids.length, 103);
  assert.deepEqual(flood, flood.toSorted((a, b) => a - b));
  assert.deepEqual(ids.filter((id) => id > 100), [101, 102, 103]);
  assert.ok(ids.indexOf(103) < 102, bench.said.join(", "));
});

Deno.test("serve() gives a user's look-ups a turn beside the user's flows", () => {
  const bench = new Bench();
  for (let id = 1; id <= 200; id++) bench.flows.put(id, { uid: 1001 });
  bench.drain(bench.flows);
  bench.dns.put(300, { uid: 1001 });
  bench.drain(bench.dns);

  bench.serveAll();

  assert.notEqual(bench.said.at(-1), "judge 300");
});

Deno.test("drain() keeps a flow's packets in order when its user is lost", () => {
  const bench = new Bench();
  for (let id = 1; id <= 50; id++) bench.flows.put(id, { uid: 1001 });
  // An orphaned socket has no owner any more; another number stands for that.
  bench.flows.put(51, { uid: 0, port: 50 });

  bench.drain(bench.flows);
  bench.serveAll();

  assert.ok(bench.said.indexOf("judge 50") < bench.said.indexOf("judge 51"));
});

Deno.test("drain() sheds what there is no room for, and of a flood alone", () => {
  const bench = new Bench();
  for (let turn = 0; turn < 100; turn++) {
    for (let id = 1; id <= 200; id++) bench.flows.put(id, { uid: 1001 });
    bench.drain(bench.flows);
  }
  const shed = bench.said.filter((text) => text.startsWith("shed"));
  assert.ok(shed.length > 15_000, `${shed.length}`);
  bench.flows.put(999, { uid: 1002 });

  bench.drain(bench.flows);

  assert.ok(!bench.said.includes("shed 999"));
});

Deno.test("drain() refuses at a glance whose refusals have been told, no sooner", () => {
  const bench = new Bench();
  bench.refuses = bench.tells = true;
  for (let id = 1; id <= 3_000; id++) {
    bench.flows.put(id, { uid: 1001 });
    bench.drain(bench.flows);
  }
  const told = bench.said.filter((text) => text.startsWith("judge"));
  assert.ok(told.length > 200 && told.length < 1_100, `${told.length}`);
  assert.equal(bench.said.length, 3_000);

  bench.flows.put(9_999, { uid: 1002 });
  bench.drain(bench.flows);

  assert.equal(bench.said.at(-1), "judge 9999");
});
