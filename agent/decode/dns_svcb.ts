/**
 * The data of SVCB and HTTPS records.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9460#section-2.2 | RFC 9460}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9848#section-3 | RFC 9848}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { decodeName } from "./dns_name.ts";
import { readUint16 } from "./integer.ts";

const PRIORITY_BYTES = 2;
const PARAMETER_HEADER_BYTES = 4;
const MAX_LABEL_BYTES = 63;

/** SvcParamKeys as IANA numbers them, RFC 9460 section 14.3.2. */
const KEY = { IPV4_HINT: 4, ECH: 5, IPV6_HINT: 6 } as const;

/** What a record says of how to reach a service. */
export interface DnsSvcb {
  /** 0 in an alias, whose parameters clients ignore. */
  readonly priority: number;
  /**
   * As {@linkcode decodeName} writes names; empty for the record's own owner,
   * and for no service at all in an alias.
   */
  readonly target: string;
  /** A configuration for Encrypted Client Hello is there, be it empty. */
  readonly ech: boolean;
  /** Addresses of the target, 4 and 16 bytes each, views. */
  readonly hints: readonly Uint8Array[];
}

/**
 * Decodes the data of an SVCB or HTTPS record.
 *
 * @param data As `DnsRecord.data` has them; names in them are not compressed.
 * @returns What it says, or why it was refused: then nothing is known of ECH.
 */
export function decodeSvcb(data: Uint8Array): Decoded<DnsSvcb> {
  const { length } = data;
  if (length < PRIORITY_BYTES) {
    return refuse(`data is ${length} of ${PRIORITY_BYTES} bytes`);
  }
  // Compressed, it would be read with data where the message should be.
  const why = whyNotPlain(data, PRIORITY_BYTES);
  if (why !== null) return refuse(why);
  const target = decodeName(data, PRIORITY_BYTES);
  if (!target.ok) return target;
  const hints: Uint8Array[] = [];
  let ech = false;
  let lastKey = -1;
  for (let at = target.value.end; at < length;) {
    const valueAt = at + PARAMETER_HEADER_BYTES;
    if (valueAt > length) return refuse(`stops at byte ${length}`);
    const key = readUint16(data, at);
    const end = valueAt + readUint16(data, at + 2);
    if (end > length) {
      return refuse(`parameter ${key} stops at byte ${length} of ${end}`);
    }
    // RFC 9460 section 2.2: strictly increasing, so that none is there twice.
    if (key <= lastKey) return refuse(`parameter ${key} follows ${lastKey}`);
    lastKey = key;
    if (key === KEY.ECH) ech = true;
    const hintBytes = addressBytes(key);
    if (hintBytes > 0) {
      const valueBytes = end - valueAt;
      if (valueBytes === 0 || valueBytes % hintBytes !== 0) {
        return refuse(`hint has ${valueBytes} bytes`);
      }
      for (let hint = valueAt; hint < end; hint += hintBytes) {
        hints.push(data.subarray(hint, hint + hintBytes));
      }
    }
    at = end;
  }
  const priority = readUint16(data, 0);
  const value = { priority, target: target.value.name, ech, hints };
  return { ok: true, value };
}

/** Why there is no name without pointers; null when there is one. */
function whyNotPlain(data: Uint8Array, start: number): string | null {
  let at = start;
  while (at < data.length && data[at] !== 0) {
    const label = data[at]!;
    if (label > MAX_LABEL_BYTES) return `target has label type ${label >> 6}`;
    at += 1 + label;
  }
  return at < data.length ? null : `target stops at byte ${data.length}`;
}

/** Length of one address of a hint, or 0 for another parameter. */
function addressBytes(key: number): number {
  if (key === KEY.IPV4_HINT) return 4;
  return key === KEY.IPV6_HINT ? 16 : 0;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `dns svcb ${why}` };
}
