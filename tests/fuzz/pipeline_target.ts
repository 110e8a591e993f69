/**
 * The whole pipeline: packets in, verdicts out.
 *
 * @module
 */
import type { QueuedPacket } from "../../agent/decode/nfqueue.ts";
import { decodePacket } from "../../agent/decode/packet.ts";
import { MARK, MARK_MASK } from "../../agent/enforce/marks.ts";
import type { Outcome } from "../../agent/outcome.ts";
import { Pipeline } from "../../agent/pipeline.ts";
import { encodeEvent } from "../../agent/record/line.ts";
import { hex } from "../hex.ts";
import {
  makeDatagrams,
  makeDnsStreams,
  makeStreamContents,
} from "./contents.ts";
import { Referee } from "./referee.ts";
import { type Contents, Script } from "./script.ts";
import { isEqual } from "./purity.ts";
import { must, type Target } from "./target.ts";
import { makeWorld } from "./world.ts";

const NF_DROP = 0;
const TIME = "2026-01-01T00:00:00.000000Z";
/** Longer than any packet of a script. */
const BUFFER_BYTES = 4096;
/** Over what was received: whoever kept a view reads this. */
const RUBBISH = 0xee;

// Each line is one step: kind, target, flags, content, from, to, shift,
// acknowledgment, damage, way.
const SYN = "00 00 02 00 0000 0000 00 00 00 00";
const SEEDS = [
  `${SYN} 00 00 10 00 0000 0fff 00 00 00 00
   00 00 10 06 0000 0fff 00 01 00 00`,
  `${SYN} 00 00 10 01 0000 0fff 00 00 00 00`,
  `${SYN} 00 00 10 00 0020 0fff 00 00 00 00 00 00 10 00 0000 0030 00 00 00 00`,
  `${SYN} 00 00 10 04 0000 0400 00 00 00 00 05 ff 00 00 10 04 0400 0fff 00 00
   00 00`,
  `00 01 02 00 0000 0000 00 00 00 00 00 01 10 08 0000 0fff 00 00 00 00`,
  `00 01 02 00 0000 0000 00 00 00 00 00 01 10 09 0000 0fff 00 00 00 00`,
  `00 02 02 00 0000 0000 00 00 00 00 00 02 10 0c 0000 0fff 00 00 00 00`,
  `00 05 02 00 0000 0000 00 00 00 00 00 04 02 00 0000 0000 00 00 00 00`,
  `02 00 00 00 00  02 00 02 00 00  02 00 03 00 00  02 00 01 00 00`,
  `02 40 02 00 00  02 40 03 00 00  02 03 00 00 00  02 04 00 00 00`,
  `03 00 00 01 00 00 00 00  04 00 00 00 01 00 00 00 00
   00 06 02 00 0000 0000 00 00 00 00`,
  `03 00 00 01 02 00 00 00  03 ff 00 01 00 00 00 00  03 00 00 02 03 00 00 00`,
  `06 01 00 00 00 00 00  07 00 02 00 0000 0000 00 00 02 00 0f 00 00`,
  `${SYN} 00 00 04 00 0000 0000 00 00 00 00 05 ff`,
  // DNS over TCP: direction, flags, content, from, to, damage, way.
  `08 00 02 00 0000 0000 00 00  08 01 12 00 0000 0000 00 00
   08 00 10 00 0000 0fff 00 00  08 01 10 04 0000 0fff 00 00
   00 06 02 00 0000 0000 00 00 00 00`,
  `08 00 02 00 0000 0000 00 00  08 01 12 00 0000 0000 00 00
   08 00 10 03 0000 0010 00 00  08 00 10 03 0000 0fff 00 00
   08 00 11 01 0000 0fff 00 00`,
  // Two requests, the second to another host.
  `00 01 02 00 0000 0000 00 00 00 00 00 01 10 0e 0000 0fff 00 00 00 00`,
  `00 01 02 00 0000 0000 00 00 00 00 00 01 10 0e 0000 0030 00 00 00 00
   00 01 10 0e 0030 0fff 00 01 00 00`,
  // A second QUIC connection between the same two ports.
  `02 00 00 00 00  02 00 07 00 00  02 00 08 00 00  02 00 05 00 00
   02 00 01 00 00  02 00 06 00 00`,
];

/** Scripts; the first byte says whether a host is guarded or a command. */
export function pipelineTarget(): Target {
  const contents: Contents = {
    streams: makeStreamContents(),
    datagrams: makeDatagrams(),
    dnsStreams: makeDnsStreams(),
  };
  return {
    name: "pipeline",
    seeds: SEEDS.flatMap((steps) => [hex(`00 ${steps}`), hex(`01 ${steps}`)]),
    tokens: [
      hex(SYN),
      ...SEEDS.slice(4).map((steps) => hex(steps)),
      hex("00 00 10 00 0000 0fff 00 00 00 00"),
      hex("00 00 10 01 0000 0fff 00 00 00 00"),
      hex("00 00 04 00 0000 0000 00 00 00 00"),
      hex("00 00 11 00 0000 0000 00 00 00 00"),
      hex("05 ff"),
    ],
    ...{ maxBytes: 400, batch: 128 },
    run: (input) => new Play(input, contents).run(),
  };
}

/** One script from its start to its end. */
class Play {
  readonly #script: Script;
  readonly #pipeline: Pipeline;
  readonly #referee: Referee;
  /** Packets that wait for their verdict, by id. */
  readonly #held = new Map<number, QueuedPacket>();
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #nowMs = 1_000;
  #id = 0;

  constructor(input: Uint8Array, contents: Contents) {
    const host = ((input[0] ?? 0) & 1) === 0;
    this.#script = new Script(input.subarray(1), contents);
    this.#pipeline = new Pipeline(makeWorld(host).world);
    this.#referee = new Referee({ datagrams: contents.datagrams, host });
  }

  run(): void {
    for (;;) {
      const step = this.#script.next();
      if (step === null) break;
      if (step.kind === "packet") this.#send(step.queued);
      else {
        this.#nowMs += step.milliseconds;
        this.#expire(this.#nowMs);
      }
    }
    this.#expire(Infinity);
    must(this.#held.size === 0, "every packet has a verdict in the end");
  }

  #send(packet: Omit<QueuedPacket, "id">): void {
    const before = this.#referee.markOf(packet);
    if (before === null) return;
    this.#referee.offer(packet);
    const id = ++this.#id;
    const own = { ...packet, id, mark: before };
    this.#held.set(id, own);
    const bytes = packet.payload.length;
    this.#buffer.set(packet.payload);
    const payload = this.#buffer.subarray(0, bytes);
    const queued = { ...own, payload };
    const isGlanced = this.#isRefusedAtAGlance(queued);
    const outcome = this.#pipeline.judge(queued, this.#nowMs);
    const { verdict, mark } = outcome;
    must(
      !isGlanced || verdict === NF_DROP || mark === MARK.DENY,
      "what is refused at a glance is refused by a closer look",
    );
    must((mark & ~MARK_MASK) === 0, "a mark has our bits only");
    this.#answerReleased(outcome);
    if (verdict !== null) this.#answer(id, verdict === NF_DROP ? 0 : mark);
    this.#write(outcome);
    this.#buffer.fill(RUBBISH);
  }

  #isRefusedAtAGlance(queued: QueuedPacket): boolean {
    const packet = decodePacket(queued.payload);
    return packet.ok && this.#pipeline.isRefusedAtAGlance({
      ...{ queued, packet: packet.value, nowMs: this.#nowMs },
    });
  }

  #expire(untilMs: number): void {
    for (const outcome of this.#pipeline.expire(untilMs)) {
      must(outcome.verdict === null, "time answers no packet of its own");
      this.#answerReleased(outcome);
      this.#write(outcome);
    }
  }

  #answerReleased({ released }: Outcome): void {
    for (const { id, mark, bytes, give, isDropped = false } of released) {
      const queued = this.#held.get(id);
      must(mark === queued?.mark, "a packet keeps its mark");
      must(isEqual(bytes, queued.payload), "what waited is let go as it came");
      this.#answer(id, isDropped ? 0 : give);
    }
  }

  #answer(id: number, mark: number): void {
    const queued = this.#held.get(id);
    must(queued !== undefined, "a packet has one verdict and no more");
    this.#held.delete(id);
    this.#referee.take(queued, mark);
  }

  #write({ events }: Outcome): void {
    this.#referee.check();
    for (const event of events?.() ?? []) {
      const line = encodeEvent(event, TIME);
      must(
        JSON.parse(`{${line}`).kind === event.kind && !line.includes("\n"),
        "an event is one line of JSON",
      );
      must(!/238\.238\.|eeee:/.test(line), "an event has no old view");
    }
  }
}
