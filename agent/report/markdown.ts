/**
 * The report as GitHub-flavoured Markdown: a job's summary, or a comment.
 *
 * @module
 */
import type { Summary } from "./aggregate.ts";
import {
  allowanceFor,
  allowanceForRow,
  proxiesFor,
  withheldFrom,
} from "./allowance.ts";
import { escapeMarkdown } from "./escape.ts";
import { allowLines, policyLines, proxyLines } from "./policy_text.ts";
import type { Row } from "./row.ts";
import { shortenMiddle } from "./table.ts";
import { whyText } from "./why.ts";
import {
  cautionsOf,
  commandOf,
  countOf,
  intervalText,
  ledByOf,
  type Outcome,
  outcomeOf,
  portOf,
  senderOf,
  tallyOf,
} from "./words.ts";

/**
 * Bytes for each list. GitHub refuses a summary of more than 1 MiB whole, so
 * their sum, with {@linkcode MAX_ENTRIES} names of 300 bytes, stays below.
 */
const BUDGET_BYTES = {
  refused: 280_000,
  "would refuse": 200_000,
  allowed: 120_000,
  cautions: 60_000,
  withheld: 60_000,
} as const;

/** Entries of the policy; see {@linkcode BUDGET_BYTES}. */
const MAX_ENTRIES = 1000;

/** Characters of one cell before they are escaped. */
const MAX_CELL_CHARACTERS = 160;

/** A longer table is folded. */
const MAX_OPEN_ROWS = 15;

const SECTIONS: readonly {
  readonly outcome: Outcome;
  readonly title: string;
}[] = [
  { outcome: "refused", title: "Refused" },
  { outcome: "would refuse", title: "Not in the policy" },
  { outcome: "allowed", title: "Allowed" },
];

const HEADER = [
  "| Name | Address | Port | Protocol | Process | Times | Why | Entry |",
  "| --- | --- | ---: | --- | --- | ---: | --- | --- |",
];

const encoder = new TextEncoder();

/**
 * Renders a summary for a GitHub job.
 *
 * @param summary From `aggregate`.
 * @returns Markdown of less than 1 MiB; lists that are too long end with a count
 * of what is left out.
 */
export function renderMarkdown(summary: Summary): string {
  const { rows, egress } = summary;
  const mode = egress === null ? "" : ` (${egress})`;
  const blocks = [
    `## Sluice${mode}: ${tallyOf(rows)}`,
    overviewOf(summary),
    cautionsBlock(summary),
    ...SECTIONS.map((section) => sectionOf(summary, section)),
    egress === "block" ? additionOf(summary) : policyOf(summary),
    withheldBlock(summary),
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

function overviewOf({ coverage, counts }: Summary): string {
  const shown = coverage.slice(0, 10).map(intervalText).join(", then ");
  const watched = coverage.length === 0 ? "" : `Sluice watches ${shown}. `;
  const { connection, dns } = counts;
  return watched +
    `Allowed: ${countOf(connection.allow, "connection")} and ` +
    `${countOf(dns.allow, "look-up")}. ` +
    `Not allowed: ${countOf(connection.deny, "connection")} and ` +
    `${countOf(dns.deny, "look-up")}.`;
}

function cautionsBlock(summary: Summary): string {
  const cautions = cautionsOf(summary);
  if (cautions.length === 0) return "";
  const lines = cautions.map((text) => `> - ${escapeMarkdown(cut(text))}`);
  const fitted = fit(lines, BUDGET_BYTES.cautions);
  const kind = summary.isTampered ? "CAUTION" : "WARNING";
  return [`> [!${kind}]`, ...fitted.lines, ...moreOf(fitted, "> - ")]
    .join("\n");
}

function sectionOf(
  summary: Summary,
  { outcome, title }: { readonly outcome: Outcome; readonly title: string },
): string {
  const rows = summary.rows.filter((row) => outcomeOf(row) === outcome);
  if (rows.length === 0) return "";
  const fitted = fit(
    rows.map((row) => rowOf(row, summary)),
    BUDGET_BYTES[outcome],
  );
  const more = moreOf(fitted, "");
  const table = [...HEADER, ...fitted.lines, ...more.flatMap((m) => ["", m])]
    .join("\n");
  const body = rows.length <= MAX_OPEN_ROWS
    ? table
    : folded(countOf(rows.length, "row"), table);
  return `### ${title}\n\n${body}`;
}

function rowOf(row: Row, summary: Summary): string {
  const [address = "", ...others] = row.addresses;
  const command = commandOf(row);
  const ledBy = ledByOf(row);
  const place = ledBy === null ? "" : `<br>of ${code(ledBy)}`;
  const rule = row.rule === null ? "" : `<br>${code(row.rule)}`;
  const cells = [
    row.name === null ? "" : code(row.name),
    address === "" ? "" : code(address) + moreAddresses(others.length) + place,
    portOf(row) === 0 ? "" : `${portOf(row)}`,
    escapeMarkdown(cut(row.protocol)),
    code(senderOf(row)) + (command === "" ? "" : `<br>${code(command)}`),
    `${row.times}`,
    escapeMarkdown(whyText(row.why).meaning) + rule,
    allowanceForRow(row, summary).map(code).join("<br>"),
  ];
  return `| ${cells.join(" | ")} |`;
}

function moreAddresses(count: number): string {
  return count === 0 ? "" : ` and ${count} more`;
}

function policyOf(summary: Summary): string {
  const entries = allowanceFor(summary, "seen");
  if (entries.length === 0) return "";
  const yaml = fence([
    ...policyLines(entries, MAX_ENTRIES),
    ...proxyLines(proxiesFor(summary, "seen")),
  ]);
  return `### The policy that allows exactly this\n\n${yaml}`;
}

function additionOf(summary: Summary): string {
  const entries = allowanceFor(summary, "refused");
  if (entries.length === 0) return "";
  const yaml = fence([
    ...allowLines(entries, MAX_ENTRIES),
    ...proxyLines(proxiesFor(summary, "refused")),
  ]);
  return folded("What to add to the policy to allow what is refused", yaml);
}

function withheldBlock(summary: Summary): string {
  const which = summary.egress === "block" ? "refused" : "seen";
  const withheld = withheldFrom(summary, which);
  if (withheld.length === 0) return "";
  const lines = withheld.map(({ subject, reason }) =>
    `- ${code(subject)} ${escapeMarkdown(reason)}`
  );
  const fitted = fit(lines, BUDGET_BYTES.withheld);
  const list = [...fitted.lines, ...moreOf(fitted, "- ")].join("\n");
  return folded("What no entry can allow", list);
}

/**
 * GitHub neither links nor mentions inside a code element. The only name
 * without characters is that of the DNS root.
 */
function code(text: string): string {
  return `<code>${text === "" ? "." : escapeMarkdown(cut(text))}</code>`;
}

function cut(text: string): string {
  // The slice bounds the work on a text of megabytes.
  return shortenMiddle(text.slice(0, 10_000), MAX_CELL_CHARACTERS);
}

function folded(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;
}

function fence(lines: readonly string[]): string {
  return ["```yaml", ...lines, "```"].join("\n");
}

interface Fitted {
  readonly lines: readonly string[];
  /** How many lines are left out. */
  readonly more: number;
}

function fit(lines: readonly string[], budgetBytes: number): Fitted {
  let used = 0;
  const fits = lines.findIndex((line) => {
    used += encoder.encode(line).length + 1;
    return used > budgetBytes;
  });
  if (fits === -1) return { lines, more: 0 };
  return { lines: lines.slice(0, fits), more: lines.length - fits };
}

function moreOf({ more }: Fitted, prefix: string): string[] {
  return more === 0 ? [] : [`${prefix}and ${more} more in the JSON report`];
}
