/**
 * Telling the demo: paced and coloured for a person at a terminal, plain text
 * for anything else.
 *
 * @module
 */

/** How long a person is given to read what was just said. */
const PAUSE_MS = 1_500;

const RESET = "\x1b[0m";

/** ECMA-48 section 8.3.117. */
const STYLES = { bold: "\x1b[1m", dim: "\x1b[2m", red: "\x1b[31m" } as const;

/** A name of {@linkcode STYLES}. */
export type Style = keyof typeof STYLES;

/** Where the demo is told. */
export class Stage {
  readonly #isTerminal: boolean;
  readonly #hasColor: boolean;

  /** Looks at what standard output is. */
  constructor() {
    this.#isTerminal = Deno.stdout.isTerminal();
    this.#hasColor = this.#isTerminal && !Deno.env.get("NO_COLOR");
  }

  /**
   * Says something.
   *
   * @param text One line or several; without any, an empty line.
   * @param style How it looks where colours are seen.
   */
  say(text = "", style?: Style): void {
    const styled = style !== undefined && this.#hasColor && text !== "";
    console.log(styled ? `${STYLES[style]}${text}${RESET}` : text);
  }

  /** Shows what a program printed, set off from what the demo says. */
  show(output: string): void {
    for (const line of output.trim().split("\n")) {
      this.say(`   | ${line}`.trimEnd(), "dim");
    }
  }

  /** Lets a person read. */
  async pause(): Promise<void> {
    if (!this.#isTerminal) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
