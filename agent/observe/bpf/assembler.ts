/**
 * Writes BPF instructions: registers, jumps to labels, calls of helpers.
 * @module
 */

import {
  ALU,
  CODE,
  type Condition,
  FROM_REGISTER,
  HELPER,
  JUMP,
  type Operation,
  PSEUDO_MAP_FD,
  type Register,
  SIZE_CODE,
  type Width,
} from "./instructions.ts";

/** A place in memory: a register and a distance in bytes. */
export type Place = readonly [base: Register, offset: number];

/** What is computed or compared with: a register, or a number of 32 bits. */
export type Operand = { readonly register: Register } | number;

/** Collects instructions; each method appends what its name says. */
export class Assembler {
  readonly #words: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #jumps: { readonly at: number; readonly label: string }[] = [];

  /** Instructions so far. */
  get length(): number {
    return this.#words.length / 2;
  }

  /** `target = target <operation> operand`; a `move` only replaces it. */
  compute(
    step: readonly [target: Register, operation: Operation, operand: Operand],
  ): this {
    const [target, operation, operand] = step;
    return this.#operate(ALU[operation], { target, operand });
  }

  /** `target = operand` */
  move(target: Register, operand: Operand): this {
    return this.compute([target, "move", operand]);
  }

  /** `target = *from`, four bytes, zero-extended. */
  load4(target: Register, from: Place): this {
    return this.#load(target, { from, width: 4 });
  }

  /** `target = *from`, eight bytes. */
  load8(target: Register, from: Place): this {
    return this.#load(target, { from, width: 8 });
  }

  /** `*place = operand`, four bytes. */
  store4(place: Place, operand: Operand): this {
    return this.#store(place, { operand, width: 4 });
  }

  /** `*place = operand`, eight bytes. */
  store8(place: Place, operand: Operand): this {
    return this.#store(place, { operand, width: 8 });
  }

  /** `*place += source`, eight bytes, on all CPUs at once. */
  atomicAdd(place: Place, source: Register): this {
    const [target, offset] = place;
    const code = CODE.atomicAdd | SIZE_CODE[8];
    return this.#append({ code, target, source, offset });
  }

  /** `target = base + offset`, as an argument that is a pointer. */
  address(target: Register, place: Place): this {
    const [base, offset] = place;
    this.move(target, { register: base });
    return offset === 0 ? this : this.compute([target, "add", offset]);
  }

  /** `target = value`, of 64 bits. */
  loadWide(target: Register, value: bigint): this {
    const low = Number(value & 0xffff_ffffn);
    const high = Number(value >> 32n & 0xffff_ffffn);
    this.#append({ code: CODE.loadWide, target, number: low });
    return this.#append({ code: 0, number: high });
  }

  /** `target = the map of this descriptor` */
  loadMap(target: Register, fd: number): this {
    this.#append({
      code: CODE.loadWide,
      target,
      source: PSEUDO_MAP_FD,
      number: fd,
    });
    return this.#append({ code: 0 });
  }

  /** Calls a helper with r1 to r5; they are gone afterwards. */
  call(helper: keyof typeof HELPER): this {
    return this.#append({ code: CODE.call, number: HELPER[helper] });
  }

  /** Goes on at a label. */
  goTo(label: string): this {
    this.#jumps.push({ at: this.length, label });
    return this.#append({ code: JUMP.always });
  }

  /** Goes on at a label if `register <condition> operand`. */
  goToIf(
    test: readonly [left: Register, condition: Condition, right: Operand],
    label: string,
  ): this {
    const [target, condition, operand] = test;
    this.#jumps.push({ at: this.length, label });
    return this.#operate(JUMP[condition], { target, operand });
  }

  /** Names the place of the next instruction. */
  label(name: string): this {
    if (this.#labels.has(name)) {
      throw new TypeError(`Cannot place label "${name}": it is placed already`);
    }
    this.#labels.set(name, this.length);
    return this;
  }

  /** Ends the program with 0, as tracing programs must. */
  exit(): this {
    return this.move(0, 0).#append({ code: CODE.exit });
  }

  /**
   * The program as the kernel takes it.
   *
   * @throws {TypeError} When a label was never placed.
   */
  assemble(): Uint8Array<ArrayBuffer> {
    const words = Uint32Array.from(this.#words);
    for (const { at, label } of this.#jumps) {
      const target = this.#labels.get(label);
      if (target === undefined) {
        throw new TypeError(`Cannot jump to "${label}": no such label`);
      }
      const distance = target - at - 1;
      if (distance << 16 >> 16 !== distance) {
        throw new RangeError(`Cannot jump to "${label}": it is too far`);
      }
      const first = words[at * 2]!;
      words[at * 2] = (first & 0xffff | distance << 16) >>> 0;
    }
    return new Uint8Array(words.buffer);
  }

  #load(
    target: Register,
    what: { readonly from: Place; readonly width: Width },
  ): this {
    const [source, offset] = what.from;
    const code = CODE.load | SIZE_CODE[what.width];
    return this.#append({ code, target, source, offset });
  }

  #store(
    place: Place,
    what: { readonly operand: Operand; readonly width: Width },
  ): this {
    const [target, offset] = place;
    const { operand } = what;
    const size = SIZE_CODE[what.width];
    return typeof operand === "number"
      ? this.#append({
        code: CODE.storeNumber | size,
        target,
        offset,
        number: operand,
      })
      : this.#append({
        code: CODE.storeRegister | size,
        target,
        source: operand.register,
        offset,
      });
  }

  #operate(
    code: number,
    operands: { readonly target: Register; readonly operand: Operand },
  ): this {
    const { target, operand } = operands;
    return typeof operand === "number"
      ? this.#append({ code, target, number: operand })
      : this.#append({
        code: code | FROM_REGISTER,
        target,
        source: operand.register,
      });
  }

  /** struct bpf_insn, <linux/bpf.h>: eight bytes, little-endian. */
  #append(instruction: {
    readonly code: number;
    readonly target?: Register;
    readonly source?: number;
    readonly offset?: number;
    readonly number?: number;
  }): this {
    const { code, target = 0, source = 0, offset = 0, number = 0 } =
      instruction;
    // Sixteen bits, with a sign: more would change the next field.
    if (offset << 16 >> 16 !== offset) {
      throw new RangeError(`Cannot encode offset ${offset}: it is too far`);
    }
    this.#words.push(
      (code | target << 8 | source << 12 | offset << 16) >>> 0,
      number >>> 0,
    );
    return this;
  }
}
