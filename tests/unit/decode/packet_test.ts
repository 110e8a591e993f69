import assert from "node:assert/strict";
import { decodePacket, PROTOCOL } from "../../../agent/decode/packet.ts";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import { hex } from "../../hex.ts";
import {
  DNS_QUERY_PACKET,
  IPV4_LAST_FRAGMENT,
  IPV6_LAST_FRAGMENT,
} from "./samples.ts";

const IPV6_SYN = `
  60066f900028064020010db8000000000000000000000001
  20010db8000000000000000000000001
  cead20fb876980e200000000a002fd2059280000
  020405a00402080a7d1d2142000000000103030a
`;

// By hand, RFC 791: the first 24 bytes of a UDP datagram of 1,000.
const IPV4_FIRST_FRAGMENT = `
  45 00 002c 1234 2000 40 11 0000 c0000201 c6336402
  d83b 0035 03e8 0000  00112233 44556677 8899aabb ccddeeff
`;

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  { name: "nothing", dump: "", why: "packet is empty" },
  { name: "version 5", dump: "55" + "00".repeat(19), why: "ipv4 version is 5" },
  {
    name: "a TCP segment without ports",
    dump: "45 00 0014 1234 4000 40 06 0000 c0000201 c6336402",
    why: "tcp header is 0 of 20 bytes",
  },
  {
    // RFC 1858: the flags would come in the second fragment, unseen.
    name: "a first fragment too small for the TCP header",
    dump: "45 00 001c 1234 2000 40 06 0000 c0000201 c6336402 e11b20fb 41f67e62",
    why: "tcp header is 8 of 20 bytes",
  },
  {
    name: "a whole packet that ends before its datagram",
    dump: IPV4_FIRST_FRAGMENT.replace("2000", "0000"),
    why: "udp length is 1000 of 24 bytes",
  },
];

Deno.test("decodePacket() reads a captured IPv6 SYN", () => {
  const local = hex("20010db8000000000000000000000001");
  assert.deepEqual(decodePacket(hex(IPV6_SYN)), {
    ok: true,
    value: {
      version: 6,
      source: local,
      destination: local,
      protocol: PROTOCOL.TCP,
      fragment: false,
      optionsBytes: 0,
      sourcePort: 52909,
      destinationPort: 8443,
      tcpFlags: TCP_FLAG.SYN,
      tcpSequence: 0x876980e2,
      tcpAcknowledgment: 0,
      payload: new Uint8Array(0),
    },
  });
});

Deno.test("decodePacket() gives what a TCP sender acknowledges", () => {
  const packet = hex(IPV6_SYN.replace("00000000a002", "c0000001a012"));
  const decoded = decodePacket(packet);

  assert.ok(decoded.ok);
  assert.equal(decoded.value.tcpAcknowledgment, 0xc000_0001);
});

Deno.test("decodePacket() reads a captured DNS query down to its payload", () => {
  const decoded = decodePacket(hex(DNS_QUERY_PACKET));

  assert.ok(decoded.ok);
  const { payload, ...rest } = decoded.value;
  assert.deepEqual(rest, {
    version: 4,
    source: hex("c0000201"),
    destination: hex("c6336435"),
    protocol: PROTOCOL.UDP,
    fragment: false,
    optionsBytes: 0,
    sourcePort: 55355,
    destinationPort: 53,
    tcpFlags: 0,
    tcpSequence: 0,
    tcpAcknowledgment: 0,
  });
  assert.deepEqual(payload.subarray(0, 2), hex("3e47"));
});

Deno.test("decodePacket() reads the ports of a first fragment", () => {
  const decoded = decodePacket(hex(IPV4_FIRST_FRAGMENT));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.fragment, true);
  assert.equal(decoded.value.destinationPort, 53);
  assert.equal(decoded.value.payload.length, 16);
});

for (
  const { name, dump, protocol, payloadBytes } of [
    {
      name: "IPv4",
      dump: IPV4_LAST_FRAGMENT.replace("4001", "4011"),
      protocol: 17,
      payloadBytes: 28,
    },
    {
      name: "IPv6",
      dump: IPV6_LAST_FRAGMENT.replace("3a00", "0600"),
      protocol: 6,
      payloadBytes: 60,
    },
  ]
) {
  Deno.test(`decodePacket() reads no ports from a later ${name} fragment`, () => {
    const decoded = decodePacket(hex(dump));

    assert.ok(decoded.ok);
    const { value } = decoded;
    assert.equal(value.fragment, true);
    assert.equal(value.protocol, protocol);
    assert.deepEqual(
      [value.sourcePort, value.destinationPort, value.tcpFlags],
      [0, 0, 0],
    );
    assert.equal(value.payload.length, payloadBytes);
  });
}

for (
  const [name, dump, protocol] of [
    ["ICMP", IPV4_LAST_FRAGMENT, PROTOCOL.ICMP],
    ["ICMPv6", IPV6_LAST_FRAGMENT, PROTOCOL.ICMPV6],
  ] as const
) {
  Deno.test(`decodePacket() knows a captured fragment of ${name}`, () => {
    const decoded = decodePacket(hex(dump));

    assert.ok(decoded.ok);
    assert.equal(decoded.value.protocol, protocol);
  });
}

Deno.test("decodePacket() calls a whole packet with a fragment header a fragment", () => {
  const atomic = `
    6000000000102c40 20010db8000000000000000000000001
    20010db8000000000000000000000002
    1100 0000 00000007  d83b 0035 0008 0000
  `;
  const decoded = decodePacket(hex(atomic));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.fragment, true);
  assert.equal(decoded.value.optionsBytes, 8);
  assert.equal(decoded.value.destinationPort, 53);
});

Deno.test("decodePacket() leaves the payload of other protocols after the IP header", () => {
  const gre = "45 00 0018 1234 4000 40 2f 0000 c0000201 c6336402 deadbeef";
  const decoded = decodePacket(hex(gre));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.protocol, 47);
  assert.equal(decoded.value.destinationPort, 0);
  assert.deepEqual(decoded.value.payload, hex("deadbeef"));
});

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodePacket() refuses ${name}`, () => {
    assert.deepEqual(decodePacket(hex(dump)), { ok: false, why });
  });
}

for (const [name, dump] of Object.entries({ IPV6_SYN, DNS_QUERY_PACKET })) {
  Deno.test(`decodePacket() refuses every truncation of ${name}`, () => {
    const packet = hex(dump);
    for (let length = 0; length < packet.length; length++) {
      const { ok } = decodePacket(packet.subarray(0, length));
      assert.equal(ok, false, `${length} bytes`);
    }
  });
}
