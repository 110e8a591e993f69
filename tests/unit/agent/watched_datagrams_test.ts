import assert from "node:assert/strict";
import { addressKey } from "../../../agent/decide/address_key.ts";
import { decideFlow } from "../../../agent/decide/flow.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import { MARK } from "../../../agent/enforce/marks.ts";
import { flowKey } from "../../../agent/flow_key.ts";
import type { Outcome } from "../../../agent/outcome.ts";
import { RecentFlows } from "../../../agent/record/recent.ts";
import { WatchedDatagrams } from "../../../agent/watched_datagrams.ts";
import { hex } from "../../hex.ts";
import { NOBODY, policyOf, type PolicyTexts } from "../decide/policies.ts";
import { makeHello, serverName } from "../decode/hellos.ts";
import {
  cryptoFrame,
  DESTINATION,
  join,
  longPacket,
  sealDatagram,
} from "../decode/quic_seal.ts";
import { datagram, eventOf, queued, QUEUED_MARK } from "./clients.ts";

const ACCEPT = 1;
const ALLOW_MARK = 0x7000_0000;
const ALLOW = { verdict: ACCEPT, mark: ALLOW_MARK, released: [] };
const PASS = { verdict: ACCEPT, mark: MARK.PASS, released: [] };
const DENY = { verdict: ACCEPT, mark: MARK.DENY, released: [] };
const HOLD = { verdict: null, mark: 0, released: [] };

const GOOD = helloFor("a.example");
const EVIL = helloFor("evil.example");
const OTHER = hex("1112131415161718");
/** What a server chose. */
const CHOSEN = hex("c1c2c3c4");
const FINISHED = longPacket(0xe0, { destination: CHOSEN, bytes: 60 });
const EARLY = longPacket(0xd0, { bytes: 40 });
const DATA = hex("4cfe4189655e5cd5");
/** What NTP clients ask that do not know the time. */
const NTP = hex("e30003fa" + "00".repeat(44));

/** What one datagram came to. */
type Answer = Omit<Outcome, "events" | "released"> & {
  /** Ids. */
  readonly released: readonly number[];
};

interface SendOptions {
  readonly source?: number;
  readonly destination?: number;
  /** Whether the kernel has the flow for let go. */
  readonly marked?: boolean;
}

/** The packet thread around the flows: judges, opens, and writes events. */
class Guard {
  readonly #world = {
    names: new NameTable(),
    said: new RecentFlows(),
    allowMark: ALLOW_MARK,
  };
  readonly #policy;
  readonly flows: WatchedDatagrams;
  readonly isScoped: boolean;
  /** How often it was found out who sends. */
  opened = 0;
  #id = 0;
  nowMs = 0;
  /** Of each event `why sni`. */
  readonly said: string[] = [];

  constructor(
    texts: PolicyTexts = { allow: ["a.example/udp", "b.example/udp"] },
    isScoped = false,
  ) {
    this.#policy = compilePolicy(policyOf(texts));
    this.isScoped = isScoped;
    const address = addressKey(Uint8Array.of(198, 51, 100, 1));
    for (const name of ["a.example", "b.example"]) {
      this.#world.names.pin(name, address);
    }
    this.flows = new WatchedDatagrams({ ...this.#world, policy: this.#policy });
  }

  send(payload: Uint8Array, options: SendOptions = {}): Answer {
    const { marked = false, ...ports } = options;
    const packet = datagram(payload, ports);
    const seen = queued(packet, { id: ++this.#id, nowMs: this.nowMs });
    if (marked) {
      const mark = (QUEUED_MARK | MARK.OPEN) >>> 0;
      Object.assign(seen.queued, { mark });
    }
    const judged = this.flows.judge(seen);
    if (judged !== null) return this.#write(judged);
    this.opened++;
    const { destination, protocol, destinationPort: port } = packet;
    const flow = { protocol, destination, port, sender: NOBODY };
    const world = { ...this.#world, policy: this.#policy, nowMs: this.nowMs };
    return this.#write(this.flows.open({
      key: flowKey(packet),
      flow,
      first: decideFlow(flow, world),
      isScoped: this.isScoped,
      describe: ({ decision, sni }) => eventOf(decision, sni),
    }, seen));
  }

  expire(nowMs: number): Answer[] {
    this.nowMs = Math.min(nowMs, 1e9);
    return this.flows.expire(nowMs).map((outcome) => this.#write(outcome));
  }

  #write({ events, released, ...answer }: Outcome): Answer {
    for (const event of events?.() ?? []) {
      assert.equal(event.kind, "connection");
      this.said.push(`${event.why} ${event.sni}`);
    }
    return { ...answer, released: released.map(({ id }) => id) };
  }
}

Deno.test("WatchedDatagrams lets a flow go with its hello, and what follows with it", () => {
  const guard = new Guard();

  assert.deepEqual(guard.send(seal(GOOD)), ALLOW);
  for (
    const payload of [ack(), FINISHED, DATA, join([ack(), FINISHED, DATA])]
  ) {
    assert.deepEqual(guard.send(payload), ALLOW);
  }
  assert.deepEqual(guard.said, ["allowed_name a.example"]);
});

Deno.test("WatchedDatagrams holds the pieces of a hello and releases them together", () => {
  const guard = new Guard();

  assert.deepEqual(guard.send(half(GOOD, 1)), HOLD);
  assert.deepEqual(guard.send(EARLY), HOLD);
  assert.deepEqual(guard.send(half(GOOD, 0)), { ...ALLOW, released: [1, 2] });
  assert.deepEqual(guard.send(half(GOOD, 1)), ALLOW);
  assert.deepEqual(guard.said, ["allowed_name a.example"]);
});

Deno.test("WatchedDatagrams refuses another name, and the pieces of it", () => {
  const guard = new Guard();

  assert.deepEqual(guard.send(seal(EVIL)), DENY);
  assert.deepEqual(guard.send(seal(EVIL)), DENY);
  assert.deepEqual(guard.send(half(EVIL, 0, OTHER)), HOLD);
  const refused = { ...DENY, released: [3] };
  assert.deepEqual(guard.send(half(EVIL, 1, OTHER)), refused);
  assert.deepEqual(guard.said, ["sni_not_allowed evil.example"]);
});

for (const marked of [true, false]) {
  Deno.test(`WatchedDatagrams asks a second connection for its name, ${marked ? "long after" : "right behind"} the first`, () => {
    const guard = new Guard();
    guard.send(seal(GOOD));
    if (marked) guard.expire(1e6);

    assert.deepEqual(guard.send(seal(EVIL, OTHER), { marked }), DENY);
    assert.deepEqual(guard.send(DATA, { marked }), ALLOW);
    assert.deepEqual(guard.send(FINISHED, { marked }), ALLOW);
    const second = seal(helloFor("b.example"), hex("2122232425262728"));
    assert.deepEqual(guard.send(second, { marked }), ALLOW);
    assert.deepEqual(guard.said, [
      "allowed_name a.example",
      "sni_not_allowed evil.example",
      "allowed_name b.example",
    ]);
  });
}

Deno.test("WatchedDatagrams releases nothing of one connection with another", () => {
  const guard = new Guard();
  guard.send(seal(GOOD));

  assert.deepEqual(guard.send(half(EVIL, 1, OTHER)), HOLD);
  for (const payload of [seal(GOOD), ack(), FINISHED, DATA]) {
    assert.deepEqual(guard.send(payload), ALLOW);
  }
  const refused = { ...DENY, released: [2] };
  assert.deepEqual(guard.send(half(EVIL, 0, OTHER)), refused);
});

Deno.test("WatchedDatagrams asks a second hello for its name, which the server asked for", () => {
  const guard = new Guard();
  guard.send(seal(GOOD));
  const again = (hello: Uint8Array) =>
    sealDatagram({
      frames: cryptoFrame(GOOD.length, hello),
      destination: CHOSEN,
      keysOf: DESTINATION,
    });

  assert.deepEqual(guard.send(again(GOOD)), ALLOW);
  const other = new Guard();
  other.send(seal(GOOD));
  assert.deepEqual(other.send(again(EVIL)), DENY);
});

Deno.test("WatchedDatagrams refuses an Initial packet that it cannot open", () => {
  const guard = new Guard();
  guard.send(seal(GOOD));
  guard.expire(1e6);

  assert.deepEqual(guard.send(ack(), { marked: true }), DENY);
  assert.deepEqual(guard.said.slice(1), ["name_unreadable null"]);
});

for (const payload of [DATA, NTP, hex(""), hex("80"), hex("16fefd0000")]) {
  Deno.test(`WatchedDatagrams refuses "${payload.toHex().slice(0, 8)}" on port 443 at once, and lets it go on another`, () => {
    const guard = new Guard({ allow: ["a.example/udp", "a.example:123/udp"] });

    assert.deepEqual(guard.send(payload), DENY);
    assert.deepEqual(guard.send(payload, { destination: 123 }), ALLOW);
    const evil = guard.send(seal(EVIL), { destination: 123, marked: true });
    assert.deepEqual(evil, DENY);
    assert.deepEqual(guard.said, [
      "name_missing null",
      "allowed_name null",
      "sni_not_allowed evil.example",
    ]);
  });
}

Deno.test("WatchedDatagrams lets go what opens nothing in a flow that the kernel has let go", () => {
  const guard = new Guard();

  for (const payload of [DATA, FINISHED, EARLY, NTP]) {
    assert.deepEqual(guard.send(payload, { marked: true }), ALLOW);
    assert.deepEqual(guard.send(payload), unmarked(payload));
  }
  assert.equal(guard.flows.size, 1);
});

Deno.test("WatchedDatagrams refuses a hello that stops in the middle for five seconds", () => {
  const guard = new Guard();
  guard.send(half(GOOD, 0));

  assert.deepEqual(guard.expire(5_000), []);
  const refused = { ...DENY, verdict: null, released: [1] };
  assert.deepEqual(guard.expire(5_001), [refused]);
  assert.deepEqual(guard.said, ["name_unreadable null"]);
  assert.deepEqual(guard.send(half(GOOD, 1)), HOLD);
  assert.deepEqual(guard.send(half(GOOD, 0)), { ...ALLOW, released: [2] });
});

Deno.test("WatchedDatagrams finds out who sends for each datagram of a program's own", () => {
  const guard = new Guard(undefined, true);

  assert.deepEqual(guard.send(half(GOOD, 0)), HOLD);
  assert.deepEqual(guard.send(half(GOOD, 1)), { ...PASS, released: [1] });
  for (const payload of [DATA, FINISHED, DATA]) {
    assert.deepEqual(guard.send(payload), PASS);
  }
  assert.deepEqual(guard.send(seal(EVIL, OTHER)), DENY);
  assert.equal(guard.opened, 6);
});

Deno.test("WatchedDatagrams answers all that waits when the guard ends", () => {
  const guard = new Guard();
  guard.send(half(GOOD, 0), { source: 1001 });
  guard.send(half(GOOD, 0), { source: 1002 });

  assert.deepEqual(
    guard.expire(Infinity).map(({ released }) => released),
    [[1], [2]],
  );
});

Deno.test("WatchedDatagrams gives up the oldest when too many wait", () => {
  const guard = new Guard();
  for (let source = 1; source <= 1024; source++) {
    assert.deepEqual(guard.send(half(GOOD, 0), { source }), HOLD);
  }

  const refused = { ...DENY, verdict: null, released: [1] };
  assert.deepEqual(guard.send(half(GOOD, 0), { source: 2000 }), refused);
  const good = guard.send(half(GOOD, 1), { source: 2000 });
  assert.deepEqual(good, { ...ALLOW, released: [1025] });
});

Deno.test("WatchedDatagrams holds 48 datagrams of a hello and refuses it with the next", () => {
  const guard = new Guard();
  for (let count = 0; count < 48; count++) {
    assert.deepEqual(guard.send(half(GOOD, 0)), HOLD);
  }

  const { released, mark } = guard.send(half(GOOD, 0));
  assert.equal(mark, MARK.DENY);
  assert.equal(released.length, 49);
});

Deno.test("WatchedDatagrams forgets the oldest flow where one too many is opened", () => {
  const guard = new Guard();
  const whole = seal(GOOD);
  guard.send(half(GOOD, 0), { source: 1 });
  for (let source = 2; source <= 4_098; source++) guard.send(whole, { source });

  assert.equal(guard.flows.size, 4_096);
  assert.deepEqual(guard.expire(1).map(({ released }) => released), [[1]]);
  assert.deepEqual(guard.send(DATA, { source: 2 }), DENY);
});

/** Early data wait for their hello; without a mark, all else is refused. */
function unmarked(payload: Uint8Array) {
  return payload === EARLY ? HOLD : DENY;
}

function helloFor(name: string): Uint8Array {
  return makeHello({ extensions: [serverName(name)] });
}

function seal(hello: Uint8Array, destination = DESTINATION): Uint8Array {
  return sealDatagram({ frames: cryptoFrame(0, hello), destination });
}

/** The first or the second part of a hello. */
function half(hello: Uint8Array, part: 0 | 1, destination = DESTINATION) {
  const at = part * 60;
  const frames = cryptoFrame(at, hello.subarray(at, part ? undefined : 60));
  return sealDatagram({ frames, destination, number: part });
}

/** The client's acknowledgement of the server's Initial packet. */
function ack(): Uint8Array {
  return sealDatagram({
    frames: hex("02 00 00 00 00"),
    destination: CHOSEN,
    keysOf: DESTINATION,
  });
}
