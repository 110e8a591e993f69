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
import { filesBlock } from "./markdown_files.ts";
import { code, cut, fence, fit, folded, moreOf } from "./markdown_parts.ts";
import { rightsBlock, stepsBlock } from "./markdown_steps.ts";
import { allowLines, policyLines, proxyLines } from "./policy_text.ts";
import type { Row } from "./row.ts";
import { whyText } from "./why.ts";
import {
  cautionsOf,
  commandOf,
  countOf,
  headOf,
  intervalText,
  ledByOf,
  type Outcome,
  outcomeOf,
  portOf,
  senderOf,
} from "./words.ts";

/**
 * Bytes for each list. GitHub refuses a summary of more than 1 MiB whole, so
 * their sum, with {@linkcode MAX_ENTRIES} names of 300 bytes, stays below.
 */
const BUDGET_BYTES = {
  refused: 200_000,
  "would refuse": 130_000,
  allowed: 90_000,
  /** Of the table and of the diffs each. */
  files: 60_000,
  steps: 20_000,
  rights: 30_000,
  cautions: 60_000,
  withheld: 60_000,
} as const;

/** A longer table is folded. */
const MAX_OPEN_ROWS = 15;

/** Entries of the policy; see {@linkcode BUDGET_BYTES}. */
const MAX_ENTRIES = 1000;

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

/**
 * Renders a summary for a GitHub job.
 *
 * @param summary From `aggregate`.
 * @returns Markdown of less than 1 MiB; lists that are too long end with a count
 * of what is left out.
 */
export function renderMarkdown(summary: Summary): string {
  const { egress, files } = summary;
  const mode = egress === null ? "" : ` (${egress})`;
  const blocks = [
    `## Sluice${mode}: ${headOf(summary)}`,
    overviewOf(summary),
    cautionsBlock(summary),
    filesBlock(files, BUDGET_BYTES.files),
    ...SECTIONS.map((section) => sectionOf(summary, section)),
    stepsBlock(summary, BUDGET_BYTES.steps),
    rightsBlock(summary, BUDGET_BYTES.rights),
    egress === "block" ? additionOf(summary) : policyOf(summary),
    withheldBlock(summary),
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

function overviewOf(summary: Summary): string {
  const { coverage, counts, processes, sources } = summary;
  const shown = coverage.slice(0, 10).map(intervalText).join(", then ");
  const watched = coverage.length === 0 ? "" : `Sluice watches ${shown}. `;
  const { connection, dns } = counts;
  return watched +
    `Allowed: ${countOf(connection.allow, "connection")} and ` +
    `${countOf(dns.allow, "look-up")}. ` +
    `Not allowed: ${countOf(connection.deny, "connection")} and ` +
    `${countOf(dns.deny, "look-up")}.` +
    (processes === null ? "" : ` Programs are heard of by ${processes}.`) +
    (sources === null ? "" : ` Changes of files are heard of by ${sources}.`);
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
  const step = row.step === null ? "" : `<br>in ${code(row.step)}`;
  const rule = row.rule === null ? "" : `<br>${code(row.rule)}`;
  const cells = [
    row.name === null ? "" : code(row.name),
    address === "" ? "" : code(address) + moreAddresses(others.length) + place,
    portOf(row) === 0 ? "" : `${portOf(row)}`,
    escapeMarkdown(cut(row.protocol)),
    code(senderOf(row)) + (command === "" ? "" : `<br>${code(command)}`) + step,
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
