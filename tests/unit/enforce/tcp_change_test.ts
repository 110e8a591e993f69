import assert from "node:assert/strict";
import { decodePacket, type Packet } from "../../../agent/decode/packet.ts";
import { transportChecksum } from "../../../agent/enforce/checksum.ts";
import { makeReset, mendChecksum } from "../../../agent/enforce/tcp_change.ts";
import { hex } from "../../hex.ts";

const ANSWER = hex("deadbeef".repeat(12));
const SEQUENCE = 7_000;

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

function isSound({ bytes, packet }: { bytes: Uint8Array; packet: Packet }) {
  const addresses = new Uint8Array([...packet.source, ...packet.destination]);
  const of = { protocol: 6, segment: bytes.subarray(20) };
  // With its checksum in it, what is whole adds up to nothing.
  return transportChecksum(addresses, of) === 0;
}

for (const length of [0, ANSWER.length, ANSWER.length - 1]) {
  Deno.test(`mendChecksum() makes a segment of ${length} bytes sound`, () => {
    const changed = segment(SEQUENCE, ANSWER.slice(0, length));
    assert.ok(!isSound(changed));
    mendChecksum(changed.bytes, changed.packet);
    assert.ok(isSound(changed));
  });
}

Deno.test("makeReset() keeps nothing of what a segment said", () => {
  const changed = segment(SEQUENCE, ANSWER);
  makeReset(changed.bytes, { packet: changed.packet, sequence: 77 });
  assert.ok(isSound(changed));
  const decoded = decodePacket(changed.bytes);
  assert.ok(decoded.ok);
  assert.equal(decoded.value.tcpFlags, 0x14);
  assert.equal(decoded.value.tcpSequence, 77);
  assert.ok(decoded.value.payload.every((byte) => byte === 0));
});
