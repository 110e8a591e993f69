/**
 * A recommended policy as the YAML that `sluice check` reads.
 *
 * @module
 */
import { splitEntry } from "./entry_text.ts";
import { escapeJson, escapeTerminal } from "./escape.ts";
import { proxyLines, yamlEntry } from "./policy_text.ts";
import type { Recommendation, RecommendedEntry } from "./recommendation.ts";
import type { RecommendedAllowance } from "./source_needs.ts";
import { cautionsOf, countOf } from "./words.ts";

/** Comments of each kind; the report has all. */
const MAX_COMMENTS = 40;
const MAX_COMMENT_CHARACTERS = 400;

const HEAD = [
  "Made by `sluice recommend`: it allows what was done in these runs, right or",
  "wrong. Read it before you use it.",
];

const REFUSED =
  "An entry marked `was refused` opens what was kept closed then.";

/**
 * Writes a policy with what its reader must know as comments.
 *
 * @param recommendation From `recommend`.
 * @returns YAML with a last line break; nothing in it is more than text to a
 * YAML reader, a terminal or a workflow's log.
 */
export function renderRecommendation(recommendation: Recommendation): string {
  const { allow, proxy, sources, withheld, summary } = recommendation;
  const { connection, dns } = summary.counts;
  const seen =
    `Seen: ${countOf(connection.allow + connection.deny, "connection")}` +
    ` and ${countOf(dns.allow + dns.deny, "look-up")}.`;
  const isAnyRefused = allow.some(({ isRefused }) => isRefused);
  const lines = [
    ...[...HEAD, seen, ...(isAnyRefused ? [REFUSED] : [])].map(comment),
    ...listed("Before you believe it:", cautionsOf(summary)),
    ...listed(
      "No entry can allow this:",
      withheld.map(({ subject, reason }) => `"${subject}" ${reason}`),
    ),
    "version: 1",
    "egress: block",
    ...(allow.length === 0
      ? ["allow: []"]
      : ["allow:", ...allow.map((entry) => `  ${entryLine(entry)}`)]),
    ...proxyLines(proxy),
    ...sourceLines(sources),
  ];
  return `${lines.join("\n")}\n`;
}

function entryLine(entry: RecommendedEntry): string {
  const { endpoint, step, process, isRefused } = entry;
  const isScoped = step !== null || process !== null;
  const line = isScoped ? `- ${mapping(entry)}` : yamlEntry(endpoint);
  return isRefused ? `${line} # was refused` : line;
}

function mapping({ endpoint, step, process }: RecommendedEntry): string {
  const { kind, place, port, protocol } = splitEntry(endpoint);
  const pairs: readonly (readonly [string, string | null])[] = [
    [kind, quoted(place)],
    ["port", port],
    ["protocol", protocol],
    ["step", step === null ? null : quoted(step)],
    ["process", process === null ? null : quoted(process)],
  ];
  const written = pairs
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${value}`);
  return `{ ${written.join(", ")} }`;
}

/** What follows is about files: whoever pastes it has to have read this. */
function sourceLines(
  sources: readonly RecommendedAllowance[],
): readonly string[] {
  if (sources.length === 0) return [];
  return [
    comment(
      "What changed sources or tools, or read credentials: leave in what is",
    ),
    comment("meant to."),
    "source:",
    "  allow:",
    ...sources.map(({ path, process, step }) => {
      const pairs = [["path", path], ["process", process], ["step", step]]
        .flatMap(([key, value]) =>
          typeof value === "string" ? [`${key}: ${quoted(value)}`] : []
        );
      return `    - { ${pairs.join(", ")} }`;
    }),
  ];
}

/** JSON's strings are YAML's, and say the same to every reader. */
function quoted(text: string): string {
  return escapeReplacement(escapeJson(JSON.stringify(text)));
}

function listed(title: string, texts: readonly string[]): readonly string[] {
  if (texts.length === 0) return [];
  const more = texts.length - MAX_COMMENTS;
  return [
    comment(title),
    ...texts.slice(0, MAX_COMMENTS).map((text) =>
      comment(`  ${escapeTerminal(text.slice(0, MAX_COMMENT_CHARACTERS))}`)
    ),
    ...(more > 0 ? [comment(`  and ${more} more: see the report`)] : []),
  ];
}

function comment(text: string): string {
  return escapeReplacement(`# ${text}`);
}

/** What stands for bytes that are no text would make the file unreadable. */
function escapeReplacement(text: string): string {
  return text.replaceAll("\ufffd", "\\ufffd");
}
