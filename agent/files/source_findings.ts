/**
 * What is told of a source that was judged.
 *
 * @module
 */
import type { SourceChange } from "../decide/source_change.ts";
import { diffTexts } from "../decide/text_diff.ts";
import type { FileStateField } from "../record/file_event.ts";
import { deedOf } from "./deeds.ts";
import type { FileClock } from "./file_clock.ts";
import type { Finding } from "./finding.ts";
import type { PendingLook } from "./pending_looks.ts";
import { type Sight, stateOf } from "./sight.ts";
import type { Source } from "./sources.ts";
import type { Stamp } from "./stamp.ts";
import type { Texts } from "./texts.ts";

/** A source that is not as it is to be. */
export interface Changed {
  /** Null for gone. */
  readonly state: FileStateField | null;
  readonly mode: number;
  readonly stamp: Stamp | null;
  /** When it was changed first, microseconds since 1970. */
  readonly sinceUs: number;
}

/** Puts together all that is known of a change at once. */
export function findingOf(
  judged: SourceChange,
  of: {
    readonly pending: PendingLook;
    readonly source: Source;
    readonly sight: Sight;
    /** What it was when it was last told of. */
    readonly changed: Changed | undefined;
    readonly texts: Texts;
    readonly clock: FileClock;
  },
): Finding {
  const { change, overwritten, reason } = judged;
  const { pending, source, sight, changed, texts, clock } = of;
  const { path } = pending;
  const last = judged.before === "last" ? changed : undefined;
  const before = judged.before === "unknown"
    ? null
    : last === undefined
    ? stateOf(source)
    : last.state;
  const old = last === undefined
    ? texts.ofSource(source)
    : texts.find(last.state?.blob ?? null);
  const isCompared = judged.before !== "unknown" && change !== "mode" &&
    old !== null && sight.text !== null;
  const restoredMs = change === "restored" && changed !== undefined
    ? { changedMs: millisecondsFrom(changed.sinceUs, sight.stamp) }
    : {};
  return {
    ...{ change, subject: "source", path, overwritten, reason },
    ...{ before, after: sight.state, ...restoredMs },
    diff: isCompared ? diffTexts(old, sight.text!) : null,
    deed: deedOf(pending, { stamp: sight.stamp, clock }),
  };
}

function millisecondsFrom(sinceUs: number, stamp: Stamp | null): number {
  const us = Math.max(0, (stamp?.ctimeUs ?? sinceUs) - sinceUs);
  return Math.round(us / 10) / 100;
}
