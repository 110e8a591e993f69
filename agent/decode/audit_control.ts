/**
 * What audit answers about itself: its status and its rules.
 *
 * @see struct audit_status and struct audit_rule_data in <linux/audit.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint32 } from "./integer.ts";

/** Byte offsets in struct audit_status. */
const STATUS = {
  enabled: 4,
  pid: 12,
  rateLimit: 16,
  backlogLimit: 20,
  lost: 24,
  backlog: 28,
  bytes: 32,
} as const;

/** Byte offsets in struct audit_rule_data: arrays of 64 words in between. */
const RULE = {
  fieldCount: 8,
  fields: 12 + 64 * 4,
  values: 12 + 2 * 64 * 4,
  textBytes: 12 + 4 * 64 * 4,
  text: 16 + 4 * 64 * 4,
} as const;

const MAX_FIELDS = 64;
const AUDIT_FILTERKEY = 210;

/**
 * Fields whose value is a length in the text of the rule, <linux/audit.h>: the
 * five of a security module's subject and of its object, the watched path, the
 * tree, the key and the executable.
 */
const TEXT_FIELDS: ReadonlySet<number> = new Set(
  [13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 105, 107, 112, AUDIT_FILTERKEY],
);

/** How audit is set. */
export interface AuditStatus {
  /** 0 off, 1 on, 2 on and not to be changed until the next boot. */
  readonly enabled: number;
  /** Of the audit daemon; 0 when none is registered. */
  readonly daemonPid: number;
  /** Records a second; 0 is without limit. */
  readonly rateLimit: number;
  /** Records that wait; 0 is without limit. */
  readonly backlogLimit: number;
  /** Records that were dropped since boot. */
  readonly lost: number;
  /** Records that wait now for whoever hears them. */
  readonly backlog: number;
}

/**
 * Decodes the status.
 *
 * @param payload The payload of an AUDIT_GET message.
 */
export function decodeAuditStatus(payload: Uint8Array): Decoded<AuditStatus> {
  if (payload.length < STATUS.bytes) {
    return refuse(`status is ${payload.length} of ${STATUS.bytes} bytes`);
  }
  const uint32 = (at: number) => readHostUint32(payload, at);
  return {
    ok: true,
    value: {
      enabled: uint32(STATUS.enabled),
      daemonPid: uint32(STATUS.pid),
      rateLimit: uint32(STATUS.rateLimit),
      backlogLimit: uint32(STATUS.backlogLimit),
      lost: uint32(STATUS.lost),
      backlog: uint32(STATUS.backlog),
    },
  };
}

/**
 * Finds the key of a rule.
 *
 * @param payload The payload of an AUDIT_LIST_RULES message.
 * @returns Null when it has none, or why the bytes were refused.
 */
export function decodeRuleKey(payload: Uint8Array): Decoded<string | null> {
  if (payload.length < RULE.text) {
    return refuse(`rule is ${payload.length} of ${RULE.text} bytes`);
  }
  const uint32 = (at: number) => readHostUint32(payload, at);
  const fieldCount = uint32(RULE.fieldCount);
  if (fieldCount > MAX_FIELDS) return refuse(`rule has ${fieldCount} fields`);
  const left = payload.length - RULE.text;
  const textBytes = uint32(RULE.textBytes);
  if (textBytes > left) return refuse(`text is ${textBytes} of ${left} bytes`);
  let at = RULE.text;
  for (let index = 0; index < fieldCount; index++) {
    const field = uint32(RULE.fields + index * 4);
    if (!TEXT_FIELDS.has(field)) continue;
    const length = uint32(RULE.values + index * 4);
    if (length > RULE.text + textBytes - at) return refuse("text is too short");
    if (field === AUDIT_FILTERKEY) {
      const text = payload.subarray(at, at + length);
      return { ok: true, value: new TextDecoder().decode(text) };
    }
    at += length;
  }
  return { ok: true, value: null };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `audit ${why}` };
}
