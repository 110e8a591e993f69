/**
 * Looks at sources, and finds out what has happened to them.
 *
 * @module
 */
import { judgeSource, type SourceChange } from "../decide/source_change.ts";
import { ACT } from "../observe/files/file_source.ts";
import { hashContent } from "../observe/files/content_hash.ts";
import type { BytePath } from "../../ffi/byte_path.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { type FileLook, lookAt } from "../../ffi/file_look.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { FileClock } from "./file_clock.ts";
import type { Finding } from "./finding.ts";
import { HELD_MS, isAsLearned, isHeld, sightOnWay } from "./held_looks.ts";
import {
  isBeingWritten,
  isWrittenUnheard,
  sessionsSince,
  STILL_MS,
} from "./look_signs.ts";
import type { PendingLook } from "./pending_looks.ts";
import { GONE, type Sight, sightOf, sightOfLength } from "./sight.ts";
import { type Changed, findingOf } from "./source_findings.ts";
import type { Source, Sources } from "./sources.ts";
import { grainUs, isSameStamp, type Stamp, stampOf } from "./stamp.ts";
import { MAX_TEXT_BYTES, type Texts } from "./texts.ts";

/** Editors take a file away before they put the new one there. */
const GONE_MS = 100;
/** Between two tries to read what changes all the time, and all of them. */
const RETRY_MS = 4;
const MAX_TRIES = 100;

/** What comes of a look. */
export type Outcome =
  | { readonly kind: "nothing" }
  | { readonly kind: "found"; readonly finding: Finding }
  /** It is too early: again at that time. */
  | { readonly kind: "later"; readonly dueMs: number }
  /** Somebody has it open, and has not changed it yet. */
  | { readonly kind: "open" }
  /** The same, and it may be changed without a word: again at that time. */
  | { readonly kind: "held"; readonly dueMs: number };

/** What the looks work with; all of it is lent. */
export interface SourceLooksOptions {
  readonly sources: Sources;
  readonly texts: Texts;
  readonly clock: FileClock;
  /**
   * Called for a file that was changed later than anybody has heard: adds what
   * the kernel has told of it meanwhile.
   */
  readonly onSurprise: (pending: PendingLook) => void;
  /** Whether somebody else decides first what a file is to be. */
  readonly isHeldBack: (path: BytePath) => boolean;
  /** Called for a file that has other names, by which it may be written. */
  readonly onLinked: (path: BytePath) => void;
}

const NOTHING: Outcome = { kind: "nothing" };

/** Remembers what each source was when it was last told of. */
export class SourceLooks {
  readonly #libc: Libc;
  readonly #options: SourceLooksOptions;
  readonly #changed = new Map<BytePath, Changed>();

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, options: SourceLooksOptions) {
    this.#libc = libc;
    this.#options = options;
  }

  /** Forgets that a source was another: it is learned anew. */
  forget(path: BytePath): void {
    this.#changed.delete(path);
  }

  /** Whether a source was another when it was last looked at. */
  isChanged(path: BytePath): boolean {
    return this.#changed.has(path);
  }

  /** Looks at one source, in turns of some milliseconds. */
  *look(pending: PendingLook, nowMs: number): Generator<void, Outcome> {
    const { path } = pending;
    const source = this.#options.sources.find(path);
    if (source === null) return NOTHING;
    if (this.#options.isHeldBack(path)) return laterOn();
    const startUs = this.#options.clock.nowUs();
    const look = this.#lookAt(path);
    if (look === null) return this.#missing(pending, { source, nowMs });
    if (look !== "unreadable") {
      pending.goneSinceMs = null;
      if (look.links > 1) this.#options.onLinked(path);
      if (isBeingWritten(look, { pending, source, nowMs })) {
        return { kind: "later", dueMs: pending.heardAtMs + STILL_MS };
      }
      // What was gone with its directory comes back with the stamp it had.
      const { stamp: known } = this.#changed.get(path) ?? source;
      const stamp = stampOf(look, startUs);
      // Where files are memory, mappings leave their stamps as they were.
      const isClosed = (pending.acts & ACT.CLOSED) !== 0;
      const isSure = known?.isSure === true && !isClosed &&
        pending.holds === 0;
      if (isSure && isSameStamp(known, stamp)) return NOTHING;
      const { bytes } = source;
      const sight = sightOfLength(look, { bytes, nowUs: startUs });
      if (sight !== null) return this.#judge(pending, { source, sight });
    }
    const objectBytes = source.tree.objectBytes;
    const hashed = yield* hashContent(this.#libc, {
      ...{ path, objectBytes, withSha256: true, keepBytes: MAX_TEXT_BYTES },
    });
    if (!hashed.ok) {
      if (hashed.why === "absent") {
        return this.#missing(pending, { source, nowMs });
      }
      if (hashed.why === "changing" && pending.tries++ < MAX_TRIES) {
        return { kind: "later", dueMs: performance.now() + RETRY_MS };
      }
    }
    const seen = sightOf(hashed, startUs);
    if (!isAsLearned(seen, source)) {
      return this.#judge(pending, { source, sight: seen });
    }
    const sight = sightOnWay(this.#libc, { pending, sight: seen });
    const isLast = nowMs === Infinity;
    if (!isLast && (yield* isHeld(this.#libc, { pending, source, sight }))) {
      return { ...laterOn(), kind: "held" };
    }
    return this.#judge(pending, { source, sight });
  }

  #lookAt(path: BytePath): FileLook | null | "unreadable" {
    try {
      return lookAt(this.#libc, path);
    } catch (error) {
      if (error instanceof SystemCallError) return "unreadable";
      throw error;
    }
  }

  #missing(
    pending: PendingLook,
    of: { readonly source: Source; readonly nowMs: number },
  ): Outcome {
    const { source, nowMs } = of;
    pending.goneSinceMs ??= nowMs;
    const dueMs = pending.goneSinceMs + GONE_MS;
    if (nowMs < dueMs) return { kind: "later", dueMs };
    return this.#judge(pending, { source, sight: GONE });
  }

  #judge(
    pending: PendingLook,
    of: { readonly source: Source; readonly sight: Sight },
  ): Outcome {
    const { path } = pending;
    const { source, sight } = of;
    const { state, mode, stamp } = sight;
    this.#assertHeard(pending, stamp);
    // Who was at it before would be taken for who has put this there.
    if (this.#options.isHeldBack(path)) return laterOn();
    const changed = this.#changed.get(path);
    const now = state === null ? null : { mode, oid: state.blob };
    const isUnheard = isWrittenUnheard(pending, { source, stamp });
    const judged = judgeSource(now, {
      baseline: source,
      ...(changed === undefined ? {} : { last: lastOf(changed) }),
      ...{ sessions: sessionsSince(pending, of), isUnheard },
    });
    // While it is known what it was: what has settled is forgotten.
    const finding = judged === null ? null : findingOf(judged, {
      ...{ pending, source, sight, changed },
      ...this.#options,
    });
    if (judged === null || !isOther(judged)) {
      if (judged === null && changed !== undefined) {
        this.#changed.set(path, { ...changed, stamp });
        return NOTHING;
      }
      if (judged === null && pending.isOpen) return { kind: "open" };
      this.#settle(path, { source, sight });
    }
    if (judged === null || finding === null) return NOTHING;
    if (isOther(judged)) {
      const sinceUs = changed?.sinceUs ?? stamp?.ctimeUs ??
        this.#options.clock.nowUs();
      this.#changed.set(path, { state, mode, stamp, sinceUs });
      if (state?.blob != null && sight.text !== null) {
        this.#options.texts.keep(state.blob, sight.text);
      }
    }
    return { kind: "found", finding };
  }

  /** Otherwise whoever was heard of last would be taken for the writer. */
  #assertHeard(pending: PendingLook, stamp: Stamp | null): void {
    const { clock, onSurprise } = this.#options;
    if (pending.acts === 0 || stamp === null) return;
    const agoUs = (performance.now() - pending.heardAtMs) * 1000;
    // The time of a file is that of the last tick: a later change can have it.
    const untilUs = stamp.ctimeUs + grainUs(stamp.ctimeUs);
    if (untilUs > clock.nowUs() - agoUs) onSurprise(pending);
  }

  /** It is as it is to be. */
  #settle(
    path: BytePath,
    of: { readonly source: Source; readonly sight: Sight },
  ): void {
    const { source, sight: { stamp, state } } = of;
    const bytes = state?.bytes ?? source.bytes;
    this.#options.sources.set(path, { ...source, bytes, stamp });
    this.#changed.delete(path);
  }
}

function laterOn(): Outcome & { readonly kind: "later" } {
  return { kind: "later", dueMs: performance.now() + HELD_MS };
}

/** Whether what was judged leaves the source another than it is to be. */
function isOther({ change }: SourceChange): boolean {
  return change !== "restored" && change !== "rewritten";
}

function lastOf({ state, mode }: Changed) {
  return state === null ? null : { mode, oid: state.blob };
}
