/**
 * Tells of findings: with the process, its step, and what it was done to.
 *
 * @module
 */
import type { Finding } from "../decide/privilege_rules.ts";
import type { ProcessKey } from "../decode/process_record.ts";
import type { ProcessField } from "../record/done.ts";
import type { PrivilegeEvent } from "../record/process_event.ts";
import { redactArguments } from "../record/redact.ts";
import type { KnownSecrets } from "./known_secrets.ts";
import type { StepNames } from "./process_part.ts";
import type { Program } from "./programs.ts";
import { Sparing } from "./sparing.ts";

/**
 * A step's name and the scope of a command may be known only after their first
 * process has done something.
 */
const WAIT_MS = 100;
/** What is not told by then is told as it is. */
const MAX_WAITING = 4_096;

/** What the events are made with. */
export interface PrivilegeEventsOptions {
  /** Takes the events. */
  readonly tell: (event: PrivilegeEvent) => void;
  readonly steps: StepNames;
  readonly secrets: KnownSecrets;
}

/** Something that was found out, and whose it is. */
export interface Found {
  readonly finding: Finding;
  /** Null when nobody knows it any more. */
  readonly program: Program | null;
  readonly isDenied: boolean;
  readonly target?: PrivilegeEvent["target"];
  readonly path?: string;
}

interface Waiting extends Found {
  readonly dueMs: number;
}

/** Holds findings back until their step is known, and tells them. */
export class PrivilegeEvents {
  readonly #options: PrivilegeEventsOptions;
  readonly #sparing = new Sparing();
  /** The oldest first. */
  #waiting: Waiting[] = [];

  constructor(options: PrivilegeEventsOptions) {
    this.#options = options;
  }

  /** Takes in a finding of somebody who is, or may be, inside. */
  add(found: Found, nowMs: number): void {
    if (found.program?.scope.isInside === false) return;
    this.#waiting.push({ ...found, dueMs: nowMs + WAIT_MS });
    if (this.#waiting.length > MAX_WAITING) this.#tell(this.#waiting.shift()!);
  }

  /** Tells those that have waited for long enough. */
  attend(nowMs: number): void {
    let due = 0;
    for (const { dueMs } of this.#waiting) {
      if (dueMs > nowMs) break;
      due++;
    }
    for (const found of this.#waiting.splice(0, due)) this.#tell(found);
  }

  /** Tells all of them. */
  end(): void {
    this.attend(Infinity);
  }

  #tell(found: Waiting): void {
    const { finding, program, isDenied, target, path } = found;
    if (program !== null && program.scope.isInside !== true) return;
    const count = this.#sparing.count(keyOf(found));
    if (count === null) return;
    const { tell, steps } = this.#options;
    const root = program?.root ?? null;
    const name = root === null ? null : steps.find(root);
    const substep = name?.substep ?? null;
    const more = count === 1 ? "" : ` (${count} times)`;
    tell({
      kind: "privilege",
      step: name?.step ?? null,
      ...(substep === null ? {} : { substep }),
      process: program === null ? null : this.#field(program),
      container: null,
      rule: finding.rule,
      reason: this.#redact(finding.reason) + more,
      denied: isDenied,
      ...(target === undefined ? {} : { target }),
      ...(path === undefined ? {} : { path }),
    });
  }

  #field(program: Program): ProcessField {
    const { pid, exe, args, uid, above } = program;
    const redacted = redactArguments(args, this.#options.secrets.values);
    return { pid, exe, args: redacted, uid, ancestors: above };
  }

  /** A reason may quote a command, and a command may hold a secret. */
  #redact(reason: string): string {
    const words = reason.split(" ");
    return redactArguments(words, this.#options.secrets.values).join(" ");
  }
}

/** The same act of the same program in one step. */
function keyOf({ finding, program, target, path }: Found): string {
  const root: ProcessKey | null = program?.root ?? null;
  return JSON.stringify([
    finding.rule,
    program?.exe,
    root === null ? null : [root.pid, root.startUs],
    target?.pid,
    path,
  ]);
}
