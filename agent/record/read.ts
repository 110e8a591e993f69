/**
 * Reads a journal back, whoever wrote it and however it ended.
 *
 * A journal holds names, paths and arguments that a hostile build chose, and a
 * kill may cut it anywhere: nothing in it makes the reader throw.
 *
 * What version 1 means to this reader, so that a journal outlives the agent:
 *
 * - fields that it does not know are left out;
 * - kinds, and events of kind `agent`, that it does not know are left out
 *   without a problem when the line's head is sound: a later agent adds them;
 * - any other `version`, and a known field that is missing or of a wrong type,
 *   make the line a problem, and its event is left out.
 *
 * @module
 */
import * as v from "valibot";
import type { Event } from "./event.ts";
import {
  AGENT,
  AGENT_EVENTS,
  AGENT_HEAD,
  ANY,
  CONNECTION,
  CONTAINER,
  DNS,
  EXEC,
  FILE,
  PRIVILEGE,
  STEP,
} from "./event_schema.ts";
import { readExecLine } from "./exec_line.ts";

/** A journal as far as it can be read. */
export interface Journal {
  /** In the order of the lines. */
  readonly events: readonly Event[];
  /** One sentence each, printable ASCII only, with the line's number. */
  readonly problems: readonly string[];
}

/** More say nothing new, and a hostile file could hold millions. */
const MAX_PROBLEMS = 100;

const NOT_JSON = "the line is not JSON";

const MAX_QUOTED_CHARACTERS = 60;

/** What one line comes to; `null` is a line that is left out on purpose. */
type Line =
  | { readonly event: Event | null; readonly seq: number }
  | { readonly problem: string; readonly seq: number | null };

/**
 * Reads every line that can be read and says what is wrong with the others.
 *
 * The last line may be cut short, which a kill or a writer at work leaves: that
 * is no problem. Empty lines are none either.
 *
 * @param journal The whole file, as UTF-8 text.
 * @returns The events, and what was found wrong: broken lines, other versions,
 * fields of a wrong type, and gaps in `seq`; at most 100 problems and a count.
 */
export function readJournal(journal: string): Journal {
  const reader = new JournalReader();
  const lines = journal.split("\n");
  const rest = lines.pop()!;
  for (const line of lines) reader.add(line);
  return reader.finish(rest);
}

/** Reads line by line what is too much to be held as a whole. */
export class JournalReader {
  readonly #events: Event[] = [];
  readonly #problems = new Problems();
  readonly #isBrief: boolean;
  readonly #steps = new Map<string, string | null>();
  #lineNumber = 0;
  #lastSeq = 0;
  #unreadable = 0;

  /**
   * @param options `isBrief`: whether events of kind `exec`, which are most of
   * a journal, are read only as far as it takes to count them by step.
   */
  constructor(options: { readonly isBrief?: boolean } = {}) {
    this.#isBrief = options.isBrief ?? false;
  }

  /** @param line One that ended with a line break, without that. */
  add(line: string): void {
    this.#read(line, false);
  }

  /**
   * Ends the journal.
   *
   * @param rest What stands behind the last line break.
   */
  finish(rest: string): Journal {
    this.#read(rest, true);
    return { events: this.#events, problems: this.#problems.list() };
  }

  #read(line: string, isLast: boolean): void {
    const number = ++this.#lineNumber;
    if (line.trim() === "") return;
    const exec = this.#isBrief ? readExecLine(line, this.#steps) : null;
    const read = exec === null
      ? readLine(line)
      : { event: exec, seq: exec.seq };
    if ("problem" in read) {
      // Every line ends with a line break, so what has none was being written.
      if (read.problem === NOT_JSON && isLast) return;
      this.#problems.add(`line ${number}: ${read.problem}: ${quote(line)}`);
    } else if (read.event !== null) {
      this.#events.push(read.event);
    }
    if (read.seq === null) this.#unreadable++;
    else this.#follow(read.seq, number);
  }

  #follow(seq: number, line: number): void {
    const last = this.#lastSeq;
    // A line that cannot be read has been reported already: it is no gap.
    const missing = seq - last - 1 - this.#unreadable;
    if (missing > 0) {
      this.#problems.add(
        `line ${line}: seq goes from ${last} to ${seq}, ` +
          `${missing} ${missing === 1 ? "event is" : "events are"} missing`,
      );
    } else if (seq <= last) {
      this.#problems.add(
        `line ${line}: seq is ${seq} after ${last}, ` +
          "so lines are repeated or out of order",
      );
    }
    this.#lastSeq = seq;
    this.#unreadable = 0;
  }
}

function readLine(line: string): Line {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return { problem: NOT_JSON, seq: null };
  }
  const any = v.safeParse(ANY, raw);
  if (!any.success) return { problem: describe(any.issues[0]), seq: null };
  const { kind, seq } = any.output;
  const event = readEvent(kind, raw);
  if (event === null || event.success) {
    return { event: event?.output ?? null, seq };
  }
  return { problem: describe(event.issues[0]), seq };
}

function readEvent(kind: string, raw: unknown) {
  switch (kind) {
    case "connection":
      return v.safeParse(CONNECTION, raw);
    case "dns":
      return v.safeParse(DNS, raw);
    case "exec":
      return v.safeParse(EXEC, raw);
    case "step":
      return v.safeParse(STEP, raw);
    case "privilege":
      return v.safeParse(PRIVILEGE, raw);
    case "file":
      return v.safeParse(FILE, raw);
    case "container":
      return v.safeParse(CONTAINER, raw);
    case "agent": {
      const head = v.safeParse(AGENT_HEAD, raw);
      const isLater = head.success &&
        !AGENT_EVENTS.some((known) => known === head.output.event);
      return isLater ? null : v.safeParse(AGENT, raw);
    }
    default:
      return null;
  }
}

/** Says what an issue is about; only our own words, never the line's. */
function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  if (path === null) return "the line is not an object";
  if (issue.received === "undefined") return `"${path}" is missing`;
  return `"${path}" is not ${issue.message}`;
}

/** The start of a hostile text, in printable ASCII. */
function quote(line: string): string {
  const start = line.slice(0, MAX_QUOTED_CHARACTERS).replace(
    /[^\x20-\x7e]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
  return line.length > MAX_QUOTED_CHARACTERS ? `${start}...` : start;
}

class Problems {
  readonly #kept: string[] = [];
  #more = 0;

  add(problem: string): void {
    if (this.#kept.length < MAX_PROBLEMS) this.#kept.push(problem);
    else this.#more++;
  }

  list(): readonly string[] {
    if (this.#more === 0) return this.#kept;
    return [...this.#kept, `${this.#more} more problems are not listed`];
  }
}
