import assert from "node:assert/strict";
import { decodeHttpRequest } from "../../../agent/decode/http_host.ts";
import { decodeClientHello } from "../../../agent/decode/tls_client_hello.ts";
import { mutate } from "./mutate.ts";
import type { MutationOrder } from "./mutation_worker.ts";
import type { StreamMutationResult } from "./stream_mutation_worker.ts";
import { makeStreams, MAX_SAMPLE_BYTES } from "./streams.ts";

const SEED = 0x5e_11_0c_75;
const COUNT = 1_000_000;

/** A thread that lost its processor is not a hang; this long is. */
const HANG_MS = 20_000;
/** The slowest stream, with a collection of garbage and a busy neighbour. */
const SLOWEST_MS = 1_000;

/** The damaged stream itself, for the message of a failure. */
function describe(index: number): string {
  const bytes = mutate(
    { seed: SEED, index, samples: makeStreams() },
    new Uint8Array(MAX_SAMPLE_BYTES),
  );
  return `stream ${index} of seed ${SEED}: ${bytes.toHex()}`;
}

/** Runs the worker, and fails when one stream keeps it for too long. */
async function runWorker(): Promise<StreamMutationResult> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const url = new URL("./stream_mutation_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<
    StreamMutationResult
  >();
  let last = -1;
  const watch = setInterval(() => {
    const index = progress[0]!;
    if (index === last) reject(new Error(`No end of ${describe(index)}`));
    last = index;
  }, HANG_MS);
  worker.onmessage = ({ data }: MessageEvent<StreamMutationResult>) =>
    resolve(data);
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

const KINDS: Readonly<Record<string, readonly string[]>> = {
  decodeClientHello: ["hello", "incomplete", "not_tls", "refused"],
  decodeClientHelloMessage: ["hello", "incomplete", "refused"],
  decodeSecondFlight: ["hello", "incomplete", "no_hello", "refused"],
  decodeHttpRequest: ["request", "incomplete", "not_http", "refused"],
  TcpAssembler: ["stream", "refused"],
};

Deno.test(`what reads streams neither throws nor hangs on ${COUNT} damaged ones`, async () => {
  const { counts, slowestMs, thrown } = await runWorker();

  if (thrown !== null) {
    assert.fail(`${thrown.message} at ${describe(thrown.index)}`);
  }
  assert.ok(slowestMs < SLOWEST_MS, `${slowestMs} ms`);
  // A run that never came to one of the answers would prove nothing of it.
  for (const [name, kinds] of Object.entries(KINDS)) {
    for (const kind of kinds) {
      const count = counts[name]![kind] ?? 0;
      assert.ok(count > COUNT / 1000, `${name} gave ${kind} ${count} times`);
    }
  }
});

for (const [index, stream] of makeStreams().entries()) {
  Deno.test(`makeStreams()[${index}] is sound before it is damaged`, () => {
    assert.ok(stream.length <= MAX_SAMPLE_BYTES);
    const http = decodeHttpRequest(stream);
    const isPreface = http.kind === "refused" && /preface/.test(http.why);
    assert.ok(
      decodeClientHello(stream).kind === "hello" ||
        http.kind === "request" || isPreface,
    );
  });
}
