/**
 * Looks at tools, and reads those that are another than before.
 *
 * @module
 */
import type { Content } from "../observe/files/content_hash.ts";
import type { FileChange } from "../observe/files/file_source.ts";
import { kernelIdOf } from "../observe/programs.ts";
import type { FileStateField } from "../record/file_event.ts";
import { type BytePath, textOf } from "../../ffi/byte_path.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { lookAt } from "../../ffi/file_look.ts";
import type { FileWorld } from "./file_listener.ts";
import { type Hand, Hands } from "./hands.ts";
import { grainUs, isSameStamp, type Stamp, stampOf } from "./stamp.ts";
import { Texts } from "./texts.ts";
import type { ToolVersion } from "./tool_history.ts";
import { ToolJobs } from "./tool_jobs.ts";
import type { Tool } from "./tool_list.ts";

/** Larger ones are known by their times alone. */
const MAX_HASHED_BYTES = 1 << 30;

/** Keeps the history of tools. */
export class ToolLooks {
  readonly #world: FileWorld;
  readonly #hands: Hands;
  readonly #jobs: ToolJobs;
  readonly #texts = new Texts();

  /**
   * @param world Lent.
   * @param done Hears of each tool that was to be read, when it was.
   */
  constructor(world: FileWorld, done: (tool: Tool) => void) {
    this.#world = world;
    this.#hands = new Hands(world.clock);
    this.#jobs = new ToolJobs(world.processes.libc, (tool, content) => {
      if (content !== null) this.#take(tool, content);
      done(tool);
    });
  }

  /** Whether there is something to do at once. */
  get isBusy(): boolean {
    return this.#jobs.isBusy;
  }

  /** Whether nothing is to be read, also not later. */
  get isIdle(): boolean {
    return this.#jobs.size === 0;
  }

  /** Whether a tool is still to be read. */
  isReading(tool: Tool): boolean {
    return this.#jobs.has(tool);
  }

  /** Reads for one turn; false when there is nothing to do now. */
  attend(nowMs: number): boolean {
    return this.#jobs.attend(nowMs);
  }

  /** Hears who has changed a tool, or a link to one. */
  hear(change: FileChange): void {
    this.#hands.hear(change);
  }

  /** Who has changed something since that was asked; null for nobody. */
  takeHand(path: BytePath): Hand | null {
    return this.#hands.take(path);
  }

  /** What a version holds; null when it is long, or is not remembered. */
  textOf({ field }: ToolVersion): Uint8Array | null {
    return this.#texts.find(field.blob);
  }

  /** Looks at a tool; null when it is not there. */
  see(tool: Tool): Stamp | null {
    const stamp = this.#stampOf(tool.path);
    const last = tool.history.last?.stamp;
    if (stamp === null) return null;
    const isSame = last !== undefined && isSameStamp(last, stamp);
    if (isSame && stamp.isSure && last.isSure) return stamp;
    tool.history.note(this.#versionOf(tool, stamp));
    if (stamp.bytes <= MAX_HASHED_BYTES) this.#jobs.add(tool, stamp.bytes);
    return stamp;
  }

  /**
   * Begins with a tool that was seen: what came after its first use is not
   * what was used.
   */
  begin(
    tool: Tool,
    { stamp, sinceUs, executed }: {
      readonly stamp: Stamp;
      /** The use, in microseconds from boot. */
      readonly sinceUs: number;
      /** The file that was used, as the kernel counts; null for unknown. */
      readonly executed: string | null;
    },
  ): void {
    const { history } = tool;
    const now = history.last!;
    if (now.fromUs + grainUs(stamp.ctimeUs) <= sinceUs) return;
    // Within a tick the time of a file does not say what came first.
    if (now.fromUs <= sinceUs && !this.#isOther(tool, executed)) return;
    const nothing = { ...stamp, ctimeUs: 0, inode: 0, bytes: -1 };
    const field = { ...now.field, bytes: null };
    history.begin({ stamp: nothing, fromUs: 0, field, hand: null });
    history.note(now);
  }

  #isOther({ path }: Tool, executed: string | null): boolean {
    if (executed === null) return false;
    const id = kernelIdOf(this.#world.processes.libc, textOf(path));
    return id !== null && id !== executed;
  }

  #take(tool: Tool, { look, oid, sha256, bytes }: Content): void {
    const stamp = stampOf(look, this.#world.clock.nowUs());
    const version = this.#versionOf(tool, stamp);
    tool.history.note({ ...version, field: fieldOf(look, { oid, sha256 }) });
    if (bytes !== null) this.#texts.keep(oid, bytes);
  }

  #versionOf({ path }: Tool, stamp: Stamp): ToolVersion {
    return {
      ...{ stamp, field: fieldOf(stamp, null) },
      fromUs: this.#world.clock.toBoot(stamp.ctimeUs),
      hand: this.#hands.take(path),
    };
  }

  #stampOf(path: BytePath): Stamp | null {
    const nowUs = this.#world.clock.nowUs();
    try {
      const look = lookAt(this.#world.processes.libc, path);
      return look === null ? null : stampOf(look, nowUs);
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    }
  }
}

function fieldOf(
  { bytes, mode }: { readonly bytes: number; readonly mode: number },
  hashes: { readonly oid: string; readonly sha256: string | null } | null,
): FileStateField {
  return {
    blob: hashes?.oid ?? null,
    sha256: hashes?.sha256 ?? null,
    bytes,
    mode: (mode & 0o111) === 0 ? "100644" : "100755",
  };
}
