import assert from "node:assert/strict";
import { decodeTcp, TCP_FLAG } from "../../../agent/decode/tcp.ts";
import { hex } from "../../hex.ts";

// A captured SYN with its 20 bytes of options; the payload is put behind it.
const SYN = `
  e11b 20fb 41f67e62 00000000 a002 faf0 06b8 0000
  020405b40402080a6ba92bd1000000000103030a
`;

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  { name: "nothing", dump: "", why: "tcp header is 0 of 20 bytes" },
  {
    name: "a header length inside the header",
    dump: SYN.replace("a002", "4002"),
    why: "tcp header length is 16",
  },
  {
    name: "options that leave the segment",
    dump: SYN.replace("a002", "b002"),
    why: "tcp header is 40 of 44 bytes",
  },
];

Deno.test("decodeTcp() reads ports, numbers, flags and payload of a SYN", () => {
  assert.deepEqual(decodeTcp(hex(SYN + "deadbeef")), {
    ok: true,
    value: {
      sourcePort: 57627,
      destinationPort: 8443,
      sequence: 0x41f67e62,
      acknowledgment: 0,
      flags: TCP_FLAG.SYN,
      payload: hex("deadbeef"),
    },
  });
});

for (const [name, bit] of Object.entries(TCP_FLAG)) {
  Deno.test(`decodeTcp() gives ${name} its own bit`, () => {
    const flags = bit.toString(16).padStart(2, "0");
    const decoded = decodeTcp(hex(SYN.replace("a002", `a0${flags}`)));

    assert.ok(decoded.ok);
    assert.equal(decoded.value.flags, bit);
  });
}

Deno.test("decodeTcp() reads a header without options", () => {
  const decoded = decodeTcp(hex(SYN.replace("a002", "5010")).subarray(0, 21));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.flags, TCP_FLAG.ACK);
  assert.deepEqual(decoded.value.payload, hex("02"));
});

Deno.test("decodeTcp() reads numbers with their highest bit set", () => {
  const decoded = decodeTcp(
    hex(SYN.replace("41f67e62 00000000", "fffffffe 80000001")),
  );

  assert.ok(decoded.ok);
  assert.equal(decoded.value.sequence, 0xffff_fffe);
  assert.equal(decoded.value.acknowledgment, 0x8000_0001);
});

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeTcp() refuses ${name}`, () => {
    assert.deepEqual(decodeTcp(hex(dump)), { ok: false, why });
  });
}

Deno.test("decodeTcp() refuses every truncation of a good header", () => {
  const segment = hex(SYN);
  for (let length = 0; length < segment.length; length++) {
    const { ok } = decodeTcp(segment.subarray(0, length));
    assert.equal(ok, false, `${length} bytes`);
  }
});
