/**
 * Tools that are another than when they were used before.
 *
 * @module
 */
import { diffTexts } from "../decide/text_diff.ts";
import { scriptOf } from "../decide/tool_paths.ts";
import { ACT, type FileChange } from "../observe/files/file_source.ts";
import type { ProcessAct, TreeProcess } from "../processes/process_tree.ts";
import { type BytePath, bytePathOf, textOf } from "../../ffi/byte_path.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import type { FileListener, FileWorld } from "./file_listener.ts";
import type { Hand } from "./hands.ts";
import type { ProgramPlaces } from "./program_places.ts";
import { splitPath } from "./sources.ts";
import type { ToolVersion } from "./tool_history.ts";
import { type FoundTool, type Tool, ToolList } from "./tool_list.ts";
import { ToolLooks } from "./tool_looks.ts";
import { ToolVerdicts } from "./tool_verdicts.ts";

/** How long a turn may take; a piece of hashing takes 3 ms. */
const TURN_MS = 4;
/** Names that were executed in one turn. */
const MAX_USES = 8_192;
/** Uses of one tool while it is read. */
const MAX_WAITING = 16;
/** At the end nobody is kept waiting for longer. */
const END_MS = 2_000;
/** The kernel says so of a program that has no place any more. */
const DELETED = " (deleted)";
const MAX_DIRECTORIES = 1_024;
/** By then somebody has written it to an end. */
const ENDS = ACT.CLOSED | ACT.MOVED_HERE | ACT.CREATED;

/** One use of a name. */
interface ToolUse {
  readonly pid: number;
  /** The last of a turn, in microseconds from boot. */
  readonly atUs: number;
  /** The first of that turn. */
  readonly sinceUs: number;
  /** The file that was executed then; null when it is not known. */
  readonly executed: string | null;
  /** The program above it; null when it is not known. */
  readonly user: string | null;
  /** Whether the name is one without links. */
  readonly isReal: boolean;
}

/** A use of a tool that is being read. */
interface Waiting {
  readonly found: FoundTool;
  readonly use: ToolUse;
}

/** The listener for tools. */
export class ToolWatch implements FileListener {
  readonly #world: FileWorld;
  readonly #places: ProgramPlaces;
  readonly #list: ToolList;
  readonly #verdicts: ToolVerdicts;
  readonly #uses = new Map<string, ToolUse>();
  readonly #changed = new Set<Tool>();
  readonly #waiting = new Map<Tool, Waiting[]>();
  readonly #watched = new Set<BytePath>();
  readonly #looks: ToolLooks;
  /** It learns what it is to know when that is used. */
  readonly isReady = true;

  /** @param places Lent; others may ask it too. */
  constructor(world: FileWorld, places: ProgramPlaces) {
    const { libc } = world.processes;
    this.#world = world;
    this.#places = places;
    this.#list = new ToolList(libc, places);
    this.#verdicts = new ToolVerdicts(world);
    this.#looks = new ToolLooks(world, (tool) => {
      const waiting = this.#waiting.get(tool) ?? [];
      this.#waiting.delete(tool);
      for (const { found, use } of waiting) this.#judge(found, use);
    });
  }

  get isBusy(): boolean {
    return this.#uses.size > 0 || this.#changed.size > 0 || this.#looks.isBusy;
  }

  hear(act: ProcessAct, { above, scope }: TreeProcess): void {
    if (act.kind !== "exec" || scope.isInside === false) return;
    this.#places.hear(act);
    const { atUs, pid } = act;
    const by = { pid, user: above[0]?.exe ?? null };
    const use = { ...by, atUs, sinceUs: atUs, executed: null };
    if (act.exe !== null && !act.exe.endsWith(DELETED)) {
      const executed = act.program ?? null;
      this.#use(act.exe, { ...use, executed, isReal: true });
    }
    const script = scriptOf(act);
    if (script !== null) this.#use(script, { ...use, isReal: false });
    const called = act.args[0] ?? "";
    if (called !== act.exe) this.#use(called, { ...use, isReal: false });
  }

  take(change: FileChange): void {
    const tool = this.#list.at(change.path);
    if (tool === null) return;
    this.#looks.hear(change);
    // At once: it may be put back before it is used again.
    if ((change.acts & ENDS) !== 0) this.#changed.add(tool);
  }

  /** Whatever is used is looked at all the same. */
  lose(): void {}

  attend(nowMs: number): void {
    const untilMs = performance.now() + TURN_MS;
    for (const tool of this.#changed) {
      this.#changed.delete(tool);
      this.#looks.see(tool);
    }
    for (const [name, use] of this.#uses) {
      this.#uses.delete(name);
      const found = this.#list.find(name, use.isReal);
      if (found !== null) this.#look(found, use);
      if (performance.now() > untilMs) break;
    }
    while (this.#looks.attend(nowMs) && performance.now() < untilMs);
    this.#verdicts.attend(nowMs);
  }

  end(): void {
    const untilMs = performance.now() + END_MS;
    while (this.isBusy || !this.#looks.isIdle) {
      this.attend(Infinity);
      if (performance.now() > untilMs) break;
    }
    this.#verdicts.attend(Infinity);
  }

  #use(name: string, use: ToolUse): void {
    if (!this.#list.mayBe(name)) return;
    // The last use of a turn: what is right then was right before.
    const earlier = this.#uses.get(name);
    if (earlier === undefined && this.#uses.size >= MAX_USES) return;
    const { sinceUs, executed } = earlier ?? use;
    this.#uses.set(name, { ...use, sinceUs, executed });
  }

  #look(found: FoundTool, use: ToolUse): void {
    const { tool, name, last } = found;
    const isFirst = tool.history.used === null;
    const stamp = this.#looks.see(tool);
    if (isFirst) {
      if (stamp === null) return;
      this.#looks.begin(tool, { ...use, stamp });
    }
    if (isFirst || last !== tool) {
      for (const path of [tool.path, bytePathOf(name)]) this.#watch(path);
    }
    const waiting = this.#waiting.get(tool) ?? [];
    if (this.#looks.isReading(tool)) {
      this.#waiting.set(tool, [...waiting, { found, use }].slice(-MAX_WAITING));
    } else this.#judge(found, use);
  }

  #judge({ tool, name, last }: FoundTool, { user, atUs, pid }: ToolUse): void {
    const names = [name, textOf(tool.path)];
    if (last === tool) {
      const bornUs = (hand: Hand) => this.#bornUs(hand);
      const use = tool.history.use(atUs, { pid, bornUs });
      if (use === null) return;
      return this.#tell({ ...use, changed: tool.path, names, user });
    }
    const [before, after] = [last.history.used, tool.history.last];
    if (before === null || after === null) return;
    if (before.field.sha256 === after.field.sha256) return;
    const changed = bytePathOf(name);
    // The file may be an old one: when the link was changed it does not say.
    const hand = this.#looks.takeHand(changed);
    this.#tell({
      ...{ before, changed, names, user },
      after: { ...after, hand, stamp: { ...after.stamp, ctimeUs: Infinity } },
    });
  }

  #bornUs({ pid, heardUs }: Hand): number {
    if (pid === null) return -Infinity;
    const { programs, catchUp } = this.#world.processes;
    const bornUs = programs.bornUs(pid, heardUs);
    if (bornUs !== -Infinity) return bornUs;
    // What it did may be heard of before that it is there.
    catchUp();
    return programs.bornUs(pid, heardUs);
  }

  #tell(
    { before, after, ...rest }: {
      readonly before: ToolVersion;
      readonly after: ToolVersion;
      readonly changed: BytePath;
      readonly names: readonly string[];
      readonly user: string | null;
    },
  ): void {
    const [was, is] = [before, after].map((each) => this.#looks.textOf(each));
    this.#verdicts.add({
      ...{ ...rest, stamp: after.stamp, hand: after.hand },
      ...{ before: before.field, after: after.field },
      diff: was && is ? diffTexts(was, is) : null,
    }, performance.now());
  }

  #watch(path: BytePath): void {
    const { directory } = splitPath(path);
    if (this.#watched.has(directory)) return;
    if (this.#watched.size >= MAX_DIRECTORIES) return;
    this.#watched.add(directory);
    try {
      this.#world.files.watchDirectory(directory);
    } catch (error) {
      // Then nobody knows who replaces what is in it.
      if (!(error instanceof SystemCallError)) throw error;
    }
  }
}
