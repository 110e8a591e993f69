/**
 * What is told of a tool that was replaced, once it is known by whom.
 *
 * @module
 */
import { judgeToolChange, type ToolWriter } from "../decide/tool_change.ts";
import type { FileStateField } from "../record/file_event.ts";
import type { BytePath } from "../../ffi/byte_path.ts";
import { spanBefore } from "./deeds.ts";
import { aboveInStep, executedOf, isOfRoot, realScriptOf } from "./doers.ts";
import type { FileWorld } from "./file_listener.ts";
import { type Deed, unknownDeed } from "./finding.ts";
import type { Hand } from "./hands.ts";
import type { Stamp } from "./stamp.ts";

/** By then the process programs have told what the writer is. */
const SETTLE_MS = 40;
const MAX_WAITING = 1_024;

/** A tool that is another than before. */
export interface ReplacedTool {
  /** What is another since: a file, or a link to one. */
  readonly changed: BytePath;
  /** As it was called, and without links. */
  readonly names: readonly string[];
  /** The program that came to use it; null when it is not known. */
  readonly user: string | null;
  readonly before: FileStateField;
  readonly after: FileStateField;
  readonly diff: string | null;
  /** Of the file that is there now. */
  readonly stamp: Stamp;
  /** Null when nobody was heard of. */
  readonly hand: Hand | null;
}

/** Holds them back for a moment. */
export class ToolVerdicts {
  readonly #world: FileWorld;
  /** The oldest first. */
  #waiting: { readonly tool: ReplacedTool; readonly dueMs: number }[] = [];

  /** @param world Lent. */
  constructor(world: FileWorld) {
    this.#world = world;
  }

  /** Takes in a tool. */
  add(tool: ReplacedTool, nowMs: number): void {
    this.#waiting.push({ tool, dueMs: nowMs + SETTLE_MS });
    if (this.#waiting.length <= MAX_WAITING) return;
    this.#judge(this.#waiting.shift()!.tool);
  }

  /** Judges those that have waited for long enough. */
  attend(nowMs: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.dueMs <= nowMs) {
      this.#judge(this.#waiting.shift()!.tool);
    }
  }

  #judge(tool: ReplacedTool): void {
    const { changed: path, names: paths, user, before, after, diff } = tool;
    const deed = this.#deedOf(tool);
    const writer = this.#writerOf(deed);
    const finding = judgeToolChange({ paths, writer, user });
    this.#world.find({
      ...{ change: "replaced", subject: "tool", path },
      ...finding,
      ...{ before, after, diff, deed },
    });
  }

  /** The file's own time says when, unless somebody has touched it since. */
  #deedOf({ stamp, hand }: ReplacedTool): Deed {
    const { clock } = this.#world;
    if (hand === null || hand.pid === null) {
      const changedUs = clock.toBoot(stamp.ctimeUs);
      return unknownDeed(Math.min(changedUs, clock.bootUs()));
    }
    const { pid, heardUs } = hand;
    return { pid, pids: [pid], ...spanBefore(heardUs, { stamp, clock }) };
  }

  #writerOf({ pid, fromUs, untilUs }: Deed): ToolWriter | null {
    if (pid === null) return null;
    const { libc, tree, programs } = this.#world.processes;
    const now = tree.find(pid);
    const all = programs.between(pid, { fromUs, untilUs, now }) ?? [];
    const [last, ...others] = executedOf(all);
    const program = last ?? programs.find(pid, { atUs: untilUs, now });
    if (program === null) return null;
    const { exe } = program;
    return {
      exe,
      script: realScriptOf(this.#world.processes, program),
      isSure: last !== undefined && exe !== null && isOfRoot(libc, exe) &&
        others.every((other) => other.exe === exe),
      above: aboveInStep(program),
    };
  }
}
