/**
 * The command line as values.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { AgentError } from "./errors.ts";

/** Flags that take a value; those with `multiple` may be repeated. */
const FLAGS = {
  policy: { type: "string" },
  egress: { type: "string" },
  allow: { type: "string", multiple: true },
  deny: { type: "string", multiple: true },
  netns: { type: "string" },
  resolver: { type: "string", multiple: true },
  workspace: { type: "string", multiple: true },
  state: { type: "string" },
  journal: { type: "string" },
  watch: { type: "string" },
  "self-test": { type: "boolean" },
  "no-self-test": { type: "boolean" },
  "on-failure": { type: "string" },
  format: { type: "string" },
  output: { type: "string" },
  step: { type: "string" },
  process: { type: "string" },
  scope: { type: "string" },
  install: { type: "boolean" },
  to: { type: "string" },
  check: { type: "boolean" },
  runner: { type: "string", multiple: true },
  help: { type: "boolean", short: "h" },
} as const;

const GUARD_FLAGS = [
  "policy",
  "egress",
  "allow",
  "deny",
  "netns",
  "resolver",
  "workspace",
  "state",
  "journal",
  "watch",
  "self-test",
  "no-self-test",
  "on-failure",
];

/** Which flags each command knows. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  run: GUARD_FLAGS,
  start: GUARD_FLAGS,
  daemon: GUARD_FLAGS,
  action: ["state"],
  job: ["state"],
  caretaker: ["state"],
  stop: ["state"],
  status: ["state"],
  step: ["state"],
  report: ["format", "output"],
  recommend: ["scope"],
  replay: ["policy", "egress", "allow", "deny", "format"],
  explain: ["policy", "egress", "allow", "deny", "step", "process"],
  check: [],
  doctor: ["install"],
  service: ["policy", "runner"],
  hook: [],
  migrate: ["to", "check"],
};

/** What this program and the action start themselves. */
const INTERNAL: ReadonlySet<string> = new Set([
  ...["daemon", "action", "job", "hook", "caretaker"],
]);

/** A parsed command line. */
export interface Options {
  /** Null when only help is asked for. */
  readonly command: string | null;
  readonly flags: Flags;
  /** What follows the command without a dash, before `--`. */
  readonly operands: readonly string[];
  /** What follows `--`; null without one. */
  readonly rest: readonly string[] | null;
}

/** The values of the flags that were given. */
export type Flags = ReturnType<
  typeof parseArgs<{ options: typeof FLAGS; allowPositionals: true }>
>["values"];

/**
 * Parses the command line.
 *
 * @param args Without the program's own name.
 * @throws {AgentError} `usage`.
 */
export function parseOptions(args: readonly string[]): Options {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const rest = end < 0 ? null : args.slice(end + 1);
  const { values, positionals } = parse(own);
  const [command = null, ...operands] = positionals;
  if (values.help || command === null) {
    return { command: null, flags: values, operands, rest };
  }
  const known = COMMANDS[command];
  if (known === undefined || !Object.hasOwn(COMMANDS, command)) {
    throw usage(
      `${JSON.stringify(command)} is no command`,
      `Use one of ${commandNames().join(", ")}`,
    );
  }
  for (const flag of Object.keys(values)) {
    if (known.includes(flag)) continue;
    throw usage(
      `\`sluice ${command}\` has no flag --${flag}`,
      known.length === 0
        ? "Leave it out"
        : `Use ${known.map((name) => `--${name}`).join(", ")}`,
    );
  }
  return { command, flags: values, operands, rest };
}

/** One of a flag's allowed values, or null when it is not given. */
export function choice<T extends string>(
  flag: { readonly name: string; readonly value: string | undefined },
  allowed: readonly T[],
): T | null {
  const { name, value } = flag;
  if (value === undefined) return null;
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw usage(
    `--${name} is ${JSON.stringify(value)}`,
    `Use ${allowed.join(" or ")}`,
  );
}

/** The error for a command line that cannot be meant. */
export function usage(why: string, hint: string): AgentError {
  const what = "Cannot understand the command line";
  return new AgentError("usage", { what, why, hint });
}

/** The commands a user may give. */
export function commandNames(): string[] {
  return Object.keys(COMMANDS).filter((name) => !INTERNAL.has(name));
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: FLAGS,
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw usage(
      said.split(/\.\s/)[0]!.replace(/^[OU]/, (letter) => letter.toLowerCase()),
      "Run `sluice --help`; a command's own flags follow `--`",
    );
  }
}
