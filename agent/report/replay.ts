/**
 * What another policy changes about a run, counted and in words.
 *
 * @module
 */
import type { ConnectionEvent, DnsEvent, EventHead } from "../record/event.ts";
import { escapeJson, escapeTerminal } from "./escape.ts";
import {
  compareFiles,
  type FileReplay,
  fileReplayLines,
  type RejudgedFile,
} from "./replay_files.ts";
import { policySender } from "./sender.ts";
import { whyText } from "./why.ts";
import { countOf } from "./words.ts";

/** What a policy says about one attempt. */
export interface Verdict {
  /** What the policy says. */
  readonly decision: "allow" | "deny";
  /** False when a refusal is not carried out. */
  readonly enforced: boolean;
  /** One of the codes that why.ts explains. */
  readonly why: string;
  /** The entry that decides; null when none does. */
  readonly rule: string | null;
}

/** One connection or look-up, judged again. */
export interface Rejudged {
  readonly event: EventHead & (ConnectionEvent | DnsEvent);
  readonly after: Verdict;
  /** Whether the name that the client said is not known, and would count. */
  readonly isGuess: boolean;
}

/** Attempts that agree in everything that is said of them. */
export interface Change {
  /** What is refused or let out. */
  readonly kind: "connection" | "dns";
  /** The name, or else the address. */
  readonly subject: string;
  /** 0 where there is none. */
  readonly port: number;
  /** `tcp`, `udp`, `icmp`, an IANA number, or `dns`. */
  readonly protocol: string;
  /** Null when it is not known. */
  readonly step: string | null;
  /** Null when it is not known. */
  readonly exe: string | null;
  /** What was said of the first of them. */
  readonly before: Verdict;
  /** What this policy says. */
  readonly after: Verdict;
  /** How many. */
  readonly times: number;
}

/** What `sluice replay --format json` prints. */
export interface ReplayReport {
  /** Of this shape. */
  readonly version: 1;
  /** How many connections and look-ups were judged. */
  readonly judged: { readonly connection: number; readonly dns: number };
  /** How many are let out or refused as they were. */
  readonly unchanged: number;
  /** Was let out, would be refused. */
  readonly newlyRefused: readonly Change[];
  /** Was refused, would be let out. */
  readonly newlyAllowed: readonly Change[];
  /** What is told otherwise of files. */
  readonly files: FileReplay;
  /** What to know before believing it, one sentence each; not escaped. */
  readonly notes: readonly string[];
}

const MAX_LINES = 100;

/**
 * Compares what was with what would be.
 *
 * @param rejudged From a replay.
 * @param of Files that were judged again, and what else is to be known of the
 * journal and the policy.
 */
export function compareReplay(
  rejudged: readonly Rejudged[],
  of: {
    readonly files?: readonly RejudgedFile[];
    readonly notes?: readonly string[];
  } = {},
): ReplayReport {
  const { files = [], notes = [] } = of;
  const refused = new Map<string, Change>();
  const allowed = new Map<string, Change>();
  let unchanged = 0;
  let guesses = 0;
  let unanswered = 0;
  for (const { event, after, isGuess } of rejudged) {
    if (isGuess) guesses++;
    if (isOut(event) === isOut(after)) unchanged++;
    else if (event.kind === "dns" && isOut(event) && event.answers === null) {
      unanswered++;
    } else add(isOut(after) ? allowed : refused, { event, after });
  }
  const count = (kind: string) =>
    rejudged.filter(({ event }) => event.kind === kind).length;
  // Without an answer then or now, whoever asked goes on in the same way.
  const silent = `${countOf(unanswered, "look-up")} that nobody answered ` +
    "would be refused now, which is not counted.";
  const guess = `Of ${countOf(guesses, "connection")} that would be let out ` +
    "the journal does not say what name the client said: it may be another.";
  return {
    version: 1,
    judged: { connection: count("connection"), dns: count("dns") },
    unchanged: unchanged + unanswered,
    newlyRefused: [...refused.values()],
    newlyAllowed: [...allowed.values()],
    files: compareFiles(files),
    notes: [
      ...notes,
      ...(guesses === 0 ? [] : [guess]),
      ...(unanswered === 0 ? [] : [silent]),
    ],
  };
}

/**
 * Renders for a person at a terminal.
 *
 * @returns Lines, the last with its line break.
 */
export function renderReplay(report: ReplayReport): string {
  const { judged, unchanged, newlyRefused, newlyAllowed, notes } = report;
  const lines = [
    `${countOf(judged.connection, "connection")} and ` +
    `${countOf(judged.dns, "look-up")} judged again: ` +
    `${timesOf(newlyRefused)} would be refused now, ` +
    `${timesOf(newlyAllowed)} let out now, ${unchanged} as before`,
    ...section("Would be refused now:", newlyRefused),
    ...section("Would be let out now:", newlyAllowed),
    ...fileReplayLines(report.files, MAX_LINES),
    ...(notes.length === 0 ? [] : [""]),
    ...notes.slice(0, MAX_LINES).map((note) => `! ${note}`),
  ];
  return `${lines.map(escapeTerminal).join("\n")}\n`;
}

/** Renders for programs: strings are as the journal has them. */
export function renderReplayJson(report: ReplayReport): string {
  return `${escapeJson(JSON.stringify(report, null, 2))}\n`;
}

function section(title: string, changes: readonly Change[]): string[] {
  if (changes.length === 0) return [];
  const more = changes.length - MAX_LINES;
  return [
    "",
    title,
    ...changes.slice(0, MAX_LINES).flatMap(linesOf),
    ...(more > 0 ? [`and ${more} more: --format json has them all`] : []),
  ];
}

function linesOf(change: Change): readonly string[] {
  const { subject, port, protocol, step, exe, after, times } = change;
  const isIpv6 = subject.includes(":");
  const place = isIpv6 ? `[${subject}]` : subject === "" ? "." : subject;
  const what = protocol === "dns"
    ? `${place} (look-up)`
    : `${place}${port === 0 ? "" : `:${port}`}` +
      (protocol === "tcp" ? "" : `/${protocol}`);
  const where = step === null ? "" : ` in step "${step}"`;
  const rule = after.rule === null ? "" : ` The entry is ${after.rule}.`;
  return [
    `  ${what}, ${countOf(times, "time")}, by ${exe ?? "unknown"}${where}`,
    `    ${whyText(after.why).meaning}${rule}`,
  ].map((line) => line.slice(0, 1000));
}

function add(
  changes: Map<string, Change>,
  { event, after }: Pick<Rejudged, "event" | "after">,
): void {
  const { decision, enforced, why, rule } = event;
  const change: Change = {
    kind: event.kind,
    ...placeOf(event),
    ...policySender(event),
    before: { decision, enforced, why, rule },
    after: {
      decision: after.decision,
      enforced: after.enforced,
      why: after.why,
      rule: after.rule,
    },
    times: 1,
  };
  const { before: _, ...rest } = change;
  const key = JSON.stringify(rest);
  const known = changes.get(key);
  changes.set(key, { ...(known ?? change), times: (known?.times ?? 0) + 1 });
}

function placeOf(
  event: Rejudged["event"],
): Pick<Change, "subject" | "port" | "protocol"> {
  if (event.kind === "dns") {
    return { subject: event.name, port: 0, protocol: "dns" };
  }
  const { sni, names, destination, asked, protocol } = event;
  const subject = asked?.host ?? sni ?? names[0] ?? destination.address;
  return { subject, port: asked?.port ?? destination.port, protocol };
}

/** Whether it leaves, whatever is said of it. */
function isOut({ decision, enforced }: Verdict): boolean {
  return decision === "allow" || !enforced;
}

function timesOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { times }) => sum + times, 0);
}
