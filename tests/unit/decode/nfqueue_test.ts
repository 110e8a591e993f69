import assert from "node:assert/strict";
import { decodeNetlink } from "../../../agent/decode/netlink.ts";
import {
  decodeQueued,
  HOOK,
  QUEUE_PACKET_TYPE,
} from "../../../agent/decode/nfqueue.ts";
import { hex } from "../../hex.ts";
import { QUEUED_IPV4_SYN, QUEUED_IPV6_SYN } from "./samples.ts";

const HEADER = "02 00 0007";
const PACKET_HEADER = "0b00 0100 00000001 0800 01 00";

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  { name: "nothing", dump: "", why: "nfqueue header is 0 of 4 bytes" },
  {
    name: "a message without a packet header",
    dump: `${HEADER} 0800 0300 10000000`,
    why: "nfqueue packet header is missing",
  },
  {
    name: "a packet header that is too short",
    dump: `${HEADER} 0a00 0100 00000001 0800 0000`,
    why: "nfqueue attribute 1 is 6 bytes",
  },
  {
    name: "a mark that is too short",
    dump: `${HEADER} ${PACKET_HEADER} 0600 0300 1000 0000`,
    why: "nfqueue attribute 3 is 2 bytes",
  },
  {
    name: "a hardware address that is too short",
    dump: `${HEADER} ${PACKET_HEADER} 0e00 0900 0006 0000 02fedcba9876 0000`,
    why: "nfqueue attribute 9 is 10 bytes",
  },
  {
    name: "an attribute of no length, which would never end",
    dump: `${HEADER} ${PACKET_HEADER} 0000 0a00`,
    why: "nfqueue attribute is 0 of 4 bytes",
  },
  {
    name: "an attribute that leaves the message",
    dump: `${HEADER} ${PACKET_HEADER} 0900 0a00 00000000`,
    why: "nfqueue attribute is 9 of 8 bytes",
  },
  {
    name: "half an attribute header",
    dump: `${HEADER} ${PACKET_HEADER} 0800`,
    why: "nfqueue attribute is 0 of 2 bytes",
  },
];

function payloadOf(dump: string): Uint8Array {
  const decoded = decodeNetlink(hex(dump));
  assert.ok(decoded.ok);
  const [message] = decoded.value;
  assert.equal(message?.type, QUEUE_PACKET_TYPE);
  return message.payload;
}

Deno.test("decodeQueued() reads a captured IPv4 packet", () => {
  const packet = hex(QUEUED_IPV4_SYN).subarray(-60);
  assert.deepEqual(decodeQueued(payloadOf(QUEUED_IPV4_SYN)), {
    ok: true,
    value: {
      queue: 7,
      id: 1,
      hook: HOOK.LOCAL_OUT,
      hardwareProtocol: 0x0800,
      mark: 0x10000000,
      inInterface: 0,
      outInterface: 1,
      inPort: 0,
      hardwareAddress: 0,
      uid: 0,
      gid: 0,
      payload: packet,
      originalBytes: 60,
    },
  });
});

Deno.test("decodeQueued() reads a captured IPv6 packet", () => {
  const decoded = decodeQueued(payloadOf(QUEUED_IPV6_SYN));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.id, 2);
  assert.equal(decoded.value.hardwareProtocol, 0x86dd);
  assert.equal(decoded.value.payload.length, 80);
});

Deno.test("decodeQueued() reads values with their top bit set as unsigned", () => {
  const dump = `${HEADER} 0b00 0100 fffffffe 0800 02 00
    0800 0300 f0000000  0800 0500 80000001  0800 1000 fffffffd
    0800 1100 fffffffc  0800 0d00 80000000`;
  const decoded = decodeQueued(hex(dump));

  assert.ok(decoded.ok);
  const { value } = decoded;
  assert.equal(value.id, 0xfffffffe);
  assert.equal(value.hook, HOOK.FORWARD);
  assert.equal(value.mark, 0xf0000000);
  assert.equal(value.inInterface, 0x80000001);
  assert.deepEqual([value.uid, value.gid], [0xfffffffd, 0xfffffffc]);
  assert.equal(value.originalBytes, 0x80000000);
});

Deno.test("decodeQueued() reads by which port of a bridge a packet came", () => {
  const dump = `${HEADER} ${PACKET_HEADER} 0800 0500 00000004
    0800 0700 00000005  1000 0900 0006 0000 02fedcba9876 0000`;
  const decoded = decodeQueued(hex(dump));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.inInterface, 4);
  assert.equal(decoded.value.inPort, 5);
  assert.equal(decoded.value.hardwareAddress, 0x02fedcba9876);
});

Deno.test("decodeQueued() reads no hardware address but an Ethernet one", () => {
  for (const length of ["0000", "0005", "0007", "0008", "ffff"]) {
    const dump = `${HEADER} ${PACKET_HEADER}
      1000 0900 ${length} 0000 02fedcba9876 0000`;
    const decoded = decodeQueued(hex(dump));
    assert.ok(decoded.ok);
    assert.equal(decoded.value.hardwareAddress, 0);
  }
});

Deno.test("decodeQueued() knows a packet that was cut from one that was not", () => {
  const dump = `${HEADER} ${PACKET_HEADER} 0800 0d00 000005dc 0600 0a00 4500`;
  const decoded = decodeQueued(hex(dump));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.originalBytes, 1500);
  assert.deepEqual(decoded.value.payload, hex("4500"));
});

Deno.test("decodeQueued() gives the id of a packet without payload, user or mark", () => {
  const decoded = decodeQueued(hex(HEADER + PACKET_HEADER));

  assert.ok(decoded.ok);
  const { value } = decoded;
  assert.equal(value.id, 1);
  assert.equal(value.hook, HOOK.LOCAL_IN);
  assert.deepEqual([value.mark, value.inInterface, value.outInterface], [
    0,
    0,
    0,
  ]);
  assert.deepEqual([value.uid, value.gid], [null, null]);
  assert.equal(value.payload.length, 0);
  assert.equal(value.originalBytes, 0);
});

Deno.test("decodeQueued() accepts an id of zero and an empty last attribute", () => {
  const header = PACKET_HEADER.replace("00000001", "00000000");
  const decoded = decodeQueued(hex(`${HEADER} ${header} 0400 0a00`));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.id, 0);
  assert.equal(decoded.value.payload.length, 0);
});

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeQueued() refuses ${name}`, () => {
    assert.deepEqual(decodeQueued(hex(dump)), { ok: false, why });
  });
}

Deno.test("decodeQueued() never takes a truncation for the whole", () => {
  const payload = payloadOf(QUEUED_IPV4_SYN);
  const whole = decodeQueued(payload);
  assert.ok(whole.ok);
  const idIsRead = 4 + 11;
  for (let length = 0; length < payload.length; length++) {
    const decoded = decodeQueued(payload.subarray(0, length));
    // Between two attributes the message is sound, only poorer.
    if (decoded.ok) {
      assert.ok(length >= idIsRead, `${length} bytes`);
      assert.equal(decoded.value.id, whole.value.id);
      assert.equal(decoded.value.payload.length, 0, `${length} bytes`);
    }
  }
});
