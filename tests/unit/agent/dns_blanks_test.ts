import assert from "node:assert/strict";
import { echRecords } from "../../../agent/decide/ech.ts";
import { decodeDns } from "../../../agent/decode/dns.ts";
import { decodePacket, type Packet } from "../../../agent/decode/packet.ts";
import { DnsBlanks } from "../../../agent/dns_blanks.ts";
import { hex } from "../../hex.ts";

/** An HTTPS record of `a.` with ECH, and an address behind it. */
const ANSWER = hex(`
  1234 8180 0001 0002 0000 0000  0161 00 0041 0001
  c00c 0041 0001 0000003c 000b  0001 00 0005 0004 fe0d 0000
  c00c 0001 0001 0000003c 0004  cb00710a
`);
const RECORD_AT = 19 + 2;
const RECORD_BYTES = 10 + 11;
const SEQUENCE = 0xffff_fff0;

/** A segment of a server, with a wrong checksum. */
function segment(sequence: number, payload: Uint8Array) {
  const bytes = new Uint8Array([
    ...hex("45000000 00004000 40060000 c6336435 c000020a"),
    ...hex("00359c40 00000000 00000009 50180fff dead0000"),
    ...payload,
  ]);
  new DataView(bytes.buffer).setUint16(2, bytes.length);
  new DataView(bytes.buffer).setUint32(24, sequence);
  const decoded = decodePacket(bytes);
  assert.ok(decoded.ok);
  return { bytes, packet: decoded.value };
}

function blank(blanks: DnsBlanks, packet: Packet, at = 0): boolean {
  const decoded = decodeDns(packet.payload.subarray(at));
  assert.ok(decoded.ok);
  const records = echRecords(decoded.value);
  assert.equal(records.length, 1);
  return blanks.add(records[0]!, packet);
}

Deno.test("DnsBlanks leaves no byte of the record, and all others", () => {
  const { packet } = segment(SEQUENCE, ANSWER);
  assert.ok(blank(new DnsBlanks(), packet));
  const expected = ANSWER.slice();
  expected.set(hex("ff00 0001 0000003c 000b"), RECORD_AT);
  expected.fill(0, RECORD_AT + 10, RECORD_AT + RECORD_BYTES);
  assert.deepEqual(packet.payload, expected);
  const decoded = decodeDns(packet.payload);
  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value.answers.map(({ type }) => type), [0xff00, 1]);
});

Deno.test("DnsBlanks changes what comes again, however it is cut", () => {
  const blanks = new DnsBlanks();
  const { packet } = segment(SEQUENCE, ANSWER);
  assert.ok(blank(blanks, packet));
  for (let from = 0; from < ANSWER.length; from++) {
    for (let to = from + 1; to <= ANSWER.length; to++) {
      const again = segment((SEQUENCE + from) >>> 0, ANSWER.slice(from, to));
      const isIn = from < RECORD_AT + RECORD_BYTES && to > RECORD_AT;
      assert.equal(blanks.apply(again.packet), isIn, `${from} to ${to}`);
      assert.deepEqual(again.packet.payload, packet.payload.slice(from, to));
    }
  }
});

Deno.test("DnsBlanks forgets what the client has", () => {
  const blanks = new DnsBlanks();
  assert.ok(blank(blanks, segment(SEQUENCE, ANSWER).packet));
  const end = SEQUENCE + RECORD_AT + RECORD_BYTES;
  blanks.acknowledge((end - 1) >>> 0);
  assert.ok(blanks.apply(segment(SEQUENCE, ANSWER).packet));
  blanks.acknowledge(end >>> 0);
  assert.ok(!blanks.apply(segment(SEQUENCE, ANSWER).packet));
});

Deno.test("DnsBlanks blanks no record that is not all in the packet", () => {
  const { packet } = segment(SEQUENCE, ANSWER.slice(30));
  const decoded = decodeDns(ANSWER);
  assert.ok(decoded.ok);
  const [record] = echRecords(decoded.value);
  assert.ok(!new DnsBlanks().add(record!, packet));
});

Deno.test("DnsBlanks has an end", () => {
  const blanks = new DnsBlanks();
  const at = (count: number) => segment(count * ANSWER.length, ANSWER).packet;
  for (let count = 0; count < 64; count++) assert.ok(blank(blanks, at(count)));
  assert.ok(!blank(blanks, at(64)));
});
