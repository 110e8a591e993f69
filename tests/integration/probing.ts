/**
 * Attempts to get out, made by a C program: any socket, mark and port.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import dnsPacket from "dns-packet";
import { type CommandResult, runOrThrow } from "../lab/command.ts";
import type { Lab, LabRunOptions } from "../lab/lab.ts";
import { ADDRESSES, type Side } from "../lab/topology.ts";

/** One attempt and what came of it. */
export interface Attempt {
  /** When it began, seconds since 1970. */
  readonly at: number;
  /** `address:port`. */
  readonly to: string;
  /** `ok`, `answered`, `silence` or the name of an errno. */
  readonly result: string;
  readonly ms: number;
  /** In hexadecimal digits. */
  readonly answer: string;
}

/** A DNS question to send. */
export interface Question {
  readonly name: string;
  readonly type?: "A" | "AAAA" | "TXT";
  readonly id?: number;
  /** With an OPT record. Default true. */
  readonly edns?: boolean;
}

/** Of a DNS message as dns-packet decodes it, what is looked at here. */
export interface Message {
  readonly id: number;
  readonly rcode: string;
  readonly questions: readonly {
    readonly name: string;
    readonly type: string;
  }[];
  readonly answers: readonly {
    readonly type: string;
    readonly data: unknown;
  }[];
  readonly additionals: readonly {
    readonly type: string;
    readonly options?: readonly {
      readonly code: number;
      readonly data: Uint8Array;
    }[];
  }[];
}

/** What a refusal looks like to a socket, from the agent or from the rules. */
export const REFUSALS: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "EACCES",
  "EPERM",
]);

/** A time-out would be seconds. */
const AT_ONCE_MS = 1_000;

const SOURCE = fileURLToPath(new URL("./probe.c", import.meta.url));

/** The program, compiled into a lab's directory. */
export class Probe {
  readonly #lab: Lab;
  /** Where it is. */
  readonly path: string;

  private constructor(lab: Lab) {
    this.#lab = lab;
    this.path = `${lab.directory}/probe`;
  }

  /** @throws {Error} When gcc refuses, also for a warning. */
  static async compile(lab: Lab): Promise<Probe> {
    const probe = new Probe(lab);
    const strict = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"];
    await runOrThrow(["gcc", ...strict, "-o", probe.path, SOURCE]);
    return probe;
  }

  /**
   * Makes all attempts of one command line.
   *
   * @param side Where.
   * @param args As the comment in its source says, separated by spaces.
   * @param options Such as the user.
   */
  async run(
    side: Side,
    args: string,
    options: LabRunOptions = {},
  ): Promise<Attempt[]> {
    const command = [this.path, ...args.split(" ")];
    return attemptsOf(await this.#lab.in(side, command, options));
  }

  /** Makes one attempt. */
  async one(side: Side, args: string): Promise<Attempt> {
    const [attempt, ...others] = await this.run(side, args);
    assert.ok(attempt !== undefined && others.length === 0, args);
    return attempt;
  }

  /**
   * Sends a DNS message and reads the answer.
   *
   * @param side Where.
   * @param question A question, or a message in hexadecimal digits.
   * @param options To whom.
   */
  async ask(
    side: Side,
    question: Question | string,
    options: { readonly server?: string } = {},
  ): Promise<Attempt & { readonly message: Message | null }> {
    const hex = typeof question === "string" ? question : encodeQuery(question);
    const { server = ADDRESSES.resolver.ipv4 } = options;
    const attempt = await this.one(side, `udp ${server} 53 ${hex}`);
    const bytes = Buffer.from(attempt.answer, "hex");
    const isAnswer = attempt.result === "answered";
    return { ...attempt, message: isAnswer ? dnsPacket.decode(bytes) : null };
  }
}

/** Reads what the program printed. */
export function attemptsOf(result: CommandResult): Attempt[] {
  assert.equal(result.code, 0, result.stderr);
  return result.stdout.trim().split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** A query in hexadecimal digits. */
export function encodeQuery(question: Question): string {
  const { name, type = "A", id = 4660, edns = true } = question;
  return dnsPacket.encode({
    type: "query",
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type, name }],
    additionals: edns ? [EDNS] : [],
  }).toString("hex");
}

const EDNS = {
  type: "OPT",
  name: ".",
  udpPayloadSize: 1232,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** Asserts that an attempt was refused at once, and says how fast. */
export function assertRefused(attempt: Attempt): void {
  const { result, ms, to } = attempt;
  assert.ok(REFUSALS.has(result), `${to}: ${result} after ${ms} ms`);
  assert.ok(ms < AT_ONCE_MS, `${to}: ${result} after ${ms} ms`);
  console.log(`${to}: ${result} after ${ms.toFixed(2)} ms`);
}
