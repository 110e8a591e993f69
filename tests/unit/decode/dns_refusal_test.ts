import assert from "node:assert/strict";
import { decodeDns } from "../../../agent/decode/dns.ts";
import { hex } from "../../hex.ts";
import {
  DNS_ANSWER_PACKET,
  DNS_QUERY_PACKET,
  DNS_SRV_ANSWER,
} from "./samples.ts";

const IP_AND_UDP_BYTES = 28;
const QUERY = hex(DNS_QUERY_PACKET).subarray(IP_AND_UDP_BYTES);
const ANSWER = hex(DNS_ANSWER_PACKET).subarray(IP_AND_UDP_BYTES);
const SRV_ANSWER = hex(DNS_SRV_ANSWER);

/** A response with these counts and these bytes after the header. */
function messageOf(counts: string, rest: string): Uint8Array {
  return hex(`1234 8180 ${counts} ${rest}`);
}

const OPT = "00 0029 04d0 00000000 0000";

const REFUSED: readonly { name: string; message: Uint8Array; why: string }[] = [
  { name: "nothing", message: hex(""), why: "dns header is 0 of 12 bytes" },
  {
    name: "a question that is not there",
    message: messageOf("0001 0000 0000 0000", ""),
    why: "dns name stops at byte 12",
  },
  {
    name: "a question without its class",
    message: messageOf("0001 0000 0000 0000", "00 0001"),
    why: "dns question stops at byte 15 of 17",
  },
  {
    name: "a record without its data length",
    message: messageOf("0000 0001 0000 0000", "00 0001 0001 0000003c 00"),
    why: "dns record stops at byte 22",
  },
  {
    name: "data that leave the message",
    message: messageOf("0000 0001 0000 0000", "00 0010 0001 0000003c 0002 01"),
    why: "dns record data is 1 of 2 bytes",
  },
  {
    name: "an A record of three bytes",
    message: messageOf(
      "0000 0001 0000 0000",
      "00 0001 0001 0000003c 0003 c00002",
    ),
    why: "dns record address is 3 of 4 bytes",
  },
  {
    name: "an AAAA record of four bytes",
    message: messageOf(
      "0000 0001 0000 0000",
      "00 001c 0001 0000003c 0004 c0000201",
    ),
    why: "dns record address is 4 of 16 bytes",
  },
  {
    name: "a target that ends before its data",
    message: messageOf(
      "0000 0001 0000 0000",
      "00 0005 0001 0000003c 0002 0000",
    ),
    why: "dns record target ends at byte 24 of 25",
  },
  {
    name: "a target that ends behind its data",
    message: messageOf(
      "0000 0001 0000 0000",
      "00 0005 0001 0000003c 0001 016100",
    ),
    why: "dns record target ends at byte 26 of 24",
  },
  {
    name: "edns in the answers",
    message: messageOf("0000 0001 0000 0000", OPT),
    why: "dns edns is not an additional record",
  },
  {
    name: "edns in the authorities",
    message: messageOf("0000 0000 0001 0000", OPT),
    why: "dns edns is not an additional record",
  },
  {
    name: "edns twice",
    message: messageOf("0000 0000 0000 0002", OPT + OPT),
    why: "dns has more than one edns record",
  },
  {
    name: "edns with an owner",
    message: messageOf("0000 0000 0000 0001", "0161" + OPT),
    why: 'dns edns owner is "a"',
  },
  {
    name: "edns with half an option header",
    message: messageOf(
      "0000 0000 0000 0001",
      OPT.replace(/0000$/, "0003 000a00"),
    ),
    why: "dns edns option at byte 0 of 3 is cut",
  },
  {
    name: "edns with an option that leaves its data",
    message: messageOf(
      "0000 0000 0000 0001",
      OPT.replace(/0000$/, "0008 000a0000 000a0001"),
    ),
    why: "dns edns option at byte 4 of 8 is cut",
  },
  {
    name: "more entries than a message can use",
    message: messageOf("0001 0200 0100 0100", "00".repeat(65000)),
    why: "dns has 1025 of at most 1024 entries",
  },
];

for (const { name, message, why } of REFUSED) {
  Deno.test(`decodeDns() refuses ${name}`, () => {
    assert.deepEqual(decodeDns(message), { ok: false, why });
  });
}

for (const [name, message] of Object.entries({ QUERY, ANSWER, SRV_ANSWER })) {
  Deno.test(`decodeDns() refuses every truncation of ${name}`, () => {
    for (let length = 0; length < message.length; length++) {
      const { ok } = decodeDns(message.subarray(0, length));
      assert.equal(ok, false, `${length} bytes`);
    }
  });
}

Deno.test("decodeDns() takes milliseconds for the most laborious 64 KiB", () => {
  // One name of 255 octets and 127 labels, then as many records as are read,
  // each of which points to it and so does its target.
  const head = messageOf(
    "0001 03ff 0000 0000",
    "01ff".repeat(127) + "00 0005 0001",
  );
  const record = hex("c00c 0005 0001 0000003c 0002 c00c");
  const message = new Uint8Array(head.length + 1023 * record.length);
  message.set(head);
  for (let index = 0; index < 1023; index++) {
    message.set(record, head.length + index * record.length);
  }
  const startedMs = performance.now();
  const decoded = decodeDns(message);
  const tookMs = performance.now() - startedMs;

  assert.ok(decoded.ok);
  assert.equal(decoded.value.answers.length, 1023);
  assert.ok(tookMs < 250, `${tookMs} ms`);
});
