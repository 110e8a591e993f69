import assert from "node:assert/strict";
import { HOOK } from "../../agent/decode/nfqueue.ts";
import { Pipeline } from "../../agent/pipeline.ts";
import { makeDatagrams, makeStreamContents } from "./contents.ts";
import { dnsMessage, tcpPacket, udpPacket } from "./packets.ts";
import { makeWorld, RESOLVER, SLOT } from "./world.ts";
import { parseAddress } from "../../agent/decode/address.ts";

const PACKETS = 50_000;
/** Packets that wait for a verdict: of TCP and of QUIC, and this one. */
const MAX_HELD = 2_048 + 1_024 + 1;
/** All tables together, full; the second half of a flood adds nothing. */
const MAX_GROWTH_BYTES = 8 << 20;

const CLIENT = parseAddress("198.51.100.10")!;
const TARGET = parseAddress("203.0.113.10")!;
const [GOOD] = makeStreamContents();
const DATAGRAMS = makeDatagrams();

/** Packet number `index` of a flood, of flows that are new each time. */
function packetOf(index: number): { payload: Uint8Array; isDns: boolean } {
  const flow = index >> 2;
  const ends = {
    source: Uint8Array.of(198, 51, flow >> 16, 10),
    destination: TARGET,
    sourcePort: flow & 0xffff,
    destinationPort: 443,
  };
  const segment = { acknowledgment: 1, sequence: 1000, flags: 2 };
  switch (index % 4) {
    case 0:
      return {
        payload: tcpPacket(ends, { ...segment, payload: new Uint8Array(0) }),
        isDns: false,
      };
    case 1:
      // The start of a hello whose rest never comes.
      return {
        payload: tcpPacket(ends, {
          ...{ ...segment, sequence: 1001, flags: 16 },
          payload: GOOD!.subarray(0, 30),
        }),
        isDns: false,
      };
    case 2:
      return {
        payload: udpPacket(ends, DATAGRAMS[index % 8 === 2 ? 2 : 9]!.bytes),
        isDns: false,
      };
    default:
      return {
        payload: udpPacket(
          {
            ...{ source: CLIENT, destination: parseAddress(RESOLVER)! },
            ...{ sourcePort: flow & 0xffff, destinationPort: 53 },
          },
          dnsMessage({ id: 1, name: "allowed.test", type: 1, addresses: null }),
        ),
        isDns: true,
      };
  }
}

Deno.test(`Pipeline holds little of ${2 * PACKETS} packets of a flood`, () => {
  const pipeline = new Pipeline(makeWorld(true).world);
  const held = new Set<number>();
  let mostHeld = 0;
  const flood = (from: number) => {
    for (let index = from; index < from + PACKETS; index++) {
      const { payload, isDns } = packetOf(index);
      const nowMs = index / 100;
      held.add(index);
      const { verdict, released, events } = pipeline.judge({
        queue: isDns ? SLOT.dnsQueue : SLOT.flowQueue,
        id: index,
        ...{ hook: HOOK.LOCAL_OUT, hardwareProtocol: 0x0800, mark: 0 },
        ...{ inInterface: 0, outInterface: 2, uid: 1001, gid: 1001 },
        ...{ inPort: 0, hardwareAddress: 0 },
        ...{ payload, originalBytes: payload.length },
      }, nowMs);
      if (verdict !== null) held.delete(index);
      for (const { id } of released) assert.ok(held.delete(id), `${id} twice`);
      events?.();
      mostHeld = Math.max(mostHeld, held.size);
      // As often as the packet thread does.
      if (index % 50_000 === 0) answerWaiting(nowMs);
    }
  };
  const answerWaiting = (nowMs: number) => {
    for (const { released, events } of pipeline.expire(nowMs)) {
      for (const { id } of released) assert.ok(held.delete(id), `${id} twice`);
      events?.();
    }
  };

  flood(0);
  const before = usedBytes();
  flood(PACKETS);
  const growth = usedBytes() - before;

  assert.ok(mostHeld <= MAX_HELD, `${mostHeld} packets waited`);
  assert.ok(growth < MAX_GROWTH_BYTES, `${growth} bytes more`);
  answerWaiting(Infinity);
  assert.deepEqual([...held], []);
});

function usedBytes(): number {
  // From --expose-gc, which the suite's flags have.
  const { gc } = globalThis as { gc?: () => void };
  assert.ok(gc, "the suite needs --v8-flags=--expose-gc");
  gc();
  return Deno.memoryUsage().heapUsed;
}
