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
import { type Event, JOURNAL_VERSION } from "./event.ts";

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

/** RFC 3339 with microseconds, so that text order is time order. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

// Each message completes the sentence `"field" is not ...`.
const text = v.string("text");
const nullableText = v.nullable(text);
const flag = v.boolean("true or false");
const count = whole("a whole number from 0 up", 0);
const time = v.pipe(
  text,
  v.check(isTime, "an RFC 3339 time in UTC with microseconds"),
);
const PORT = "a port from 0 to 65535";
const endpoint = v.object({
  address: text,
  port: v.pipe(whole(PORT, 0), v.maxValue(65535, PORT)),
}, "an address with a port");
const ancestor = v.object({ pid: count, exe: nullableText }, "a process");
const texts = v.array(text, "a list");

const HEAD = {
  version: v.literal(JOURNAL_VERSION, `${JOURNAL_VERSION}`),
  seq: whole("a whole number from 1 up", 1),
  time,
};

const JUDGED = {
  ...HEAD,
  decision: v.picklist(["allow", "deny"], '"allow" or "deny"'),
  enforced: flag,
  why: text,
  rule: nullableText,
  step: nullableText,
  process: v.nullable(v.object({
    pid: count,
    exe: nullableText,
    args: texts,
    uid: count,
    ancestors: v.array(ancestor, "a list"),
  }, "a process or null")),
  container: nullableText,
};

const ANY = v.object({ ...HEAD, kind: text }, "an object");

const CONNECTION = v.object({
  ...JUDGED,
  kind: v.literal("connection"),
  protocol: text,
  direction: v.picklist(["output", "forward"], '"output" or "forward"'),
  source: endpoint,
  destination: endpoint,
  names: texts,
  sni: nullableText,
});

const DNS = v.object({
  ...JUDGED,
  kind: v.literal("dns"),
  name: text,
  type: text,
  protocol: v.optional(v.picklist(["udp", "tcp"], '"udp" or "tcp"')),
  server: endpoint,
  answers: v.nullable(texts),
});

const AGENT_EVENTS = [
  ...["armed", "stopped", "coverage_lost", "tampered", "flood"] as const,
] as const;
const AGENT = v.object({
  ...HEAD,
  kind: v.literal("agent"),
  event: v.picklist(AGENT_EVENTS),
  egress: v.optional(v.picklist(["audit", "block"], '"audit" or "block"')),
  scope: v.optional(v.picklist(["host", "command"], '"host" or "command"')),
  pid: v.optional(count),
  from: v.optional(time),
  to: v.optional(time),
  message: v.optional(text),
  packets: v.optional(count),
  lost: v.optional(count),
  uid: v.optional(v.nullable(count)),
  address: v.optional(nullableText),
  refused: v.optional(v.record(text, count, "counts by protocol")),
  unjudged: v.optional(count),
});
const AGENT_HEAD = v.object({ event: text });

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
  const events: Event[] = [];
  const problems = new Problems();
  const lines = journal.split("\n");
  let lastSeq = 0;
  let unreadable = 0;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const read = readLine(line);
    if ("problem" in read) {
      // Every line ends with a line break, so what has none was being written.
      if (read.problem === NOT_JSON && index === lines.length - 1) break;
      problems.add(`line ${index + 1}: ${read.problem}: ${quote(line)}`);
    } else if (read.event !== null) {
      events.push(read.event);
    }
    if (read.seq === null) {
      unreadable++;
      continue;
    }
    // A line that cannot be read has been reported already: it is no gap.
    const missing = read.seq - lastSeq - 1 - unreadable;
    if (missing > 0) {
      problems.add(
        `line ${index + 1}: seq goes from ${lastSeq} to ${read.seq}, ` +
          `${missing} ${missing === 1 ? "event is" : "events are"} missing`,
      );
    } else if (read.seq <= lastSeq) {
      problems.add(
        `line ${index + 1}: seq is ${read.seq} after ${lastSeq}, ` +
          "so lines are repeated or out of order",
      );
    }
    lastSeq = read.seq;
    unreadable = 0;
  }
  return { events, problems: problems.list() };
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

function whole(message: string, least: number) {
  const floor = v.minValue<number, number, string>(least, message);
  return v.pipe(v.number(message), v.safeInteger(message), floor);
}

function isTime(value: string): boolean {
  return TIME.test(value) && !Number.isNaN(Date.parse(value));
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
