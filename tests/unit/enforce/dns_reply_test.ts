import assert from "node:assert/strict";
import dnsPacket from "dns-packet";
import fc from "fast-check";
import { decodeDns } from "../../../agent/decode/dns.ts";
import { decodePacket, PROTOCOL } from "../../../agent/decode/packet.ts";
import {
  DnsRefuser,
  encodeRefusal,
  type RefusedQuery,
} from "../../../agent/enforce/dns_reply.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Poller, SOCKET, Socket, socketAddress } from "../../../ffi/sockets.ts";
import { hex } from "../../hex.ts";
import { OwnNetwork } from "../../own_network.ts";

/** `CDN.example.ORG`, type A, class IN. */
const QUESTION = hex(
  "0343444e 076578616d706c65 034f5247 00 0001 0001",
);

const ADDRESSES = {
  4: { client: hex("c0000201"), server: hex("c6336435") },
  6: {
    client: hex("20010db8000000000000000000000001"),
    server: hex("20010db8000000000000000000000035"),
  },
} as const;

function queryOf(family: 4 | 6, edns: boolean): RefusedQuery {
  const { client, server } = ADDRESSES[family];
  return {
    client: { address: client, port: 55_355 },
    server: { address: server, port: 53 },
    id: 0x3e47,
    recursionDesired: true,
    question: QUESTION,
    edns,
    rcode: "NXDOMAIN",
    why: "not_allowed",
  };
}

/** RFC 1071, over a pseudo header that is built as its RFC draws it. */
function checksumOf(packet: Uint8Array): number {
  const v4 = packet[0]! >> 4 === 4;
  const datagram = packet.subarray(v4 ? 20 : 40);
  const pseudo = v4
    // RFC 768: source, destination, zero, protocol, length
    ? [...packet.subarray(12, 20), 0, 17, datagram.length >> 8]
    // RFC 8200 section 8.1: source, destination, length, zeros, next header
    : [...packet.subarray(8, 40), 0, 0, datagram.length >> 8];
  pseudo.push(datagram.length & 0xff);
  if (!v4) pseudo.push(0, 0, 0, 17);
  const bytes = [...pseudo, ...datagram];
  if (bytes.length % 2 === 1) bytes.push(0);
  let sum = 0n;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += BigInt(bytes[at]! * 256 + bytes[at + 1]!);
  }
  // A multiple of 0xffff stands for a checksum that holds.
  return Number(sum % 0xffffn);
}

for (const family of [4, 6] as const) {
  for (const edns of [false, true]) {
    const name = `IPv${family}${edns ? " with" : " without"} EDNS`;
    Deno.test(`encodeRefusal() answers over ${name} as both decoders read it`, () => {
      const query = queryOf(family, edns);
      const packet = encodeRefusal(query);
      const decoded = decodePacket(packet);

      assert.ok(decoded.ok, decoded.ok ? "" : decoded.why);
      const { value } = decoded;
      assert.equal(value.version, family);
      assert.equal(value.protocol, PROTOCOL.UDP);
      assert.deepEqual(value.source, query.server.address);
      assert.deepEqual(value.destination, query.client.address);
      assert.deepEqual([value.sourcePort, value.destinationPort], [53, 55_355]);
      assert.equal(checksumOf(packet), 0);

      const ours = decodeDns(value.payload);
      assert.ok(ours.ok, ours.ok ? "" : ours.why);
      assert.equal(ours.value.id, 0x3e47);
      assert.equal(ours.value.rcode, 3);

      const theirs = dnsPacket.decode(Buffer.from(value.payload));
      assert.equal(theirs.id, 0x3e47);
      assert.equal(theirs.type, "response");
      assert.equal(
        theirs.flags,
        dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE | 3,
      );
      assert.deepEqual(theirs.questions, [
        { name: "CDN.example.ORG", type: "A", class: "IN" },
      ]);
      assert.deepEqual(theirs.answers, []);
      assert.deepEqual(theirs.authorities, []);
      assert.equal(theirs.additionals?.length, edns ? 1 : 0);
    });
  }
}

Deno.test("encodeRefusal() says who refused and why in an Extended DNS Error", () => {
  const packet = encodeRefusal(queryOf(4, true));
  const { additionals } = dnsPacket.decode(Buffer.from(packet.subarray(28)));
  const [opt] = additionals!;

  assert.ok(opt?.type === "OPT");
  assert.equal(opt.udpPayloadSize, 1232);
  assert.equal(opt.ednsVersion, 0);
  assert.equal(opt.options.length, 1);
  // RFC 8914: option 15; 4.16: INFO-CODE 15 is "Blocked".
  const [option] = opt.options;
  assert.equal(option!.code, 15);
  const data = (option as unknown as { data: Uint8Array }).data;
  assert.equal((data[0]! << 8) | data[1]!, 15);
  assert.equal(
    new TextDecoder().decode(data.subarray(2)),
    "Sluice: not_allowed",
  );
});

Deno.test("encodeRefusal() has the same bytes as one written by hand", () => {
  assert.deepEqual(
    encodeRefusal({ ...queryOf(4, false), recursionDesired: false }),
    hex(`
      45 00 003d 0000 0000 40 11 0000 c6336435 c0000201   # the kernel adds up
      0035 d83b 0029 8331
      3e47 8083 0001 0000 0000 0000
      0343444e 076578616d706c65 034f5247 00 0001 0001
    `),
  );
});

Deno.test("encodeRefusal() keeps the bit by which recursion was asked for", () => {
  for (const recursionDesired of [false, true]) {
    const packet = encodeRefusal({ ...queryOf(6, false), recursionDesired });
    const { flag_rd } = dnsPacket.decode(Buffer.from(packet.subarray(48)));
    assert.equal(flag_rd, recursionDesired);
  }
});

Deno.test("encodeRefusal() adds up for any addresses, ports, ids and names", () => {
  const anyAddresses = fc.constantFrom(4 as const, 16 as const).chain((size) =>
    fc.tuple(
      fc.uint8Array({ minLength: size, maxLength: size }),
      fc.uint8Array({ minLength: size, maxLength: size }),
    )
  );
  const port = fc.integer({ min: 0, max: 0xffff });
  fc.assert(fc.property(
    ...[anyAddresses, port, port, port, fc.boolean()] as const,
    fc.stringMatching(/^[a-z_]{1,40}$/),
    fc.stringMatching(/^[a-zA-Z0-9-]{1,63}$/),
    ([client, server], clientPort, serverPort, id, edns, why, label) => {
      const name = new TextEncoder().encode(label);
      const question = Uint8Array.of(name.length, ...name, 0, 0, 28, 0, 1);
      const packet = encodeRefusal({
        client: { address: client, port: clientPort },
        server: { address: server, port: serverPort },
        ...{ id, recursionDesired: true, question, edns, why },
        rcode: edns ? "NOERROR" : "NXDOMAIN",
      });
      assert.equal(checksumOf(packet), 0);
      const decoded = decodePacket(packet);
      assert.ok(decoded.ok);
      const answer = decodeDns(decoded.value.payload);
      assert.ok(answer.ok);
      assert.equal(answer.value.rcode, edns ? 0 : 3);
    },
  ));
});

Deno.test("encodeRefusal() never writes a checksum of zero, which would mean none", () => {
  // The id is chosen so that the sum over everything is 0xffff.
  let found = 0;
  for (let id = 0; id <= 0xffff; id++) {
    const packet = encodeRefusal({ ...queryOf(6, false), id });
    const checksum = (packet[46]! << 8) | packet[47]!;
    assert.notEqual(checksum, 0);
    if (checksum === 0xffff) found++;
  }
  assert.ok(found > 0);
});

const NETWORK = [
  "addr add 192.0.2.1/32 dev lo",
  "-6 addr add 2001:db8::1/128 dev lo nodad",
].map((line) => line.replace("-6 ", ""));

for (const family of [4, 6] as const) {
  Deno.test(`DnsRefuser reaches an IPv${family} client that waits for its server`, () => {
    using libc = new Libc();
    using network = new OwnNetwork(libc, NETWORK);
    const route = family === 4 ? "198.51.100.53/32" : "2001:db8::35/128";
    network.ip([`route add ${route} dev lo`]);
    const query = queryOf(family, true);
    using client = new Socket(libc, {
      domain: family === 4 ? SOCKET.AF_INET : SOCKET.AF_INET6,
      type: SOCKET.DGRAM,
      protocol: 0,
    });
    client.bind(socketAddress(query.client.address, 0));
    const { address } = query.server;
    // A connected socket takes datagrams of its server only, as libc's does.
    assert.equal(client.connect(socketAddress(address, 53)), 0);
    const port = client.localPort();
    using refuser = new DnsRefuser(libc, [4, 6]);
    refuser.refuse({ ...query, client: { ...query.client, port } });

    assert.equal(new Poller(libc, [client.fd]).wait(5_000), 1);
    const buffer = new Uint8Array(1232);
    const message = buffer.subarray(0, client.receive(buffer));
    const { id, questions } = dnsPacket.decode(Buffer.from(message));
    assert.equal(id, 0x3e47);
    assert.equal(questions?.[0]?.name, "CDN.example.ORG");
  });
}

Deno.test("DnsRefuser does without IPv6 where the kernel has none", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc);
  using refuser = new DnsRefuser(libc, [4]);
  refuser.refuse(queryOf(6, false));
});
