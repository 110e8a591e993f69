/**
 * What it means that a source is, or was, another than it should be.
 *
 * @module
 */

/** What a source is at a moment, as far as it is compared. */
export interface SourceState {
  /** As git writes it: 0o100644, 0o100755 or 0o120000. */
  readonly mode: number;
  /** The object id of its content; null of one that could not be read. */
  readonly oid: string | null;
}

/** What was seen of a source beside its state. */
export interface SourceHistory {
  /** What it is to be. */
  readonly baseline: SourceState;
  /**
   * What it was when it was last told of, null for gone; missing when it was
   * as it is to be.
   */
  readonly last?: SourceState | null;
  /** How often it was written to an end since it was last looked at. */
  readonly sessions: number;
  /** Whether it was changed by somebody of whom no writing was heard. */
  readonly isUnheard: boolean;
}

/** What has happened. */
export interface SourceChange {
  readonly change:
    | "modified"
    | "deleted"
    | "mode"
    | "restored"
    | "rewritten";
  /** Whether the source was another for a while, or is. */
  readonly overwritten: boolean;
  /** What it was before: as it is to be, as it was told last, or unknown. */
  readonly before: "baseline" | "last" | "unknown";
  /** One sentence for a person, without its full stop. */
  readonly reason: string;
}

const LINK = 0o120000;
const EXECUTABLE = 0o111;

/**
 * What has happened to a source.
 *
 * @param now Null when it is gone.
 * @returns Null for nothing that is to be told.
 */
export function judgeSource(
  now: SourceState | null,
  history: SourceHistory,
): SourceChange | null {
  const { baseline, last } = history;
  const before = last === undefined ? "baseline" : "last";
  if (now === null) {
    if (last === null) return null;
    const reason = "a tracked file is gone";
    return { change: "deleted", overwritten: true, before, reason };
  }
  if (hasContentOf(now, baseline)) return judgeContent(now, history);
  if (last != null && hasContentOf(now, last)) {
    return now.mode === last.mode ? null : modeChange(now, "last");
  }
  const reason = modifiedReason(now, baseline);
  return { change: "modified", overwritten: true, before, reason };
}

/** The content is as it is to be. */
function judgeContent(
  now: SourceState,
  { baseline, last, sessions, isUnheard }: SourceHistory,
): SourceChange | null {
  if (now.mode !== baseline.mode) {
    if (last === null || (last !== undefined && !hasContentOf(now, last))) {
      const reason = "a tracked file has its content again, and another mode";
      return {
        ...{ change: "modified", overwritten: true },
        ...{ before: "last", reason },
      };
    }
    if (last != null && isSame(now, last)) return null;
    return modeChange(now, last === undefined ? "baseline" : "last");
  }
  if (last !== undefined) {
    const reason = "a tracked file was another for a while";
    return { change: "restored", overwritten: true, before: "last", reason };
  }
  if (isUnheard || sessions > 1) {
    const reason = isUnheard
      ? "a tracked file was written through memory, or by a name of its that " +
        "is elsewhere, and has its content again"
      : `a tracked file was written ${sessions} times before anybody could ` +
        "look, and has its content again";
    return { change: "restored", overwritten: true, before: "unknown", reason };
  }
  if (sessions === 0) return null;
  const reason = "a tracked file was written with the content that it had";
  return {
    ...{ change: "rewritten", overwritten: false },
    ...{ before: "baseline", reason },
  };
}

function modeChange(
  { mode }: SourceState,
  before: SourceChange["before"],
): SourceChange {
  const reason = (mode & EXECUTABLE) !== 0
    ? "a tracked file was made executable"
    : "a tracked file is executable no more";
  return { change: "mode", overwritten: true, before, reason };
}

function modifiedReason(now: SourceState, baseline: SourceState): string {
  if (isLink(now) && !isLink(baseline)) {
    return "a symbolic link is in the place of a tracked file";
  }
  if (!isLink(now) && isLink(baseline)) {
    return "a file is in the place of a tracked symbolic link";
  }
  if (now.oid === null) return "a tracked file is another, and was not read";
  return isLink(now)
    ? "a tracked symbolic link leads elsewhere"
    : "a tracked file has another content";
}

function hasContentOf(now: SourceState, baseline: SourceState): boolean {
  return now.oid === baseline.oid && isLink(now) === isLink(baseline);
}

function isSame(one: SourceState, other: SourceState): boolean {
  return one.mode === other.mode && one.oid === other.oid;
}

function isLink({ mode }: SourceState): boolean {
  return mode === LINK;
}
