/**
 * The kernel's own types, as it publishes them in /sys/kernel/btf/vmlinux.
 *
 * @see Documentation/bpf/btf.rst, <linux/btf.h>
 * @module
 */
import {
  Btf,
  BTF_KIND,
  EACH_BYTES,
  FIXED_BYTES,
  isName,
  keyOf,
  kindOf,
  TYPE_BYTES,
} from "./btf_types.ts";
import type { Decoded } from "./bytes.ts";

const MAGIC = 0xeb9f;

/** struct btf_header */
const HEADER = {
  magic: 0,
  headerBytes: 4,
  typeOffset: 8,
  typeBytes: 12,
  stringOffset: 16,
  stringBytes: 20,
  end: 24,
} as const;

/** Kinds that are asked for by name. */
const NAMED = new Uint8Array(32);
NAMED[BTF_KIND.STRUCT] = 1;
NAMED[BTF_KIND.UNION] = 1;
NAMED[BTF_KIND.TYPEDEF] = 1;
NAMED[BTF_KIND.FUNC] = 1;

/**
 * Decodes BTF in one pass.
 *
 * @param bytes The whole file, little-endian: that of another machine is
 * refused.
 * @param names Of all the types that will be asked for; the first of a kind
 * with a name counts.
 * @returns The types, or why the bytes were refused.
 */
export function decodeBtf(
  bytes: Uint8Array,
  names: readonly string[],
): Decoded<Btf> {
  if (bytes.length < HEADER.end) return refuse("is cut in its header");
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER.end);
  if (header.getUint16(HEADER.magic, true) !== MAGIC) {
    return refuse("has no magic number");
  }
  const start = header.getUint32(HEADER.headerBytes, true);
  const typeAt = start + header.getUint32(HEADER.typeOffset, true);
  const typeBytes = header.getUint32(HEADER.typeBytes, true);
  const stringAt = start + header.getUint32(HEADER.stringOffset, true);
  const stringBytes = header.getUint32(HEADER.stringBytes, true);
  if (typeAt + typeBytes > bytes.length) return refuse("is cut in its types");
  if (stringAt + stringBytes > bytes.length) {
    return refuse("is cut in its strings");
  }
  const strings = bytes.subarray(stringAt, stringAt + stringBytes);
  const view = new DataView(
    bytes.buffer,
    bytes.byteOffset + typeAt,
    typeBytes,
  );
  return indexTypes({ view, strings, names });
}

/** Finds where each type starts, and the numbers of those asked for. */
function indexTypes(parts: {
  readonly view: DataView;
  readonly strings: Uint8Array;
  readonly names: readonly string[];
}): Decoded<Btf> {
  const { view, strings } = parts;
  const wanted = Map.groupBy(parts.names, startOf);
  const ids = new Map<string, number>();
  const offsets = new Uint32Array(Math.ceil(view.byteLength / TYPE_BYTES) + 1);
  const length = view.byteLength;
  let count = 1; // 0 is void
  for (let at = 0; at < length; count++) {
    if (at + TYPE_BYTES > length) return refuse("is cut in a type");
    const info = view.getUint32(at + 4, true);
    const kind = kindOf(info);
    if (NAMED[kind] === 1) {
      const nameAt = view.getUint32(at, true);
      // There are 100,000 names, and few of them begin like one asked for.
      const names = wanted.get(strings[nameAt]! << 8 | strings[nameAt + 1]!);
      for (const name of names ?? []) {
        const key = keyOf(kind, name);
        if (ids.has(key) || !isName(strings, { at: nameAt, name })) continue;
        ids.set(key, count);
      }
    }
    offsets[count] = at;
    at += TYPE_BYTES + FIXED_BYTES[kind]! + EACH_BYTES[kind]! * (info & 0xffff);
    if (at > length) return refuse("is cut in a type");
  }
  const found = offsets.subarray(0, count);
  return { ok: true, value: new Btf({ view, strings, offsets: found, ids }) };
}

/** The first two bytes of a name, as one number. */
function startOf(name: string): number {
  return name.charCodeAt(0) << 8 | name.charCodeAt(1);
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `btf ${why}` };
}
