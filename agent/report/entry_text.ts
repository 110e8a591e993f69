/**
 * What stands in a journal, and whether it can stand in a policy entry.
 *
 * @module
 */

/** RFC 1035 section 2.3.4. */
const MAX_NAME_CHARACTERS = 253;

/** A label; the underscore is for service names (RFC 2782), which apt asks. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/** A last label that makes readers take the whole for an IPv4 address. */
const NUMERIC_LABEL = /^(?:\d+|0x[0-9a-f]*)$/i;

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Whether a text is a plain host name, that no entry reads as more than that. */
export function isHostName(name: string): boolean {
  if (name.length > MAX_NAME_CHARACTERS) return false;
  const labels = name.split(".");
  return labels.every((label) => LABEL.test(label)) &&
    !NUMERIC_LABEL.test(labels.at(-1)!);
}

/**
 * An address as an entry writes it.
 *
 * @param text From a journal, so any text at all.
 * @returns IPv4 as it is, IPv6 in brackets; null when it is no address.
 */
export function addressInEntry(text: string): string | null {
  if (IPV4.test(text)) return text;
  const isPlain = /^[0-9a-f:.]{2,45}$/i.test(text) && text.includes(":");
  return isPlain && URL.canParse(`http://[${text}]/`) ? `[${text}]` : null;
}

/** An entry, cut into the parts of a mapping. */
export interface EntryParts {
  /** Which key names the place. */
  readonly kind: "host" | "address";
  /** The host or the address, without brackets. */
  readonly place: string;
  /** Null when it is not written. */
  readonly port: string | null;
  /** Null when it is not written. */
  readonly protocol: string | null;
}

/** @param text An entry that this stage has written itself. */
export function splitEntry(text: string): EntryParts {
  const groups =
    /^(?:\[(?<v6>.*)\]|(?<name>[^:/]*))(?::(?<port>\d+))?(?:\/(?<protocol>\w+))?$/
      .exec(text)?.groups ?? {};
  const { v6, name = text, port = null, protocol = null } = groups;
  const place = v6 ?? name;
  const kind = v6 !== undefined || IPV4.test(place) ? "address" : "host";
  return { kind, place, port, protocol };
}
