import assert from "node:assert/strict";
import { addressKey } from "../../../agent/decide/address_key.ts";
import { decideFlow } from "../../../agent/decide/flow.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import { HOOK } from "../../../agent/decode/nfqueue.ts";
import type { Packet } from "../../../agent/decode/packet.ts";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import { MARK } from "../../../agent/enforce/marks.ts";
import type { Outcome, Seen } from "../../../agent/outcome.ts";
import { RecentFlows } from "../../../agent/record/recent.ts";
import { WatchedFlows } from "../../../agent/watched_flows.ts";
import { NOBODY, policyOf, type PolicyTexts } from "../decide/policies.ts";
import { hex } from "../../hex.ts";
import { makeHello, makeRecords, serverName } from "../decode/hellos.ts";
import { eventOf, queued, QUEUED_MARK, TcpClient } from "./clients.ts";

const ACCEPT = 1;
const SAY_MS = 5_000;
const SILENT_MS = 10_000;
const MAX_FLOWS = 8_192;
const MAX_HELD_PER_FLOW = 48;
const MAX_HELD = 2_048;

const GOOD = helloFor("a.example");
const EVIL = helloFor("evil.example");
/** What a client says when the server has answered its hello. */
const FINISHED = hex("1403030001 01 1703030004 00000000");
const REQUEST =
  "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\n";
const WEB: PolicyTexts = { allow: ["a.example:80"] };
const SSH: PolicyTexts = { allow: ["a.example:22"] };
const { SYN, ACK } = TCP_FLAG;
const PASS = { verdict: ACCEPT, mark: MARK.PASS, released: [] };
const ALLOW_MARK = 0x7000_0000;
const ALLOW = { verdict: ACCEPT, mark: ALLOW_MARK, released: [] };
const DENY = { verdict: ACCEPT, mark: MARK.DENY, released: [] };
const HOLD = { verdict: null, mark: 0, released: [] };
const DROP = { verdict: 0, mark: 0, released: [] };

/** What one packet came to. */
type Answer = Omit<Outcome, "events" | "released" | "asRead"> & {
  /** Ids. */
  readonly released: readonly number[];
};

/** The packet thread around the flows: judges, opens, and writes events. */
class Guard {
  readonly #world = {
    names: new NameTable(),
    said: new RecentFlows(),
    allowMark: ALLOW_MARK,
    acknowledged: ({ packet }: Seen) => this.acknowledged(packet),
    hearsAnswers: true,
  };
  readonly #policy;
  readonly flows: WatchedFlows;
  /** Ids count from 1 in the order of the packets. */
  #id = 0;
  nowMs = 0;
  /** Whose packets are sent. */
  uid = 1001;
  /** Where they are seen. */
  hook: number = HOOK.LOCAL_OUT;
  /** Whether the last packet was answered with its bytes. */
  asRead = false;
  /** Up to where the server has what is sent: the packet, too. */
  acknowledged = ({ tcpSequence, payload }: Packet): number | null =>
    tcpSequence + payload.length;
  /** Of each event `why sni`, with ` audit` when it was not carried out. */
  readonly said: string[] = [];

  constructor(texts: PolicyTexts = { allow: ["a.example"] }) {
    this.#policy = compilePolicy(policyOf(texts));
    const address = addressKey(Uint8Array.of(198, 51, 100, 1));
    this.#world.names.pin("a.example", address);
    this.flows = new WatchedFlows({ ...this.#world, policy: this.#policy });
  }

  /** Judges packets one after the other; the last answer. */
  send(...packets: readonly Packet[]): Answer {
    const answers = packets.map((packet) => this.#judge(packet));
    return answers.at(-1)!;
  }

  /** What the server of a container's flow says. */
  hear(
    client: Packet,
    { flags, heard }: { readonly flags: number; readonly heard: number },
  ): void {
    const { protocol, sourcePort, destinationPort: port } = client;
    const answer = { ...client, tcpFlags: flags, tcpAcknowledgment: heard };
    this.flows.hear(`${protocol} ${sourcePort} ${port}`, answer);
  }

  /** Lets time pass to `nowMs`. */
  expire(nowMs: number): Answer[] {
    this.nowMs = Math.min(nowMs, 1e9);
    return this.flows.expire(nowMs).map((outcome) => this.#write(outcome));
  }

  /** Judges a packet by what is known of its flow; null when nothing is. */
  judgeKnown(packet: Packet): Answer | null {
    const judged = this.flows.judge(keyOf(packet), this.#see(packet));
    return judged === null ? null : this.#write(judged);
  }

  #see(packet: Packet): Seen {
    const { nowMs, uid, hook } = this;
    return queued(packet, { id: ++this.#id, nowMs, uid, hook });
  }

  #judge(packet: Packet): Answer {
    const { nowMs } = this;
    const seen = this.#see(packet);
    const key = keyOf(packet);
    const judged = this.flows.judge(key, seen);
    if (judged !== null) return this.#write(judged);
    const { protocol, destination, destinationPort: port } = packet;
    const flow = { protocol, destination, port, sender: NOBODY };
    const world = { ...this.#world, policy: this.#policy, nowMs };
    return this.#write(this.flows.open({
      key,
      flow,
      first: decideFlow(flow, world),
      describe: ({ decision, sni }) => eventOf(decision, sni),
    }, seen));
  }

  #write({ events, released, ...answer }: Outcome): Answer {
    const { asRead = false, ...shown } = answer;
    this.asRead = asRead;
    for (const event of events?.() ?? []) {
      assert.equal(event.kind, "connection");
      const { why, sni, enforced } = event;
      this.said.push(`${why} ${sni}${enforced ? "" : " audit"}`);
    }
    for (const { mark } of released) assert.equal(mark, QUEUED_MARK);
    // The mark of what waited, where there is any.
    for (const { give } of released) shown.mark = give;
    return { ...shown, released: released.map(({ id }) => id) };
  }
}

function keyOf({ protocol, sourcePort, destinationPort }: Packet): string {
  return `${protocol} ${sourcePort} ${destinationPort}`;
}

Deno.test("WatchedFlows lets a hello pass, and the flow go when it is answered", () => {
  const guard = new Guard();
  const client = new TcpClient();

  assert.deepEqual(guard.send(client.syn()), PASS);
  assert.deepEqual(guard.send(client.say()), PASS);
  assert.deepEqual(guard.said, []);
  assert.deepEqual(guard.send(client.say(GOOD)), PASS);
  assert.deepEqual(guard.said, ["allowed_name a.example"]);
  assert.deepEqual(guard.send(client.hear(1200).say()), PASS);
  assert.deepEqual(guard.send(client.say(FINISHED)), ALLOW);
  assert.deepEqual(guard.said, ["allowed_name a.example"]);
});

Deno.test("WatchedFlows lets a SYN pass that says the name", () => {
  const guard = new Guard();

  assert.deepEqual(guard.send(new TcpClient().syn(GOOD)), PASS);
  assert.deepEqual(guard.said, ["allowed_name a.example"]);
});

Deno.test("WatchedFlows lets a request pass, and asks for the next one's host too", () => {
  const guard = new Guard(WEB);
  const client = new TcpClient({ destination: 80 });
  guard.send(client.syn(), client.say());

  assert.deepEqual(guard.send(client.say(REQUEST)), PASS);
  assert.deepEqual(guard.send(client.say("body")), PASS);
  assert.deepEqual(guard.send(client.say(REQUEST)), PASS);
  assert.deepEqual(guard.said, ["allowed_name a.example"]);
  const other = REQUEST.replace("a.", "b.");
  assert.deepEqual(guard.send(client.say("body" + other)), DENY);
  assert.deepEqual(guard.said, [
    "allowed_name a.example",
    "host_not_allowed b.example",
  ]);
});

Deno.test("WatchedFlows judges every request of a packet", () => {
  const guard = new Guard(WEB);
  const client = new TcpClient({ destination: 80 });
  const get = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
  guard.send(client.syn(), client.say());

  assert.deepEqual(guard.send(client.say(get + get)), PASS);
  const between = get + get.replace("a.", "b.") + get;
  assert.deepEqual(guard.send(client.say(between)), DENY);
  assert.deepEqual(guard.said, [
    "allowed_name a.example",
    "host_not_allowed b.example",
  ]);
});

Deno.test("WatchedFlows holds a later head until it is whole", () => {
  const guard = new Guard(WEB);
  const client = new TcpClient({ destination: 80 });
  guard.send(client.syn(), client.say());
  guard.send(client.say(REQUEST));

  const next = "body" + REQUEST;
  assert.deepEqual(guard.send(client.say(next.slice(0, 30))), HOLD);
  assert.deepEqual(guard.send(client.say()), PASS);
  assert.deepEqual(guard.send(client.say(next.slice(30))), {
    ...PASS,
    released: [4],
  });
});

Deno.test("WatchedFlows refuses a request that is sent again with another host", () => {
  const guard = new Guard(WEB);
  guard.acknowledged = () => null;
  const client = new TcpClient({ destination: 80 });
  guard.send(client.syn(), client.say());
  const again = client.segment(REQUEST.replace("a.", "b."));

  assert.deepEqual(guard.send(client.say(REQUEST)), PASS);
  assert.deepEqual(guard.send(again), DENY);
});

Deno.test("WatchedFlows drops what comes in front of what is missing", () => {
  const guard = new Guard(WEB);
  const client = new TcpClient({ destination: 80 });
  guard.send(client.syn(), client.say(), client.say(REQUEST));
  const ahead = client.segment("dy", { ahead: 2 });

  const dropped = { verdict: 0, mark: 0, released: [] };
  assert.deepEqual(guard.send(ahead), dropped);
  assert.deepEqual(guard.send(client.say("bo")), PASS);
  assert.deepEqual(guard.send(client.say("dy")), PASS);
});

Deno.test("WatchedFlows lets no flow go before the server has what was read", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.acknowledged = () => null;
  guard.send(client.syn(), client.say(), client.say(GOOD));

  assert.deepEqual(guard.send(client.hear(1200).say(FINISHED)), PASS);
  const end = client.say().tcpSequence;
  guard.acknowledged = () => end - 1;
  assert.deepEqual(guard.send(client.say("more")), PASS);
  guard.acknowledged = () => end;
  assert.deepEqual(guard.send(client.say("more")), ALLOW);
});

Deno.test("WatchedFlows lets what was read go, and not the packet", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say());
  assert.equal(guard.asRead, false);
  guard.send(client.say(GOOD));
  assert.equal(guard.asRead, true);
});

Deno.test("WatchedFlows refuses a flow that says another name, and says so once", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say());
  const hello = client.segment(EVIL);

  assert.deepEqual(guard.send(hello), DENY);
  assert.deepEqual(guard.send(hello), DENY);
  assert.deepEqual(guard.said, ["sni_not_allowed evil.example"]);
});

Deno.test("WatchedFlows refuses a flow whose second hello says another name", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say(), client.say(GOOD));
  client.hear(100);

  assert.deepEqual(guard.send(client.say(EVIL.subarray(0, 50))), HOLD);
  // An answer to the server must not bring out what waits.
  assert.deepEqual(guard.send(client.say()), HOLD);
  assert.deepEqual(guard.send(client.say(EVIL.subarray(50))), {
    ...DENY,
    released: [4, 5],
  });
  assert.deepEqual(guard.said, [
    "allowed_name a.example",
    "sni_not_allowed evil.example",
  ]);
});

Deno.test("WatchedFlows lets a flow pass on in audit, and says what it said", () => {
  const guard = new Guard({ egress: "audit", allow: ["a.example"] });
  const client = new TcpClient();
  guard.send(client.syn(), client.say());

  assert.deepEqual(guard.send(client.say(EVIL)), PASS);
  assert.deepEqual(guard.send(client.hear(9).say(FINISHED)), ALLOW);
  assert.deepEqual(guard.said, ["sni_not_allowed evil.example audit"]);
});

Deno.test("WatchedFlows holds the pieces of a hello and releases them together", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say());

  assert.deepEqual(guard.send(client.say(GOOD.subarray(0, 20))), HOLD);
  // An acknowledgement between them does not wait.
  assert.deepEqual(guard.send(client.say()), PASS);
  assert.deepEqual(guard.send(client.say(GOOD.subarray(20, 60))), HOLD);
  assert.deepEqual(guard.said, []);
  assert.deepEqual(guard.send(client.say(GOOD.subarray(60))), {
    ...PASS,
    released: [3, 5],
  });
});

Deno.test("WatchedFlows refuses the pieces of another name together", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say(EVIL.subarray(0, 40)));

  assert.deepEqual(guard.send(client.say(EVIL.subarray(40))), {
    ...DENY,
    released: [2],
  });
});

Deno.test("WatchedFlows holds pieces that come out of order, or again", () => {
  const guard = new Guard();
  const client = new TcpClient();
  const rest = client.segment(GOOD.subarray(20), { ahead: 21 });
  const syn = client.syn();

  assert.deepEqual(guard.send(syn, syn), PASS);
  assert.deepEqual(guard.send(rest, rest), HOLD);
  assert.deepEqual(guard.send(client.say(GOOD.subarray(0, 20))), {
    ...PASS,
    released: [3, 4],
  });
});

Deno.test("WatchedFlows lets a flow of SSH go by its address", () => {
  const guard = new Guard({ allow: ["a.example:22"] });
  const client = new TcpClient({ destination: 22 });
  guard.send(client.syn(), client.say());

  assert.deepEqual(guard.send(client.say("SSH-2.0-x\r\n")), ALLOW);
  assert.deepEqual(guard.said, ["allowed_name null"]);
});

for (const egress of ["block", "audit"] as const) {
  Deno.test(`WatchedFlows lets go what was in the queue behind the name, in ${egress}`, () => {
    const guard = new Guard({ ...SSH, egress });
    const client = new TcpClient({ destination: 22 });
    guard.send(client.syn(), client.say(), client.say("SSH-2.0-x\r\n"));

    assert.deepEqual(guard.send(client.say("more")), ALLOW);
    assert.deepEqual(guard.send(client.fin()), ALLOW);
    assert.equal(guard.said.length, 1);
  });
}

Deno.test("WatchedFlows asks a new connection between the same ends for its name", () => {
  const guard = new Guard(WEB);
  const before = new TcpClient({ destination: 80 });
  guard.send(before.syn(), before.say(REQUEST), before.rst());
  const client = new TcpClient({ destination: 80, isn: 77_000 });

  assert.deepEqual(guard.send(client.syn()), PASS);
  const request = REQUEST.replace("a.", "b.");
  assert.deepEqual(guard.send(client.say(request)), DENY);
  assert.deepEqual(guard.said, [
    "allowed_name a.example",
    "host_not_allowed b.example",
  ]);
});

Deno.test("WatchedFlows begins anew with a new SYN of a socket that left the old", () => {
  const guard = new Guard();
  const before = new TcpClient();
  guard.send(before.syn(), before.say(), before.say(GOOD.subarray(0, 40)));
  const client = new TcpClient({ isn: 77_000 });

  assert.deepEqual(guard.send(client.syn()), PASS);
  assert.deepEqual(guard.expire(1), [
    { ...DENY, verdict: null, released: [3] },
  ]);
  assert.deepEqual(guard.send(client.say(), client.say(GOOD)), PASS);
  assert.deepEqual(guard.said, ["allowed_name a.example"]);
});

Deno.test("WatchedFlows begins anew for a container when its server says so", () => {
  const guard = new Guard();
  guard.hook = HOOK.FORWARD;
  const before = new TcpClient();
  const first = before.syn();
  guard.send(first, before.say(), before.say(GOOD));
  const client = new TcpClient({ isn: 77_000 });
  const syn = client.syn();

  assert.deepEqual(guard.send(syn, syn), PASS);
  // The server stays with the old one, and so does the guard.
  assert.deepEqual(guard.send(before.say()), PASS);
  guard.hear(first, { flags: SYN | ACK, heard: 1_001 });
  assert.deepEqual(guard.send(before.say()), PASS);
  guard.hear(first, { flags: SYN | ACK, heard: 77_001 });
  assert.deepEqual(guard.send(client.say(EVIL)), DENY);
});

Deno.test("WatchedFlows reads on where a container only pretends to begin anew", () => {
  const guard = new Guard(WEB);
  guard.hook = HOOK.FORWARD;
  const client = new TcpClient({ destination: 80 });
  const syn = client.syn();
  guard.send(syn);
  guard.hear(syn, { flags: SYN | ACK, heard: 1_001 });
  guard.send(client.say(), client.say(REQUEST));
  // Its first byte would be the body's second.
  const isn = client.say().tcpSequence;
  guard.send(new TcpClient({ destination: 80, isn }).syn());
  guard.hear(client.say(), { flags: ACK, heard: isn });

  assert.deepEqual(guard.send(client.say("body")), PASS);
  const other = REQUEST.replace("a.", "b.");
  assert.deepEqual(guard.send(client.say(other)), DENY);
});

Deno.test("WatchedFlows lets a container say nothing before its server has taken the connection", () => {
  const guard = new Guard();
  guard.hook = HOOK.FORWARD;
  const client = new TcpClient();
  const syn = client.syn();
  const hello = client.say(GOOD);

  assert.deepEqual(guard.send(syn, hello), DROP);
  // The server is in a connection that begins elsewhere.
  guard.hear(syn, { flags: ACK, heard: 5_000 });
  assert.deepEqual(guard.send(hello), DROP);
  guard.hear(syn, { flags: SYN | ACK, heard: 5_000 });
  assert.deepEqual(guard.send(hello), DROP);
  guard.hear(syn, { flags: SYN | ACK, heard: 1_001 });
  assert.deepEqual(guard.send(hello), PASS);
  guard.hear(syn, { flags: SYN | ACK, heard: 9_000 });
  assert.deepEqual(guard.send(hello), DROP);
});

Deno.test("WatchedFlows lets what it cannot be sure of go in audit", () => {
  const guard = new Guard({ egress: "audit", allow: ["a.example"] });
  guard.hook = HOOK.FORWARD;
  const client = new TcpClient();
  assert.deepEqual(guard.send(client.syn(), client.say(GOOD)), PASS);
});

Deno.test("WatchedFlows takes no beginning inside a stream for another stream", () => {
  // The stream's first byte is 1001, and behind its last are two more places.
  const end = 1_001 + REQUEST.length;
  for (
    const [isn, answer] of [
      [998, PASS],
      [1_001, DROP],
      [end - 1, DROP],
      [end, DROP],
      [end + 1, PASS],
    ] as const
  ) {
    const guard = new Guard(WEB);
    guard.acknowledged = () => null;
    const client = new TcpClient({ destination: 80 });
    guard.send(client.syn(), client.say(), client.say(REQUEST));
    const other = new TcpClient({ destination: 80, isn });
    assert.deepEqual(guard.send(other.syn()), answer, `${isn}`);
  }
});

Deno.test("WatchedFlows lets no container begin with data in place of another", () => {
  const guard = new Guard();
  guard.hook = HOOK.FORWARD;
  const before = new TcpClient();
  guard.send(before.syn(), before.say(), before.say(GOOD));

  const client = new TcpClient({ isn: 77_000 });
  assert.deepEqual(guard.send(client.syn(GOOD)), DROP);
});

Deno.test("WatchedFlows believes the server of a container, and not the container", () => {
  const guard = new Guard(SSH);
  guard.hook = HOOK.FORWARD;
  const client = new TcpClient({ destination: 22 });
  const syn = client.syn();
  guard.send(syn);
  guard.hear(syn, { flags: SYN | ACK, heard: 1_001 });

  assert.deepEqual(guard.send(client.hear(9).say("SSH-2.0-x\r\n")), PASS);
  assert.deepEqual(guard.send(client.hear(9).say("more")), PASS);
  guard.hear(syn, { flags: ACK, heard: 1_001 + 11 });
  assert.deepEqual(guard.send(client.say("more")), ALLOW);
});

Deno.test("WatchedFlows lets a request be sent again behind its client's end", () => {
  const guard = new Guard(WEB);
  guard.acknowledged = () => null;
  const client = new TcpClient({ destination: 80 });
  guard.send(client.syn(), client.say());
  const last = client.fin(REQUEST + "body");

  assert.deepEqual(guard.send(last), PASS);
  assert.deepEqual(guard.send(last), PASS);
  guard.expire(60_001);
  assert.equal(guard.flows.size, 0);
});

Deno.test("WatchedFlows forgets after five seconds that a flow was let go", () => {
  const guard = new Guard(SSH);
  const client = new TcpClient({ destination: 22 });
  guard.send(client.syn(), client.say("SSH-2.0-x\r\n"));

  guard.expire(SAY_MS);
  assert.equal(guard.flows.size, 1);
  guard.expire(SAY_MS + 1);
  assert.equal(guard.flows.size, 0);
  assert.deepEqual(guard.send(client.say("more")), DENY);
});

Deno.test("WatchedFlows refuses data of a flow whose beginning it has not seen", () => {
  const guard = new Guard();

  assert.deepEqual(guard.send(new TcpClient().say(GOOD)), DENY);
  assert.deepEqual(guard.said, ["name_unreadable null"]);
});

for (const end of ["fin", "rst"] as const) {
  Deno.test(`WatchedFlows writes a silent client that leaves by ${end} once`, () => {
    const guard = new Guard();
    const client = new TcpClient();
    guard.send(client.syn(), client.say());

    assert.deepEqual(guard.send(client[end]()), PASS);
    assert.equal(guard.flows.size, 0);
    assert.deepEqual(guard.said, ["allowed_name null"]);
  });

  Deno.test(`WatchedFlows lets what follows a silent client's ${end} pass unwritten`, () => {
    const guard = new Guard();
    const client = new TcpClient();
    guard.send(client.syn(), client.say());
    const last = client[end]();
    guard.send(last);

    // The answer to the server's own end, and the client's end once more.
    assert.deepEqual(guard.send(client.say()), PASS);
    assert.deepEqual(guard.send(last), PASS);
    assert.equal(guard.flows.size, 0);
    assert.deepEqual(guard.said, ["allowed_name null"]);
  });
}

Deno.test("WatchedFlows knows the rest of what a silent client has closed", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say(), client.fin());

  // Nobody holds the socket any more: whoever were asked for would be unknown.
  assert.deepEqual(guard.judgeKnown(client.say()), PASS);
  assert.equal(guard.judgeKnown(client.say(GOOD)), null);
  guard.expire(61_000);
  assert.equal(guard.judgeKnown(client.say()), null);
});

Deno.test("WatchedFlows refuses a client that says a name behind its end", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say(), client.fin());

  assert.deepEqual(guard.send(client.say(GOOD)), DENY);
});

Deno.test("WatchedFlows refuses a hello that its client's end cuts off", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say(GOOD.subarray(0, 40)));

  assert.deepEqual(guard.send(client.fin()), { ...DENY, released: [2] });
  assert.deepEqual(guard.said, ["name_unreadable null"]);
});

Deno.test("WatchedFlows keeps the pieces of a client that was reset until their time is over", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say(GOOD.subarray(0, 40)));

  assert.deepEqual(guard.send(client.rst()), PASS);
  assert.deepEqual(guard.expire(SAY_MS + 1), [
    { ...DENY, verdict: null, released: [2] },
  ]);
});

Deno.test("WatchedFlows refuses a client that stops in the middle for five seconds", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.nowMs = 100;
  guard.send(client.syn(), client.say(GOOD.subarray(0, 40)));
  guard.nowMs = 4_000;
  guard.send(client.say(GOOD.subarray(40, 50)));

  // Dropped: what is sent again is refused as what has no beginning.
  guard.expire(100 + SAY_MS);
  assert.equal(guard.flows.size, 1);
  assert.deepEqual(guard.expire(101 + SAY_MS), [
    { ...DENY, verdict: null, released: [] },
  ]);
  assert.equal(guard.flows.size, 0);
  assert.deepEqual(guard.said, ["name_unreadable null"]);
});

Deno.test("WatchedFlows drops what waits early, so that the client sends the rest", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say(GOOD.subarray(0, 40)));

  assert.deepEqual(guard.expire(20), []);
  assert.equal(guard.expire(21).length, 1);
  assert.deepEqual(guard.expire(42), []);
  guard.send(client.say(GOOD.subarray(40)));
  assert.deepEqual(guard.said, ["allowed_name a.example"]);
});

Deno.test("WatchedFlows lets a client that stops in the middle go in audit", () => {
  const guard = new Guard({ egress: "audit", allow: ["a.example"] });
  const client = new TcpClient();
  guard.send(client.syn(), client.say(GOOD.subarray(0, 40)));

  assert.deepEqual(guard.expire(SAY_MS + 1), [
    { ...ALLOW, verdict: null, released: [2] },
  ]);
  assert.deepEqual(guard.said, ["name_unreadable null audit"]);
});

Deno.test("WatchedFlows writes a silent client after ten seconds, once", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say());

  assert.deepEqual(guard.expire(SILENT_MS), []);
  assert.deepEqual(guard.said, []);
  assert.deepEqual(guard.expire(SILENT_MS + 1), [HOLD]);
  assert.deepEqual(guard.expire(60_000), []);
  assert.deepEqual(guard.said, ["allowed_name null"]);
});

Deno.test("WatchedFlows asks a client that was silent for its name all the same", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say());
  guard.expire(SILENT_MS + 1);

  assert.deepEqual(guard.send(client.say(EVIL)), DENY);
  assert.deepEqual(guard.said, [
    "allowed_name null",
    "sni_not_allowed evil.example",
  ]);
});

Deno.test("WatchedFlows writes a silent client no more when it leaves", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say());
  guard.expire(SILENT_MS + 1);
  guard.send(client.fin());

  assert.deepEqual(guard.said, ["allowed_name null"]);
});

Deno.test("WatchedFlows answers all that waits when the guard ends", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn(), client.say(GOOD.subarray(0, 40)));
  guard.send(new TcpClient({ source: 40001 }).syn());

  assert.deepEqual(guard.expire(Infinity), [
    { ...DENY, verdict: null, released: [2] },
    HOLD,
  ]);
  assert.deepEqual(guard.said, ["name_unreadable null", "allowed_name null"]);
});

Deno.test("WatchedFlows holds 48 packets of a flow and refuses it with the next", () => {
  const guard = new Guard();
  const client = new TcpClient();
  guard.send(client.syn());
  const piece = client.segment(GOOD.subarray(0, 10));
  for (let count = 0; count < MAX_HELD_PER_FLOW; count++) {
    assert.deepEqual(guard.send(piece), HOLD);
  }

  const { released, ...answer } = guard.send(piece);
  assert.deepEqual(answer, { verdict: null, mark: MARK.DENY });
  assert.deepEqual(
    released,
    Array.from({ length: MAX_HELD_PER_FLOW + 1 }, (_, index) => index + 2),
  );
  assert.deepEqual(guard.said, ["name_unreadable null"]);
});

Deno.test("WatchedFlows gives up the oldest flow of who has most that waits", () => {
  const guard = new Guard();
  const perFlow = 32;
  const honest = new TcpClient({ source: 999 });
  guard.uid = 1002;
  guard.send(honest.syn(), honest.say(GOOD.subarray(0, 10)));
  guard.uid = 1001;
  const given: number[] = [];
  for (let source = 1000; source < 1080; source++) {
    const client = new TcpClient({ source });
    const piece = client.segment(GOOD.subarray(0, 10), { ahead: 1 });
    guard.send(client.syn());
    for (let count = 0; count < perFlow; count++) {
      given.push(...guard.send(piece).released);
    }
  }
  assert.ok(given.length >= 80 * perFlow - MAX_HELD);
  assert.equal(given[0], 4);
  assert.equal(given.length % perFlow, 0);
  assert.ok(guard.said.every((each) => each === "too_many_flows null"));
  guard.uid = 1002;
  assert.deepEqual(guard.send(honest.say(GOOD.subarray(10))), {
    ...PASS,
    released: [2],
  });
});

Deno.test("WatchedFlows forgets the oldest flow where one too many is opened", () => {
  const guard = new Guard();
  const clients = openMany(guard, MAX_FLOWS + 1);

  guard.expire(1);
  assert.equal(guard.flows.size, MAX_FLOWS);
  assert.deepEqual(guard.send(clients[1]!.say(GOOD)), PASS);
  assert.deepEqual(guard.send(clients[0]!.say(GOOD)), DENY);
  assert.equal(guard.said.at(-1), "too_many_flows null");
});

Deno.test("WatchedFlows refuses what it holds of a flow that it has to forget", () => {
  const guard = new Guard();
  const client = new TcpClient({ source: 65_000 });
  guard.send(client.syn(), client.say(GOOD.subarray(0, 40)));
  openMany(guard, MAX_FLOWS - 1);

  const last = new TcpClient({ source: 65_001 }).syn();
  assert.deepEqual(guard.send(last), {
    ...PASS,
    mark: MARK.DENY,
    released: [2],
  });
});

Deno.test("WatchedFlows stays bounded and quick when flows are opened and left", () => {
  const guard = new Guard();
  const startedMs = performance.now();
  openMany(guard, 50_000);

  assert.equal(guard.flows.size, MAX_FLOWS);
  assert.ok(performance.now() - startedMs < 5_000);
});

Deno.test("WatchedFlows stays bounded when flows are let go", () => {
  const guard = new Guard(SSH);
  for (let source = 1000; source < 1010 + MAX_FLOWS; source++) {
    const client = new TcpClient({ source, destination: 22 });
    guard.send(client.syn("SSH-2.0-x\r\n"));
  }

  assert.equal(guard.flows.size, MAX_FLOWS);
});

/** Clients from port 1000 on that have sent their SYN. */
function openMany(guard: Guard, count: number): TcpClient[] {
  return Array.from({ length: count }, (_, index) => {
    const client = new TcpClient({ source: 1000 + index });
    guard.send(client.syn());
    return client;
  });
}

function helloFor(name: string): Uint8Array {
  return makeRecords(makeHello({ extensions: [serverName(name)] }));
}
