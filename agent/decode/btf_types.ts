/**
 * Types of BTF that were found: where the members of structures lie.
 *
 * @see Documentation/bpf/btf.rst, <linux/btf.h>
 * @module
 */

/** Kinds of types, <linux/btf.h>. */
export const BTF_KIND = {
  INT: 1,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** struct btf_type: name, info, size or type; what follows is by kind. */
export const TYPE_BYTES = 12;
/** struct btf_member: name, type, offset. */
const MEMBER_BYTES = 12;

/** Bytes behind struct btf_type, by kind: once. */
export const FIXED_BYTES = new Uint8Array(32);
FIXED_BYTES[BTF_KIND.INT] = 4;
FIXED_BYTES[BTF_KIND.ARRAY] = 12;
FIXED_BYTES[BTF_KIND.VAR] = 4;
FIXED_BYTES[BTF_KIND.DECL_TAG] = 4;
/** Bytes behind that, by kind: for each of its `vlen`. */
export const EACH_BYTES = new Uint8Array(32);
EACH_BYTES[BTF_KIND.STRUCT] = MEMBER_BYTES;
EACH_BYTES[BTF_KIND.UNION] = MEMBER_BYTES;
EACH_BYTES[BTF_KIND.ENUM] = 8;
EACH_BYTES[BTF_KIND.FUNC_PROTO] = 8;
EACH_BYTES[BTF_KIND.DATASEC] = 12;
EACH_BYTES[BTF_KIND.ENUM64] = 12;

/** Kinds that a member's type may be wrapped in. */
const WRAPPERS: ReadonlySet<number> = new Set([
  BTF_KIND.TYPEDEF,
  BTF_KIND.VOLATILE,
  BTF_KIND.CONST,
  BTF_KIND.RESTRICT,
  BTF_KIND.TYPE_TAG,
]);

/** Deeper than any kernel's types are nested; damaged ones may be circular. */
const MAX_DEPTH = 16;
/** More members than are looked at for one name; damaged ones may multiply. */
const MAX_MEMBERS = 10_000;

/** Types found by name, with the members of those that have some. */
export class Btf {
  readonly #view: DataView;
  readonly #strings: Uint8Array;
  readonly #offsets: Uint32Array;
  readonly #ids: ReadonlyMap<string, number>;

  /** @param parts What {@linkcode decodeBtf} has found. */
  constructor(parts: {
    readonly view: DataView;
    readonly strings: Uint8Array;
    readonly offsets: Uint32Array;
    readonly ids: ReadonlyMap<string, number>;
  }) {
    this.#view = parts.view;
    this.#strings = parts.strings;
    this.#offsets = parts.offsets;
    this.#ids = parts.ids;
  }

  /**
   * The number of a type that was asked for.
   *
   * @param kind Of {@linkcode BTF_KIND}.
   * @returns Null when the kernel has none.
   */
  findId(kind: number, name: string): number | null {
    return this.#ids.get(keyOf(kind, name)) ?? null;
  }

  /** The parameters of a typedef of a pointer to a function; null if it is not. */
  countParameters(typedefId: number): number | null {
    const pointer = this.#target(typedefId);
    const prototype = pointer === null ? null : this.#target(pointer);
    if (prototype === null) return null;
    const info = this.#info(prototype);
    return kindOf(info) === BTF_KIND.FUNC_PROTO ? info & 0xffff : null;
  }

  /**
   * Where a member lies in a structure.
   *
   * @param structure Its name, one that was asked for.
   * @param path Names from member to member, `.` between them; structures and
   * unions without a name are not in it.
   * @returns Bytes from the start; null when there is no such member, or when
   * it does not start with a byte.
   */
  offsetOf(structure: string, path: string): number | null {
    let id = this.findId(BTF_KIND.STRUCT, structure);
    let bits = 0;
    for (const name of path.split(".")) {
      const search = { name, depth: 0, left: MAX_MEMBERS };
      const found = id === null ? null : this.#findMember(id, search);
      if (found === null) return null;
      bits += found.bits;
      id = this.#unwrap(found.type);
    }
    return bits % 8 === 0 ? bits / 8 : null;
  }

  #findMember(
    id: number,
    search: { readonly name: string; depth: number; left: number },
  ): { type: number; bits: number } | null {
    const info = this.#info(id);
    const kind = kindOf(info);
    if (kind !== BTF_KIND.STRUCT && kind !== BTF_KIND.UNION) return null;
    if (search.depth > MAX_DEPTH || search.name === "") return null;
    const isBitfield = info >>> 31 !== 0;
    const first = this.#offsets[id]! + TYPE_BYTES;
    for (let index = 0; index < (info & 0xffff); index++) {
      if (search.left-- <= 0) return null;
      const at = first + index * MEMBER_BYTES;
      const nameAt = this.#view.getUint32(at, true);
      const type = this.#view.getUint32(at + 4, true);
      const offset = this.#view.getUint32(at + 8, true);
      const bits = isBitfield ? offset & 0xff_ffff : offset;
      const { name } = search;
      if (isName(this.#strings, { at: nameAt, name })) return { type, bits };
      const inner = this.#strings[nameAt] === 0 ? this.#unwrap(type) : null;
      if (inner === null) continue;
      search.depth++;
      const found = this.#findMember(inner, search);
      search.depth--;
      if (found !== null) return { type: found.type, bits: bits + found.bits };
    }
    return null;
  }

  /** The structure behind names and qualifiers. */
  #unwrap(id: number): number | null {
    let at: number | null = id;
    for (let depth = 0; at !== null && depth < MAX_DEPTH; depth++) {
      if (!this.#has(at)) return null;
      if (!WRAPPERS.has(kindOf(this.#info(at)))) return at;
      at = this.#target(at);
    }
    return null;
  }

  #has(id: number): boolean {
    return id > 0 && id < this.#offsets.length;
  }

  #info(id: number): number {
    return this.#view.getUint32(this.#offsets[id]! + 4, true);
  }

  #target(id: number): number | null {
    const target = this.#view.getUint32(this.#offsets[id]! + 8, true);
    return this.#has(target) ? target : null;
  }
}

/** The kind in the second word of a type. */
export function kindOf(info: number): number {
  return info >>> 24 & 0x1f;
}

/** What a type is found by. */
export function keyOf(kind: number, name: string): string {
  return `${kind} ${name}`;
}

/** Whether a name stands there. */
export function isName(
  strings: Uint8Array,
  wanted: { readonly at: number; readonly name: string },
): boolean {
  const { at, name } = wanted;
  for (let index = 0; index < name.length; index++) {
    if (strings[at + index] !== name.charCodeAt(index)) return false;
  }
  return strings[at + name.length] === 0;
}
