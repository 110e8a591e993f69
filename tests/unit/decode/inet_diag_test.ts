import assert from "node:assert/strict";
import { decodeInetSocket } from "../../../agent/decode/inet_diag.ts";
import { hex } from "../../hex.ts";
import { DIAG_IPV4, DIAG_IPV6 } from "./samples.ts";

const NETLINK_HEADER_BYTES = 16;
const MESSAGE_BYTES = 72;

Deno.test("decodeInetSocket() reads a captured IPv4 socket", () => {
  const payload = hex(DIAG_IPV4).subarray(NETLINK_HEADER_BYTES);
  assert.deepEqual(decodeInetSocket(payload), {
    ok: true,
    value: {
      family: 2,
      state: 2,
      source: hex("c0000201"),
      sourcePort: 57627,
      destination: hex("c6336435"),
      destinationPort: 8443,
      interfaceIndex: 0,
      uid: 0,
      inode: 13707,
      cookie: 6n,
      unacknowledgedBytes: 1,
    },
  });
});

Deno.test("decodeInetSocket() reads a captured IPv6 socket", () => {
  const local = hex("20010db8000000000000000000000001");
  const payload = hex(DIAG_IPV6).subarray(NETLINK_HEADER_BYTES);
  const decoded = decodeInetSocket(payload);

  assert.ok(decoded.ok);
  assert.equal(decoded.value.family, 10);
  assert.deepEqual(decoded.value.source, local);
  assert.deepEqual(decoded.value.destination, local);
  assert.equal(decoded.value.inode, 13711);
});

Deno.test("decodeInetSocket() reads both halves of the cookie, interface and user", () => {
  const payload = hex(DIAG_IPV4).subarray(NETLINK_HEADER_BYTES);
  payload.set(hex("03000000 fffffffe 01000080"), 40);
  payload.set(hex("e9030000"), 64);
  const decoded = decodeInetSocket(payload);

  assert.ok(decoded.ok);
  assert.equal(decoded.value.interfaceIndex, 3);
  assert.equal(decoded.value.cookie, 0x80000001_feffffffn);
  assert.equal(decoded.value.uid, 1001);
});

Deno.test("decodeInetSocket() refuses a family that has no ports", () => {
  const payload = hex(DIAG_IPV4).subarray(NETLINK_HEADER_BYTES);
  payload[0] = 1;
  const why = "inet_diag family is 1";
  assert.deepEqual(decodeInetSocket(payload), { ok: false, why });
});

Deno.test("decodeInetSocket() refuses every truncation of the fixed part", () => {
  const payload = hex(DIAG_IPV6).subarray(NETLINK_HEADER_BYTES);
  for (let length = 0; length < MESSAGE_BYTES; length++) {
    assert.deepEqual(decodeInetSocket(payload.subarray(0, length)), {
      ok: false,
      why: `inet_diag message is ${length} of 72 bytes`,
    });
  }
});
