/**
 * Tells of findings about files: with the process, its step, and the policy's
 * exemption.
 *
 * @module
 */
import type { SourceAllowance } from "../decide/policy.ts";
import type { ProcessField } from "../record/done.ts";
import type { FileEvent } from "../record/file_event.ts";
import { redactArguments } from "../record/redact.ts";
import { textOf } from "../../ffi/byte_path.ts";
import type { StepNames } from "../processes/process_part.ts";
import type { ProcessWorld } from "../processes/process_world.ts";
import type { Program } from "../processes/programs.ts";
import type { Deed, Finding } from "./finding.ts";
import { isPlain } from "./git_processes.ts";

/** By then the process programs have told whose deed it is. */
const SETTLE_MS = 30;
/** Then its step has its name, or none. */
const NAMED_MS = 300;
/** What is not told by then is told as it is. */
const MAX_WAITING = 8_192;

/** Who did something, as far as that is known. */
export interface Doer {
  readonly program: Program | null;
  /**
   * Every program that may have had a hand in it; null when there may be
   * others.
   */
  readonly suspects: readonly Program[] | null;
}

/** What the events are made with; all of it is lent. */
export interface FileEventsOptions {
  readonly world: Pick<ProcessWorld, "tell" | "tree" | "programs" | "secrets">;
  readonly steps: StepNames;
  /** The entry of the policy that lets a change pass; null for none. */
  readonly allowanceFor: (
    finding: Finding,
    by: Doer & { readonly step: string | null },
  ) => SourceAllowance | null;
}

interface Waiting {
  readonly finding: Finding;
  readonly addedAtMs: number;
  /** Null while nobody has looked. */
  doer: Doer | null;
}

/** Holds findings back until all is known of them; their order is kept. */
export class FileEvents {
  readonly #options: FileEventsOptions;
  /** The oldest first. */
  #waiting: Waiting[] = [];
  /** How many of them have their doer. */
  #settled = 0;

  constructor(options: FileEventsOptions) {
    this.#options = options;
  }

  /** Takes in a finding. */
  add(finding: Finding, nowMs: number): void {
    this.#waiting.push({ finding, addedAtMs: nowMs, doer: null });
    if (this.#waiting.length <= MAX_WAITING) return;
    this.#tell(this.#waiting.shift()!);
    this.#settled = Math.max(0, this.#settled - 1);
  }

  /** Tells those of which all is known. */
  attend(nowMs: number): void {
    const waiting = this.#waiting;
    for (; this.#settled < waiting.length; this.#settled++) {
      const each = waiting[this.#settled]!;
      if (each.addedAtMs > nowMs - SETTLE_MS) break;
      // By the time that the step has its name, it may be forgotten.
      each.doer = this.#doerOf(each.finding.deed);
    }
    let told = 0;
    while (told < this.#settled && this.#isNamed(waiting[told]!, nowMs)) told++;
    if (told === 0) return;
    this.#settled -= told;
    for (const each of waiting.splice(0, told)) this.#tell(each);
  }

  /** Tells all of them. */
  end(): void {
    this.attend(Infinity);
  }

  #isNamed({ doer, addedAtMs }: Waiting, nowMs: number): boolean {
    const root = doer?.program?.root ?? null;
    return root === null || addedAtMs <= nowMs - NAMED_MS ||
      !this.#options.steps.isPending(root);
  }

  #doerOf({ pid, pids, fromUs, untilUs }: Deed): Doer {
    const { tree, programs } = this.#options.world;
    const span = { fromUs, untilUs };
    const all = (pids ?? []).map((each) =>
      programs.between(each, { ...span, now: tree.find(each) })
    );
    const suspects = pids === null || all.includes(null)
      ? null
      : all.flatMap((each) => each!);
    if (pid === null) return { program: null, suspects };
    const now = tree.find(pid);
    const ran = programs.between(pid, { ...span, now }) ?? [];
    const program = likeliest(ran) ??
      programs.find(pid, { atUs: untilUs, now });
    return { program, suspects };
  }

  #tell({ finding, doer }: Waiting): void {
    const { world, steps, allowanceFor } = this.#options;
    const by = doer ?? this.#doerOf(finding.deed);
    const { program } = by;
    const root = program?.root ?? null;
    const name = root === null ? null : steps.find(root);
    const step = name?.step ?? null;
    const substep = name?.substep ?? null;
    const { change } = finding;
    const isQuiet = change === "checkout" || change === "rewritten";
    const allowance = isQuiet ? null : allowanceFor(finding, { ...by, step });
    const { deed: _, path, ...rest } = finding;
    world.tell(
      {
        kind: "file",
        ...rest,
        path: textOf(path),
        overwritten: finding.overwritten && allowance === null,
        rule: allowance?.text ?? null,
        step,
        ...(substep === null ? {} : { substep }),
        process: program === null ? null : this.#field(program),
        container: null,
      } satisfies FileEvent,
    );
  }

  #field(program: Program): ProcessField {
    const { pid, exe, args, uid, above } = program;
    const { secrets } = this.#options.world;
    const redacted = redactArguments(args, secrets.values);
    return { pid, exe, args: redacted, uid, ancestors: above };
  }
}

/**
 * Of the programs that a process ran around a deed, the one that has done it:
 * the last, as most write right after they were started. Who runs git after his
 * deed wants to be taken for it.
 */
function likeliest(ran: readonly Program[]): Program | null {
  const executed = ran.filter(({ isForked }) => !isForked);
  const others = executed.filter(({ exe }) => exe !== null && !isPlain(exe));
  return others[0] ?? executed[0] ?? ran[0] ?? null;
}
