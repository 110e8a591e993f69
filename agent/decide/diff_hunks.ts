/**
 * Writes the differences of two texts for a person, and stops in time.
 *
 * @module
 */
import type { Lines } from "./diff_lines.ts";

/** Lines of one side that were put in place of lines of the other. */
export interface Change {
  /** Indices of lines: from, and to but not including. */
  readonly removed: readonly [number, number];
  readonly added: readonly [number, number];
}

/** Both sides, and what is between them. */
export interface Changed {
  readonly before: Lines;
  readonly after: Lines;
  /** In order; the lines between two are the same. */
  readonly changes: readonly Change[];
}

/** Changes that stand together. */
type Hunk = readonly [Change, ...Change[]];

const LINE_END = 0x0a;
const MAX_SHOWN_LINES = 400;
/** In a row: what came must be seen even if more than this has gone. */
const MAX_ROW_LINES = 100;
const MIN_ROW_LINES = 2;
/** One line's bytes; of a longer one the part around the difference. */
const MAX_LINE_BYTES = 300;
/** The same, once there is no more room: a little is shown of every change. */
const TIGHT_LINE_BYTES = 100;
/** How much before the difference. */
const LEAD_BYTES = 40;
const MAX_SHOWN_BYTES = 16_384;
const TEXT = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Writes hunks as `diff -u` does; where something is left out, a line that
 * starts with a backslash says so, which `patch` reads over.
 *
 * @param contextLines Around each change.
 */
export function writeHunks(changed: Changed, contextLines: number): string {
  const writer = new HunkWriter(changed, contextLines);
  for (const hunk of group(changed.changes, 2 * contextLines)) {
    writer.write(hunk);
  }
  return writer.text();
}

function group(changes: readonly Change[], maxGap: number): Hunk[] {
  const hunks: [Change, ...Change[]][] = [];
  for (const change of changes) {
    const hunk = hunks.at(-1);
    const end = hunk?.at(-1)?.removed[1];
    if (end !== undefined && change.removed[0] - end <= maxGap) {
      hunk!.push(change);
    } else hunks.push([change]);
  }
  return hunks;
}

class HunkWriter {
  readonly #changed: Changed;
  readonly #contextLines: number;
  readonly #rowLines: number;
  readonly #parts: string[] = [];
  #bytes = 0;
  #lines = 0;
  #unshown = 0;

  constructor(changed: Changed, contextLines: number) {
    this.#changed = changed;
    this.#contextLines = contextLines;
    // Many changes share the room: the last one may be the one that matters.
    const share = Math.floor(MAX_SHOWN_LINES / (2 * changed.changes.length));
    const most = Math.min(MAX_ROW_LINES, share);
    this.#rowLines = Math.max(MIN_ROW_LINES, most);
  }

  text(): string {
    this.#tellUnshown();
    return this.#parts.join("");
  }

  write(hunk: Hunk): void {
    const { before, after } = this.#changed;
    const first = hunk[0];
    const last = hunk.at(-1)!;
    const lead = Math.min(this.#contextLines, first.removed[0]);
    const lines = before.starts.length - 1;
    const trail = Math.min(this.#contextLines, lines - last.removed[1]);
    const range = (side: Lines, from: number, to: number) => {
      const count = to - from + lead + trail;
      // Of no lines, it is the line before them that is named.
      const start = side.skipped + from - lead + (count > 0 ? 1 : 0);
      return `${start},${count}`;
    };
    const old = range(before, first.removed[0], last.removed[1]);
    const now = range(after, first.added[0], last.added[1]);
    this.#tellUnshown();
    this.#parts.push(`@@ -${old} +${now} @@\n`);
    let at = first.removed[0] - lead;
    for (const change of hunk) {
      this.#row(" ", { side: before, from: at, to: change.removed[0] });
      this.#change(change);
      at = change.removed[1];
    }
    this.#row(" ", { side: before, from: at, to: at + trail });
  }

  #change({ removed, added }: Change): void {
    const { before, after } = this.#changed;
    // Where a long line differs from the one that it stood in place of.
    const offset = (index: number) => {
      const other = added[0] + index - removed[0];
      return other < added[1]
        ? sameBytes(lineOf(before, index), lineOf(after, other))
        : 0;
    };
    const [from, to] = removed;
    this.#row("-", { side: before, from, to, offset });
    this.#row("+", {
      ...{ side: after, from: added[0], to: added[1] },
      offset: (index) => {
        const other = removed[0] + index - added[0];
        return other < removed[1] ? offset(other) : 0;
      },
    });
  }

  #row(
    sign: string,
    row: {
      readonly side: Lines;
      readonly from: number;
      readonly to: number;
      readonly offset?: (index: number) => number;
    },
  ): void {
    const { side, from, to, offset = () => 0 } = row;
    for (let index = from; index < to; index++) {
      const isTight = !this.#hasRoom();
      const most = sign === " "
        ? (isTight ? 0 : to - from)
        : (isTight ? 1 : this.#rowLines);
      if (index - from >= most) {
        this.#unshown += to - index;
        return;
      }
      this.#tellUnshown();
      const maxBytes = isTight ? TIGHT_LINE_BYTES : MAX_LINE_BYTES;
      const line = lineOf(side, index);
      const isEnded = line.at(-1) === LINE_END;
      const body = isEnded ? line.subarray(0, -1) : line;
      const shown = body.length <= maxBytes
        ? TEXT.decode(body)
        : excerpt(body, { maxBytes, differsAt: offset(index) });
      const end = isEnded ? "" : "\\ No newline at end of file\n";
      this.#parts.push(`${sign}${shown}\n${end}`);
      this.#lines++;
      this.#bytes += Math.min(body.length, maxBytes);
    }
  }

  #hasRoom(): boolean {
    return this.#lines < MAX_SHOWN_LINES && this.#bytes < MAX_SHOWN_BYTES;
  }

  #tellUnshown(): void {
    if (this.#unshown === 0) return;
    const what = this.#unshown === 1 ? "line is" : "lines are";
    this.#parts.push(`\\ ${this.#unshown} more ${what} not shown\n`);
    this.#unshown = 0;
  }
}

function lineOf({ bytes, starts }: Lines, index: number): Uint8Array {
  return bytes.subarray(starts[index], starts[index + 1]);
}

function sameBytes(one: Uint8Array, other: Uint8Array): number {
  const limit = Math.min(one.length, other.length);
  let at = 0;
  while (at < limit && one[at] === other[at]) at++;
  return at;
}

function excerpt(
  line: Uint8Array,
  { maxBytes, differsAt }: {
    readonly maxBytes: number;
    readonly differsAt: number;
  },
): string {
  const latest = line.length - maxBytes;
  // What is far to the right of nothing is to be found as well.
  let at = differsAt;
  while (at < line.length && isBlank(line[at]!)) at++;
  const from = Math.min(latest, Math.max(0, at - LEAD_BYTES));
  const rest = line.length - from - maxBytes;
  const shown = TEXT.decode(line.subarray(from, from + maxBytes));
  const before = from > 0 ? `[${from} bytes] ` : "";
  return `${before}${shown}${rest > 0 ? ` [${rest} bytes]` : ""}`;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}
