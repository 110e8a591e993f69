import assert from "node:assert/strict";
import { decodeDns } from "../../../agent/decode/dns.ts";
import { decodeNetlink } from "../../../agent/decode/netlink.ts";
import {
  decodeQueued,
  QUEUE_PACKET_TYPE,
} from "../../../agent/decode/nfqueue.ts";
import { decodePacket, PROTOCOL } from "../../../agent/decode/packet.ts";
import { DATAGRAMS, MAX_DATAGRAM_BYTES, mutate } from "./mutate.ts";
import type { MutationOrder, MutationResult } from "./mutation_worker.ts";

const SEED = 0x51_07_1c_e5;
const COUNT = Number(Deno.env.get("SLUICE_MUTATIONS") ?? 10_000_000);

/** A thread that lost its processor is not a hang; this long is. */
const HANG_MS = 20_000;
/** The slowest packet, with a collection of garbage and a busy neighbour. */
const SLOWEST_MS = 1_000;

/** The damaged datagram itself, for the message of a failure. */
function describe(index: number): string {
  const bytes = mutate(
    { seed: SEED, index },
    new Uint8Array(MAX_DATAGRAM_BYTES),
  );
  return `packet ${index} of seed ${SEED}: ${bytes.toHex()}`;
}

/** Runs the worker, and fails when one packet keeps it for too long. */
async function runWorker(): Promise<MutationResult> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const url = new URL("./mutation_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<MutationResult>();
  let last = -1;
  const watch = setInterval(() => {
    const index = progress[0]!;
    if (index === last) reject(new Error(`No end of ${describe(index)}`));
    last = index;
  }, HANG_MS);
  worker.onmessage = ({ data }: MessageEvent<MutationResult>) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  const order: MutationOrder = { seed: SEED, count: COUNT, progress };
  worker.postMessage(order);
  try {
    return await promise;
  } finally {
    clearInterval(watch);
    worker.terminate();
  }
}

Deno.test(`decoders neither throw nor hang on ${COUNT} damaged packets`, async () => {
  assert.ok(COUNT >= 10_000, `SLUICE_MUTATIONS is ${COUNT}`);
  const { counts, slowestMs, thrown } = await runWorker();

  if (thrown !== null) {
    assert.fail(`${thrown.message} at ${describe(thrown.index)}`);
  }
  assert.ok(slowestMs < SLOWEST_MS, `${slowestMs} ms`);
  // A run that never came to the inner decoders would prove nothing of them.
  for (const [name, { accepted, refused }] of Object.entries(counts)) {
    assert.ok(accepted > COUNT / 1000, `${name} accepted ${accepted}`);
    assert.ok(refused > COUNT / 10_000, `${name} refused ${refused}`);
  }
});

Deno.test("mutate() makes the same packet from the same number", () => {
  const first = new Uint8Array(MAX_DATAGRAM_BYTES);
  const second = new Uint8Array(MAX_DATAGRAM_BYTES);
  for (let index = 0; index < 1000; index++) {
    // What an earlier packet left in the buffer must not show.
    assert.deepEqual(
      mutate({ seed: SEED, index }, first.fill(index)),
      mutate({ seed: SEED, index }, second.fill(~index)),
    );
  }
});

for (const [index, datagram] of DATAGRAMS.entries()) {
  Deno.test(`DATAGRAMS[${index}] is sound before it is damaged`, () => {
    assert.ok(datagram.length <= MAX_DATAGRAM_BYTES);
    const messages = decodeNetlink(datagram);
    assert.ok(messages.ok);
    const [message] = messages.value;
    assert.ok(message);
    if (message.type !== QUEUE_PACKET_TYPE) return;
    const queued = decodeQueued(message.payload);
    assert.ok(queued.ok);
    const packet = decodePacket(queued.value.payload);
    assert.ok(packet.ok, packet.ok ? "" : packet.why);
    if (packet.value.protocol !== PROTOCOL.UDP) return;
    const dns = decodeDns(packet.value.payload);
    assert.ok(dns.ok, dns.ok ? "" : dns.why);
  });
}
