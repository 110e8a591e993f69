/**
 * Where the kernel's functions lie, as /proc/kallsyms lists them.
 *
 * @see kallsyms(8)
 * @module
 */

/** The addresses of one function: from the first up to the next function's. */
export interface SymbolRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** Where each of some functions lies; nothing for one that is not there. */
export type SymbolRanges = ReadonlyMap<string, readonly SymbolRange[]>;

/** A line: sixteen digits, a type between spaces, a name. */
const AT = { space: 16, type: 17, secondSpace: 18, name: 19 } as const;
const CHARACTER = {
  newline: 0x0a,
  space: 0x20,
  dot: 0x2e,
  t: 0x74,
  w: 0x77,
} as const;
const LOWER_CASE = 0x20;
/** So many symbols may stand for one address, before the next one does. */
const MAX_ALIASES = 64;

interface Wanted {
  readonly name: string;
  /** The beginning of the functions' names, or the whole. */
  readonly bytes: Uint8Array;
  readonly isPrefix: boolean;
  readonly ranges: SymbolRange[];
}

/** One whose end is the next function's beginning. */
interface Begun {
  readonly start: bigint;
  readonly ranges: SymbolRange[];
  aliases: number;
}

/**
 * Finds functions by their names, in a list that comes in pieces.
 *
 * A compiler splits functions up and marks the parts (`.cold`, `.isra.0`), so a
 * name stands for all that begin with it and go on with a dot.
 */
export class KernelSymbols {
  readonly #wanted: readonly Wanted[];
  /** By the first byte: most of 100,000 lines need no second look. */
  readonly #byFirst: readonly (readonly Wanted[])[];
  #begun: Begun[] = [];
  #rest: Uint8Array = new Uint8Array(0);

  /** @param names Names, or beginnings of names where they end in `*`. */
  constructor(names: readonly string[]) {
    const encoder = new TextEncoder();
    this.#wanted = names.map((name) => ({
      name,
      bytes: encoder.encode(name.replace(/\*$/, "")),
      isPrefix: name.endsWith("*"),
      ranges: [],
    }));
    this.#byFirst = Array.from(
      { length: 256 },
      (_, first) => this.#wanted.filter(({ bytes }) => bytes[0] === first),
    );
  }

  /**
   * Takes the next piece of the list, in the kernel's own order, which is that
   * of the addresses. Addresses of zero, which is what those see who may not
   * see them, are left out.
   */
  take(piece: Uint8Array): void {
    const bytes = joined(this.#rest, piece);
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(CHARACTER.newline, at);
      if (end < 0) break;
      if (isFunction(bytes, at)) {
        const wanted = this.#byFirst[bytes[at + AT.name]!]!;
        if (wanted.length > 0 || this.#begun.length > 0) {
          this.#look(bytes.subarray(at, end), wanted);
        }
      }
      at = end + 1;
    }
    this.#rest = bytes.slice(at);
  }

  /** All that was found; the last function of all has no end that is known. */
  get ranges(): SymbolRanges {
    return new Map(this.#wanted.map(({ name, ranges }) => [name, ranges]));
  }

  #look(line: Uint8Array, wanted: readonly Wanted[]): void {
    const found = wanted.filter((each) => isNamed(line, each));
    if (found.length === 0 && this.#begun.length === 0) return;
    const address = addressOf(line);
    if (address === null) return;
    this.#begun = this.#begun.filter((begun) => {
      const { start, ranges } = begun;
      if (address <= start) return ++begun.aliases < MAX_ALIASES;
      ranges.push({ start, end: address });
      return false;
    });
    if (address === 0n) return;
    for (const { ranges } of found) {
      this.#begun.push({ start: address, ranges, aliases: 0 });
    }
  }
}

/**
 * Finds functions by their names.
 *
 * @param list The whole of it.
 * @param names As {@linkcode KernelSymbols} takes them.
 *
 * @example One of two functions
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeKernelSymbols } from "./kernel_symbols.ts";
 *
 * const text = "ffffffff81000000 t mem_rw\nffffffff81000100 t mem_open\n";
 * const list = new TextEncoder().encode(text);
 * assert.deepEqual(decodeKernelSymbols(list, ["mem_rw"]).get("mem_rw"), [
 *   { start: 0xffffffff81000000n, end: 0xffffffff81000100n },
 * ]);
 * ```
 */
export function decodeKernelSymbols(
  list: Uint8Array,
  names: readonly string[],
): SymbolRanges {
  const symbols = new KernelSymbols(names);
  symbols.take(list);
  return symbols.ranges;
}

/** Whether a line is there, and of the kernel's text. */
function isFunction(bytes: Uint8Array, at: number): boolean {
  if (bytes[at + AT.space] !== CHARACTER.space) return false;
  if (bytes[at + AT.secondSpace] !== CHARACTER.space) return false;
  const type = bytes[at + AT.type]! | LOWER_CASE;
  return type === CHARACTER.t || type === CHARACTER.w;
}

function isNamed(line: Uint8Array, { bytes, isPrefix }: Wanted): boolean {
  for (let index = 0; index < bytes.length; index++) {
    if (line[AT.name + index] !== bytes[index]) return false;
  }
  const next = AT.name + bytes.length;
  // A module's function has the module's name behind a tab.
  return isPrefix || next === line.length || line[next] === CHARACTER.dot;
}

function addressOf(line: Uint8Array): bigint | null {
  const digits = String.fromCharCode(...line.subarray(0, AT.space));
  return /^[0-9a-f]{16}$/.test(digits) ? BigInt(`0x${digits}`) : null;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
