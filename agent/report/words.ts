/**
 * Words that every form of the report uses: plain English, not escaped.
 *
 * @module
 */
import type { Summary } from "./aggregate.ts";
import type { Interval } from "./coverage.ts";
import { fileCautions, filesTally } from "./file_words.ts";
import { floodText } from "./flood.ts";
import { privilegeText, SUDO_RULE } from "./privilege.ts";
import type { Row } from "./row.ts";
import type { StepSummary } from "./steps.ts";
import { tunnelText } from "./tunnel.ts";

/** What becomes of a row's attempts. */
export type Outcome = "allowed" | "refused" | "would refuse";

/** Characters of a command line that a report shows. */
const MAX_COMMAND_CHARACTERS = 200;

/** What became of the attempts of a row. */
export function outcomeOf({ decision, enforced }: Row): Outcome {
  if (decision === "allow") return "allowed";
  return enforced ? "refused" : "would refuse";
}

/** The host or address that a row is about, with its port where there is one. */
export function subjectOf(row: Row): string {
  const { name, addresses, protocol } = row;
  const port = portOf(row);
  const host = name ?? addresses[0] ?? "";
  if (protocol === "dns") return `${host === "" ? "." : host} (look-up)`;
  const isIpv6 = name === null && host.includes(":");
  const place = isIpv6 ? `[${host}]` : host;
  const suffix = port === 0 ? "" : `:${port}`;
  return `${place}${suffix}${protocol === "tcp" ? "" : `/${protocol}`}`;
}

/** The port of what a row is about: by a proxy, it is not the proxy's own. */
export function portOf({ asked, port }: Row): number {
  return asked?.port ?? port;
}

/**
 * The name that led to the address at which the client said another one; null
 * when it said none, or one that leads there.
 */
export function ledByOf({ sni, names }: Row): string | null {
  return sni === null || names.includes(sni) ? null : names[0] ?? null;
}

/** The sender as one word: its executable, its container, or what is known. */
export function senderOf({ process, container }: Row): string {
  if (process !== null) return process.exe ?? `pid ${process.pid}`;
  return container === null ? "unknown" : `container ${container}`;
}

/** What a step did, in few words: `Build (12 programs, 3 not allowed)`. */
export function stepText(row: StepSummary): string {
  const { step, programs, allowed, denied, files } = row;
  const parts = [
    [programs, countOf(programs, "program")],
    [allowed, `${allowed} allowed`],
    [denied, `${denied} not allowed`],
    [files, `${countOf(files, "finding")} about files`],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([, text]) => text);
  const did = told.length === 0 ? "nothing" : told.join(", ");
  return `${step ?? "outside of steps"} (${did})`;
}

/** The sender's command line; empty when it is not known. */
export function commandOf({ process }: Row): string {
  if (process === null) return "";
  // Slices first: a hostile argument can be megabytes long.
  return process.args.slice(0, MAX_COMMAND_CHARACTERS)
    .map((argument) => argument.slice(0, MAX_COMMAND_CHARACTERS))
    .join(" ").slice(0, MAX_COMMAND_CHARACTERS);
}

/** What was found, in the first line. */
export function headOf({ rows, files }: Summary): string {
  const tally = filesTally(files);
  return tallyOf(rows) + (tally === "" ? "" : `, ${tally}`);
}

/** How many rows came to what: `3 endpoints: 2 refused, 1 allowed`. */
function tallyOf(rows: readonly Row[]): string {
  if (rows.length === 0) return "nothing contacted";
  const tally = (outcome: Outcome) =>
    rows.filter((row) => outcomeOf(row) === outcome).length;
  const parts = [
    [tally("refused"), "refused"],
    [tally("would refuse"), "not in the policy"],
    [tally("allowed"), "allowed"],
  ] as const;
  const words = parts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  return `${countOf(rows.length, "endpoint")}: ${words.join(", ")}`;
}

/** A number with its noun: `1 endpoint`, `2 endpoints`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** What a reader must know before believing the rest, one sentence each. */
export function cautionsOf(summary: Summary): readonly string[] {
  const { coverage, lost, lostEvents, floods, tampered, problems } = summary;
  const cautions = [...tampered];
  if (summary.isTampered) {
    cautions.unshift("TAMPERED: somebody has changed what guards this run.");
  }
  cautions.push(
    ...fileCautions(summary.files),
    ...summary.privileges
      .filter(({ rule }) => rule !== SUDO_RULE)
      .map(privilegeText),
    ...lost.map((interval) =>
      `Coverage is missing ${intervalText(interval)}: ` +
      "what happens then is not in this report."
    ),
  );
  if (coverage.length === 0 && lost.length === 0) {
    cautions.push("The journal does not show that Sluice watched at all.");
  }
  if (lostEvents > 0) {
    cautions.push(
      `${countOf(lostEvents, "event")} could not be written to the journal.`,
    );
  }
  cautions.push(...summary.tunnels.map(tunnelText));
  cautions.push(...summary.impaired, ...floods.map(floodText));
  cautions.push(...problems.map((problem) => `Journal, ${problem}`));
  return cautions;
}

/** `from A to B UTC`, to the millisecond. */
export function intervalText({ from, to }: Interval): string {
  if (to === null) return `from ${clockOf(from)} UTC with no end`;
  return `from ${clockOf(from)} to ${clockOf(to)} UTC`;
}

/** Date and time of day: `2026-03-14 09:26:00.150`. */
function clockOf(time: string): string {
  return time.slice(0, 23).replace("T", " ");
}
