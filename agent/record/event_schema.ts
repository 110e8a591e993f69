/**
 * The events as valibot checks them, for whoever reads a journal back.
 *
 * @module
 */
import * as v from "valibot";
import { JOURNAL_VERSION } from "./event.ts";

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

const DONE = {
  step: nullableText,
  substep: v.optional(text),
  process: v.nullable(v.object({
    pid: count,
    exe: nullableText,
    args: texts,
    uid: count,
    ancestors: v.array(ancestor, "a list"),
  }, "a process or null")),
  container: nullableText,
};

const JUDGED = {
  ...HEAD,
  decision: v.picklist(["allow", "deny"], '"allow" or "deny"'),
  enforced: flag,
  why: text,
  rule: nullableText,
  ...DONE,
};

/** What every line is. */
export const ANY = v.object({ ...HEAD, kind: text }, "an object");

/** A line of kind `connection`. */
export const CONNECTION = v.object({
  ...JUDGED,
  kind: v.literal("connection"),
  protocol: text,
  direction: v.picklist(["output", "forward"], '"output" or "forward"'),
  source: endpoint,
  destination: endpoint,
  names: texts,
  sni: nullableText,
  asked: v.optional(v.object({ host: text, port: count }, "an endpoint")),
});

/** A line of kind `dns`. */
export const DNS = v.object({
  ...JUDGED,
  kind: v.literal("dns"),
  name: text,
  type: text,
  protocol: v.optional(v.picklist(["udp", "tcp"], '"udp" or "tcp"')),
  server: endpoint,
  answers: v.nullable(texts),
});

/** A line of kind `exec`. */
export const EXEC = v.object({
  ...HEAD,
  ...DONE,
  kind: v.literal("exec"),
  event: v.picklist(["started", "finished"]),
  cwd: nullableText,
  start: time,
  end: v.nullable(time),
  exitCode: v.nullable(count),
  signal: v.nullable(count),
});

/** A line of kind `step`. */
export const STEP = v.object({
  ...HEAD,
  kind: v.literal("step"),
  event: v.picklist(["started", "finished"]),
  step: text,
  substep: v.optional(text),
  source: v.picklist(["log", "environment", "path", "command"]),
  pid: count,
  exitCode: v.optional(v.nullable(count)),
});

/** A line of kind `privilege`. */
export const PRIVILEGE = v.object({
  ...HEAD,
  ...DONE,
  kind: v.literal("privilege"),
  rule: text,
  reason: text,
  denied: flag,
  target: v.optional(ancestor),
  path: v.optional(text),
});

const fileState = v.nullable(
  v.object({
    blob: nullableText,
    sha256: nullableText,
    bytes: v.nullable(count),
    mode: text,
  }, "a file's state or null"),
);

/** A line of kind `file`. */
export const FILE = v.object({
  ...HEAD,
  ...DONE,
  kind: v.literal("file"),
  change: v.picklist([
    "modified",
    "deleted",
    "mode",
    "created",
    "restored",
    "rewritten",
    "mounted",
    "checkout",
    "replaced",
    "read",
  ]),
  subject: v.picklist(["source", "tool", "secret"]),
  path: text,
  overwritten: flag,
  rule: nullableText,
  reason: text,
  before: fileState,
  after: fileState,
  diff: nullableText,
  changedMs: v.optional(v.pipe(v.number("a number"), v.minValue(0))),
  files: v.optional(count),
});

/** A line of kind `container`. */
export const CONTAINER = v.object({
  ...HEAD,
  kind: v.literal("container"),
  id: text,
  name: nullableText,
  image: nullableText,
  step: nullableText,
});

/** The events of kind `agent` that this version knows. */
export const AGENT_EVENTS = [
  ...[
    "armed",
    "stopped",
    "coverage_lost",
    "tampered",
    "impaired",
    "flood",
    "tunnel",
  ] as const,
];
const THINGS = [
  "rules",
  "queue",
  "files",
  "journal",
  "settings",
  "processes",
  "sources",
] as const;
const SOURCES = ["bpf", "audit", "connector"] as const;
const FILE_SOURCES = ["fanotify", "inotify"] as const;
const SIGNS = ["nameBytes", "names", "longNames", "freeTypes"] as const;
const changer = v.object({
  pid: count,
  name: nullableText,
  exe: nullableText,
}, "a process");
/** A line of kind `agent`. */
export const AGENT = v.object({
  ...HEAD,
  kind: v.literal("agent"),
  event: v.picklist(AGENT_EVENTS),
  egress: v.optional(v.picklist(["audit", "block"], '"audit" or "block"')),
  scope: v.optional(v.picklist(["host", "command"], '"host" or "command"')),
  pid: v.optional(count),
  from: v.optional(time),
  to: v.optional(time),
  what: v.optional(v.picklist(THINGS, "a thing of the agent's")),
  held: v.optional(flag),
  by: v.optional(changer),
  processes: v.optional(v.nullable(v.picklist(SOURCES, "an interface"))),
  files: v.optional(v.nullable(v.picklist(FILE_SOURCES, "an interface"))),
  workspaces: v.optional(texts),
  openFlows: v.optional(count),
  message: v.optional(text),
  packets: v.optional(count),
  lost: v.optional(count),
  uid: v.optional(v.nullable(count)),
  address: v.optional(nullableText),
  refused: v.optional(v.record(text, count, "counts by protocol")),
  unjudged: v.optional(count),
  domain: v.optional(text),
  sign: v.optional(v.picklist(SIGNS, "a sign of a tunnel")),
  names: v.optional(count),
  nameBytes: v.optional(count),
});
/** What tells the events of kind `agent` apart. */
export const AGENT_HEAD = v.object({ event: text });

function whole(message: string, least: number) {
  const floor = v.minValue<number, number, string>(least, message);
  return v.pipe(v.number(message), v.safeInteger(message), floor);
}

function isTime(value: string): boolean {
  return TIME.test(value) && !Number.isNaN(Date.parse(value));
}
