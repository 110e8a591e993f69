/**
 * Single values of inputs: words from a closed set, booleans, paths.
 *
 * @module
 */
import { parseGlob } from "../decide/glob.ts";
import { nearestWord } from "../decide/nearest.ts";
import { Refusal } from "../decide/refusal.ts";
import type { InputProblem } from "./job_order.ts";

/** Reads values and gathers what is wrong with them. */
export class InputValues {
  readonly #inputs: ReadonlyMap<string, string>;
  readonly #problems: InputProblem[] = [];

  /** @param inputs Names in lower case. */
  constructor(inputs: ReadonlyMap<string, string>) {
    this.#inputs = inputs;
  }

  /** All problems so far. */
  get problems(): readonly InputProblem[] {
    return this.#problems;
  }

  /** The value without white space around it; empty when it is not given. */
  text(name: string): string {
    return (this.#inputs.get(name) ?? "").trim();
  }

  /** One of some words, in any case; null when it is not given or wrong. */
  choice<T extends string>(name: string, among: readonly T[]): T | null {
    const text = this.text(name);
    if (text === "") return null;
    const found = among.find((word) => word === text.toLowerCase());
    if (found !== undefined) return found;
    const why = text.includes("${{")
      ? "an expression stands there that GitHub has not evaluated"
      : `one of ${among.join(", ")} is needed`;
    const near = nearestWord(text, among);
    this.#refuse(name, {
      why,
      hint: near === null
        ? `Write ${name}: ${among.join(" or ")}`
        : `Write ${name}: ${near}`,
    });
    return null;
  }

  /** False when it is not given or wrong. */
  boolean(name: string): boolean {
    return this.choice(name, ["true", "false"]) === "true";
  }

  /** Some of several words, apart by spaces or commas; null when not given. */
  words<T extends string>(name: string, among: readonly T[]): T[] | null {
    const text = this.text(name).toLowerCase();
    if (text === "") return null;
    const found = new Set<T>();
    for (const word of text.split(/[\s,]+/).filter((part) => part !== "")) {
      const known = among.find((one) => one === word);
      if (known !== undefined) found.add(known);
      else {
        const hint = `Write some of ${among.join(", ")}, or none`;
        this.#refuse(name, { token: word, why: "is not known", hint });
      }
    }
    return [...found];
  }

  /** A path below the work space; null when it is not given or wrong. */
  pathBelow(name: string): string | null {
    const text = this.text(name);
    if (text === "") return null;
    const names = text.split("/");
    if (
      !text.startsWith("/") && !names.includes("..") && !/[\0\n]/.test(text)
    ) {
      return text;
    }
    this.#refuse(name, {
      why: "leads out of the work space, a path below it is needed",
      hint: `Write ${name}: .github/egress.yml`,
    });
    return null;
  }

  /** Globs, one a line; a line that begins with # is a comment. */
  globs(name: string): string[] {
    const globs: string[] = [];
    const lines = (this.#inputs.get(name) ?? "").split(/\r\n|\n|\r/);
    for (const [index, line] of lines.entries()) {
      const glob = line.trim();
      if (glob === "" || glob.startsWith("#")) continue;
      try {
        parseGlob(glob);
        globs.push(glob);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const { why, hint } = error;
        const at = { line: index + 1, column: line.indexOf(glob) + 1 };
        this.#problems.push({ input: name, token: glob, at, why, hint });
      }
    }
    return globs;
  }

  #refuse(
    input: string,
    { token = this.text(input), why, hint }: {
      readonly token?: string;
      readonly why: string;
      readonly hint: string;
    },
  ): void {
    this.#problems.push({ input, token, at: null, why, hint });
  }
}
