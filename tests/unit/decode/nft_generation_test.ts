import assert from "node:assert/strict";
import { decodeChanger } from "../../../agent/decode/nft_generation.ts";
import { hex } from "../../hex.ts";

// Received from Linux 6.18 when iptables-restore committed: struct nfgenmsg,
// NFTA_GEN_ID, NFTA_GEN_PROC_PID, NFTA_GEN_PROC_NAME.
const GENERATION = `
  00 00 0002
  0800 0100 00000002
  0800 0200 0000585b
  1400 0300 69707461626c65732d726573746f7200
`;

Deno.test("decodeChanger() reads who changed the rules", () => {
  const decoded = decodeChanger(hex(GENERATION));
  assert.deepEqual(decoded, {
    ok: true,
    value: { pid: 22619, name: "iptables-restor" },
  });
});

Deno.test("decodeChanger() refuses every truncation", () => {
  const payload = hex(GENERATION);
  for (let length = 0; length < payload.length; length++) {
    const { ok } = decodeChanger(payload.subarray(0, length));
    assert.equal(ok, false, `${length} bytes`);
  }
});

Deno.test("decodeChanger() refuses a pid of another length", () => {
  const short = GENERATION.replace(
    "0800 0200 0000585b",
    "0600 0200 58 5b 0000",
  );
  assert.equal(decodeChanger(hex(short)).ok, false);
});
