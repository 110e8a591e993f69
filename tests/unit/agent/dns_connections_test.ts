import assert from "node:assert/strict";
import type { Attribution } from "../../../agent/attribution.ts";
import { addressKey } from "../../../agent/decide/address_key.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import { TunnelGuard } from "../../../agent/decide/tunnel_guard.ts";
import { HOOK } from "../../../agent/decode/nfqueue.ts";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import { DnsConnections } from "../../../agent/dns_connections.ts";
import { MARK } from "../../../agent/enforce/marks.ts";
import { LentLookups } from "../../../agent/lent_lookups.ts";
import { BY_NOBODY } from "../../../agent/record/done.ts";
import { NOBODY } from "../../../agent/scopes.ts";
import type { Outcome, Seen } from "../../../agent/outcome.ts";
import { NF } from "../../../ffi/netfilter_queue.ts";
import { hex } from "../../hex.ts";
import { policyOf } from "../decide/policies.ts";
import { decoded, queued } from "./clients.ts";

const { SYN, ACK, RST } = TCP_FLAG;
const DNS_MARK = 0x5000_0000;
const ALLOW_MARK = 0x4000_0000;
const CLIENT = 1_000;
const SERVER = 7_000;
const ADDRESS = addressKey(hex("cb00710a"));

const ASK_A = framed("1234 0100 0001 0000 0000 0000 0161 00 0001 0001");
const ASK_HTTPS = framed("1235 0100 0001 0000 0000 0000 0161 00 0041 0001");
const ASK_OTHER = framed("1236 0100 0001 0000 0000 0000 0162 00 0001 0001");
const TELL_A = framed(`
  1234 8180 0001 0001 0000 0000 0161 00 0001 0001
  c00c 0001 0001 0000003c 0004 cb00710a
`);
const TELL_ECH = framed(`
  1235 8180 0001 0001 0000 0000 0161 00 0041 0001
  c00c 0041 0001 0000003c 000b  0001 00 0005 0004 fe0d 0000
`);

function framed(message: string): Uint8Array {
  const bytes = hex(message);
  return new Uint8Array([0, bytes.length, ...bytes]);
}

/** A connection that the server has taken, and who speaks in it. */
class Talk {
  readonly names = new NameTable();
  readonly connections: DnsConnections;
  #asked = CLIENT + 1;
  #told = SERVER + 1;

  constructor(egress: "audit" | "block" = "block") {
    const policy = compilePolicy(policyOf({ egress, allow: ["a"] }));
    const attribution = {
      find: () => null,
      senderOf: () => NOBODY,
      describe: () => BY_NOBODY,
    };
    this.connections = new DnsConnections({
      policy,
      names: this.names,
      resolvers: new Set(["198.51.100.53"]),
      attribution: attribution as unknown as Attribution,
      tunnels: new TunnelGuard(policy),
      lent: new LentLookups(),
      probeName: "probe.invalid",
      dnsMark: DNS_MARK,
      allowMark: ALLOW_MARK,
    });
    const syn = seen(true, { sequence: CLIENT, flags: SYN });
    assert.equal(this.connections.open(syn).mark, DNS_MARK);
    this.#judge(seen(false, {
      ...{ sequence: SERVER, flags: SYN | ACK, ack: CLIENT + 1 },
    }));
  }

  ask(payload: Uint8Array): Outcome {
    const sequence = this.#asked;
    this.#asked += payload.length;
    return this.#judge(seen(true, { sequence, payload, ack: this.#told }));
  }

  /** What the server says next, or says again from `back` bytes before. */
  tell(payload: Uint8Array, back = 0): Seen & { readonly outcome: Outcome } {
    const sequence = this.#told - back;
    this.#told = Math.max(this.#told, sequence + payload.length);
    const packet = seen(false, { sequence, payload, ack: this.#asked });
    return { ...packet, outcome: this.#judge(packet) };
  }

  #judge(packet: Seen): Outcome {
    const outcome = this.connections.judge(packet);
    assert.ok(outcome !== null);
    return outcome;
  }
}

interface Part {
  readonly sequence: number;
  readonly flags?: number;
  readonly ack?: number;
  readonly payload?: Uint8Array;
}

function seen(isClient: boolean, part: Part): Seen {
  const { sequence, flags = ACK, ack = 0, payload = hex("") } = part;
  const ends = ["c000020a", "c6336435"];
  const ports = ["9c40", "0035"];
  const order = isClient ? [0, 1] : [1, 0];
  const bytes = new Uint8Array([
    ...hex("45000000 00004000 40060000"),
    ...order.flatMap((at) => [...hex(ends[at]!)]),
    ...order.flatMap((at) => [...hex(ports[at]!)]),
    ...hex("00000000 00000000 50000fff 00000000"),
    ...payload,
  ]);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, bytes.length);
  view.setUint32(24, sequence);
  view.setUint32(28, ack);
  view.setUint8(33, flags);
  const hook = isClient ? HOOK.LOCAL_OUT : HOOK.LOCAL_IN;
  const packet = queued(decoded(bytes), { id: 1, nowMs: 0, hook });
  return { ...packet, queued: { ...packet.queued, payload: bytes } };
}

Deno.test("DnsConnections learns from an answer before it goes on", () => {
  const talk = new Talk();
  assert.equal(talk.ask(ASK_A).mark, DNS_MARK);
  const { outcome } = talk.tell(TELL_A);
  assert.equal(outcome.mark, MARK.PASS);
  assert.equal(outcome.asRead, undefined);
  assert.deepEqual(talk.names.namesOf(ADDRESS, 0), ["a"]);
  const [event] = outcome.events!();
  assert.ok(event?.kind === "dns");
  assert.deepEqual(event.answers, ["203.0.113.10"]);
});

Deno.test("DnsConnections loses the beginning of a question until its end is there", () => {
  const talk = new Talk();
  assert.equal(talk.ask(ASK_A.subarray(0, 9)).verdict, NF.DROP);
  const late = talk.connections.expire(5_000);
  assert.ok(late.some(({ mark }) => mark === MARK.DENY));
});

Deno.test("DnsConnections refuses a connection with the first name that is not allowed", () => {
  const talk = new Talk();
  assert.equal(talk.ask(ASK_OTHER).mark, MARK.DENY);
  assert.equal(talk.ask(ASK_A).mark, MARK.DENY);
  assert.equal(talk.tell(TELL_A).outcome.verdict, NF.DROP);
  assert.deepEqual(talk.names.namesOf(ADDRESS, 0), []);
});

Deno.test("DnsConnections hides ECH, also when it comes again", () => {
  const talk = new Talk();
  talk.ask(ASK_HTTPS);
  for (const back of [0, TELL_ECH.length]) {
    const told = talk.tell(TELL_ECH.slice(), back);
    assert.equal(told.outcome.mark, MARK.PASS);
    assert.equal(told.outcome.asRead, true);
    const { payload } = decoded(told.queued.payload);
    assert.equal(payload.length, TELL_ECH.length);
    assert.ok(payload.subarray(-11).every((byte) => byte === 0));
    assert.deepEqual(payload.slice(-21, -19), hex("ff00"));
  }
});

Deno.test("DnsConnections resets a client that has part of a record with ECH", () => {
  const talk = new Talk();
  talk.ask(ASK_HTTPS);
  talk.tell(TELL_ECH.subarray(0, -5));
  const told = talk.tell(TELL_ECH.subarray(-5));
  assert.equal(told.outcome.mark, MARK.PASS);
  assert.equal(told.outcome.asRead, true);
  const reset = decoded(told.queued.payload);
  assert.equal(reset.tcpFlags & RST, RST);
  assert.equal(reset.tcpSequence, SERVER + 1 + TELL_ECH.length - 5);
  assert.ok(reset.payload.every((byte) => byte === 0));
  const again = talk.tell(TELL_ECH.slice(), TELL_ECH.length);
  assert.equal(again.outcome.verdict, NF.DROP);
});

Deno.test("DnsConnections changes nothing in audit", () => {
  const talk = new Talk("audit");
  talk.ask(ASK_HTTPS);
  const told = talk.tell(TELL_ECH.slice());
  assert.equal(told.outcome.asRead, undefined);
  assert.deepEqual(told.packet.payload, TELL_ECH);
});

Deno.test("DnsConnections knows nothing of a connection that it has not seen begin", () => {
  const { connections } = new Talk();
  const packet = seen(true, { sequence: 1, payload: ASK_A });
  const other = { ...packet, packet: { ...packet.packet, sourcePort: 1 } };
  assert.equal(connections.judge(other), null);
  assert.equal(connections.refuse(other).mark, MARK.DENY);
});
