/**
 * The text of an audit record: `audit(TIME:SERIAL): name=value name=value`.
 *
 * The kernel writes what processes chose in quotes, or in hexadecimal when it
 * holds a quote, a blank, a control character or a byte over 0x7e. So neither
 * a quote nor a blank is ever inside a value.
 *
 * @see audit_log_n_untrustedstring() in kernel/audit.c
 * @module
 */

/** A byte as a character each, so that offsets stay and nothing is refused. */
const LATIN1 = new TextDecoder("latin1");
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

const HEADER = /^audit\((\d{1,12}\.\d{3}:\d{1,10})\):/;
const HEXADECIMAL = /^(?:[0-9A-F]{2})+$/;

/** One record, not yet taken apart. */
export interface AuditText {
  /** The same for all records of one event: time and serial number. */
  readonly event: string;
  /** What follows the header, a character a byte. */
  readonly body: string;
}

/**
 * Splits a record from its header.
 *
 * @param payload The payload of a netlink message of audit.
 * @returns Null when there is no such header.
 */
export function decodeAuditText(payload: Uint8Array): AuditText | null {
  const text = LATIN1.decode(payload);
  const found = HEADER.exec(text);
  if (found === null) return null;
  return { event: found[1]!, body: text.slice(found[0].length) };
}

/** One `name=value`, the value as it is written. */
export interface AuditField {
  readonly name: string;
  readonly value: string;
}

/**
 * Takes a record apart, from left to right.
 *
 * A name that comes again is given again: only the first was written before
 * anything that a security module puts in unquoted.
 *
 * @param body As {@linkcode decodeAuditText} gives it.
 */
export function* auditFields(body: string): Generator<AuditField> {
  let at = 0;
  while (at < body.length) {
    if (body[at] === " ") {
      at++;
      continue;
    }
    const blank = endOf(body, " ", at);
    const equals = body.indexOf("=", at);
    if (equals < 0) return;
    if (equals > blank) {
      at = blank;
      continue;
    }
    const isQuoted = body[equals + 1] === '"';
    const end = isQuoted ? endOf(body, '"', equals + 2) + 1 : blank;
    yield { name: body.slice(at, equals), value: body.slice(equals + 1, end) };
    at = end;
  }
}

/**
 * The bytes that a value stands for.
 *
 * @param value As {@linkcode auditFields} gives it.
 * @returns Null for `(null)` and for all that is neither quoted nor
 * hexadecimal.
 */
export function auditBytes(value: string): Uint8Array | null {
  if (value.startsWith('"')) {
    const isClosed = value.length > 1 && value.endsWith('"');
    const bytes = new Uint8Array(value.length - (isClosed ? 2 : 1));
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = value.charCodeAt(at + 1);
    }
    return bytes;
  }
  if (!HEXADECIMAL.test(value)) return null;
  const bytes = new Uint8Array(value.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = digit(value, at * 2) << 4 | digit(value, at * 2 + 1);
  }
  return bytes;
}

/** Like {@linkcode auditBytes}, as lossy UTF-8. */
export function auditString(value: string): string | null {
  const bytes = auditBytes(value);
  return bytes === null ? null : UTF8.decode(bytes);
}

/** A decimal number up to 2^32 - 1, or null. */
export function auditNumber(value: string): number | null {
  if (!/^\d{1,10}$/.test(value)) return null;
  const number = Number(value);
  return number <= 0xffff_ffff ? number : null;
}

function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 0x3a ? code - 0x30 : code - 0x37;
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found;
}
