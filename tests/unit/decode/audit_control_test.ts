import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeAuditStatus,
  decodeRuleKey,
} from "../../../agent/decode/audit_control.ts";
import { hex } from "../../hex.ts";

// Captured on Linux 6.18: off, no daemon, limit 64, 0x7f features, 15000
// jiffies of waiting.
const STATUS = `
  00000000 00000000 01000000 00000000 00000000 40000000
  00000000 00000000 7f000000 983a0000 00000000
`;

const TEXT_AT = 1040;

/** struct audit_rule_data by hand, <linux/audit.h>. */
function ruleOf(
  fields: readonly { field: number; value: number }[],
  text: string,
): Uint8Array {
  const bytes = new Uint8Array(TEXT_AT + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, fields.length, true);
  for (const [index, { field, value }] of fields.entries()) {
    view.setUint32(12 + (64 + index) * 4, field, true);
    view.setUint32(12 + (128 + index) * 4, value, true);
  }
  view.setUint32(12 + 256 * 4, text.length, true);
  bytes.set(new TextEncoder().encode(text), TEXT_AT);
  return bytes;
}

const ARCH = { field: 11, value: 0xc000003e };

Deno.test("decodeAuditStatus() reads a captured status", () => {
  assert.deepEqual(decodeAuditStatus(hex(STATUS)), {
    ok: true,
    value: {
      enabled: 0,
      daemonPid: 0,
      rateLimit: 0,
      backlogLimit: 64,
      lost: 0,
      backlog: 0,
    },
  });
});

Deno.test("decodeAuditStatus() refuses every truncation of what it reads", () => {
  for (let length = 0; length < 32; length++) {
    const { ok } = decodeAuditStatus(hex(STATUS).subarray(0, length));
    assert.equal(ok, false, `${length} bytes`);
  }
});

Deno.test("decodeRuleKey() reads the key behind other texts", () => {
  const path = { field: 105, value: 4 };
  const key = { field: 210, value: 3 };
  const rule = ruleOf([ARCH, path, key], "/etckey");
  assert.deepEqual(decodeRuleKey(rule), { ok: true, value: "key" });
});

Deno.test("decodeRuleKey() says null for a rule without one", () => {
  assert.deepEqual(decodeRuleKey(ruleOf([ARCH], "")), {
    ok: true,
    value: null,
  });
});

Deno.test("decodeRuleKey() refuses a key past the text", () => {
  const { ok } = decodeRuleKey(ruleOf([{ field: 210, value: 4 }], "key"));
  assert.equal(ok, false);
});

Deno.test("decodeRuleKey() refuses every truncation, and never throws", () => {
  const rule = ruleOf([ARCH, { field: 210, value: 3 }], "key");
  for (let length = 0; length < rule.length; length++) {
    const { ok } = decodeRuleKey(rule.subarray(0, length));
    assert.equal(ok, false, `${length} bytes`);
  }
  const place = fc.nat({ max: rule.length - 1 });
  fc.assert(fc.property(place, fc.nat({ max: 255 }), (at, value) => {
    assert.equal(typeof decodeRuleKey(rule.with(at, value)).ok, "boolean");
  }));
});
