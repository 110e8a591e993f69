import assert from "node:assert/strict";
import { decodeDns } from "../../../agent/decode/dns.ts";
import { decodePacket } from "../../../agent/decode/packet.ts";
import { hex } from "../../hex.ts";
import {
  DNS_ANSWER_PACKET,
  DNS_QUERY_PACKET,
  DNS_SRV_ANSWER,
} from "./samples.ts";

const IP_AND_UDP_BYTES = 28;
const ANSWER = hex(DNS_ANSWER_PACKET).subarray(IP_AND_UDP_BYTES);
const SRV_ANSWER = hex(DNS_SRV_ANSWER);

/** A response with these counts and these bytes after the header. */
function messageOf(counts: string, rest: string): Uint8Array {
  return hex(`1234 8180 ${counts} ${rest}`);
}

const OPT = "00 0029 04d0 00000000 0000";
const A_RECORD = "00 0001 0001 0000003c 0004 c0000201";

Deno.test("decodeDns() reads a captured query", () => {
  const packet = decodePacket(hex(DNS_QUERY_PACKET));
  assert.ok(packet.ok);
  assert.deepEqual(decodeDns(packet.value.payload), {
    ok: true,
    value: {
      id: 0x3e47,
      response: false,
      opcode: 0,
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: false,
      reserved: false,
      rcode: 0,
      questions: [{
        name: "cdn.example.org",
        type: 1,
        class: 1,
        bytes: hex("0343444e 076578616d706c65 034f5247 00 0001 0001"),
      }],
      answers: [],
      authorities: [],
      additionals: [],
      edns: {
        udpSize: 1232,
        extendedRcode: 0,
        version: 0,
        dnssecOk: false,
        reservedFlags: 0,
        options: hex("000a 0008 a446be192a7226c2"),
      },
      questionEnd: 33,
      trailingBytes: 0,
    },
  });
});

Deno.test("decodeDns() reads a captured CNAME and the address behind it", () => {
  const decoded = decodeDns(ANSWER);

  assert.ok(decoded.ok);
  assert.equal(decoded.value.response, true);
  assert.equal(decoded.value.authoritative, true);
  assert.equal(decoded.value.recursionAvailable, true);
  assert.deepEqual(decoded.value.answers, [
    {
      name: "cdn.example.org",
      type: 5,
      class: 1,
      ttlSeconds: 0,
      data: hex("0465646765 076578616d706c65 036e6574 00"),
      target: "edge.example.net",
    },
    {
      name: "edge.example.net",
      type: 1,
      class: 1,
      ttlSeconds: 0,
      data: hex("c0000207"),
      target: null,
    },
  ]);
});

Deno.test("decodeDns() reads the target of a captured SRV record", () => {
  const decoded = decodeDns(SRV_ANSWER);

  assert.ok(decoded.ok);
  assert.equal(decoded.value.answers[0]?.name, "_x._tcp.example.org");
  assert.equal(decoded.value.answers[0]?.target, "srv.example.org");
});

for (
  const { name, type, data, target } of [
    { name: "NS", type: "0002", data: "0003 016100", target: "a" },
    { name: "CNAME", type: "0005", data: "0003 016100", target: "a" },
    { name: "PTR", type: "000c", data: "0003 016100", target: "a" },
    { name: "MX", type: "000f", data: "0005 000a 016100", target: "a" },
    { name: "DNAME", type: "0027", data: "0003 016100", target: "a" },
    { name: "TXT", type: "0010", data: "0003 026100", target: null },
    { name: "empty CNAME", type: "0005", data: "0000", target: null },
  ]
) {
  Deno.test(`decodeDns() gives the target of ${name}`, () => {
    const record = `00 ${type} 0001 0000003c ${data}`;
    const decoded = decodeDns(messageOf("0000 0001 0000 0000", record));

    assert.ok(decoded.ok);
    assert.equal(decoded.value.answers[0]?.target, target);
  });
}

Deno.test("decodeDns() follows a pointer in a target", () => {
  const question = "0161 0162 00 0005 0001";
  const answer = "c00c 0005 0001 0000003c 0004 0163 c00e";
  const decoded = decodeDns(
    messageOf("0001 0001 0000 0000", question + answer),
  );

  assert.ok(decoded.ok);
  assert.equal(decoded.value.answers[0]?.target, "c.b");
});

for (
  const { ttl, seconds } of [
    { ttl: "7fffffff", seconds: 0x7fffffff },
    { ttl: "80000000", seconds: 0 },
    { ttl: "ffffffff", seconds: 0 },
  ]
) {
  Deno.test(`decodeDns() reads a TTL of 0x${ttl} as ${seconds} seconds`, () => {
    const record = A_RECORD.replace("0000003c", ttl);
    const decoded = decodeDns(messageOf("0000 0001 0000 0000", record));

    assert.ok(decoded.ok);
    assert.equal(decoded.value.answers[0]?.ttlSeconds, seconds);
  });
}

Deno.test("decodeDns() keeps sections apart and edns out of them", () => {
  const records = [1, 2, 3].map((last) => A_RECORD.replace(/.$/, `${last}`));
  const rest = `${records[0]} ${records[1]} ${OPT} ${records[2]}`;
  const decoded = decodeDns(messageOf("0000 0001 0001 0002", rest));

  assert.ok(decoded.ok);
  const { answers, authorities, additionals, edns } = decoded.value;
  assert.deepEqual(
    [answers, authorities, additionals].map((all) =>
      all.map(({ data }) => data[3])
    ),
    [[1], [2], [3]],
  );
  assert.equal(edns?.udpSize, 1232);
});

Deno.test("decodeDns() reads every part of edns", () => {
  const opt = "00 0029 1000 01028001 0000";
  const decoded = decodeDns(messageOf("0000 0000 0000 0001", opt));

  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value.edns, {
    udpSize: 4096,
    extendedRcode: 1,
    version: 2,
    dnssecOk: true,
    reservedFlags: 1,
    options: new Uint8Array(0),
  });
});

Deno.test("decodeDns() reads every bit of the header", () => {
  const decoded = decodeDns(hex("ffff 2e05 0000 0000 0000 0000"));

  assert.ok(decoded.ok);
  const { value } = decoded;
  assert.equal(value.id, 0xffff);
  assert.equal(value.response, false);
  assert.equal(value.reserved, false);
  assert.equal(value.opcode, 5);
  assert.equal(value.authoritative, true);
  assert.equal(value.truncated, true);
  assert.equal(value.recursionDesired, false);
  assert.equal(value.recursionAvailable, false);
  assert.equal(value.rcode, 5);
});

Deno.test("decodeDns() counts bytes behind the last record", () => {
  const decoded = decodeDns(hex(DNS_SRV_ANSWER + "736563726574"));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.trailingBytes, 6);
});

Deno.test("decodeDns() gives each question its own bytes", () => {
  const decoded = decodeDns(
    messageOf("0002 0000 0000 0000", "0161 00 0001 0001  c00c 001c 0001"),
  );

  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value.questions, [
    { name: "a", type: 1, class: 1, bytes: hex("016100 0001 0001") },
    { name: "a", type: 28, class: 1, bytes: hex("c00c 001c 0001") },
  ]);
  assert.equal(decoded.value.questionEnd, 25);
});
