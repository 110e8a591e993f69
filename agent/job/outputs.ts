/**
 * What the post step writes to its output file.
 *
 * No `steps` or `needs` context shows it: actions/runner takes no output of a
 * post step (SetOutput() of ExecutionContext.cs, without a ContextName).
 *
 * @module
 */
import type { Summary } from "../report/aggregate.ts";

/** Names and meanings, as the README has them. */
export const OUTPUTS = {
  verdict: "green or red: what Sluice makes of the job",
  mode: "audit or block",
  "connections-allowed": "connections that the policy allows",
  "connections-denied": "connections that it does not, refused or not",
  "lookups-allowed": "DNS look-ups that the policy allows",
  "lookups-denied": "DNS look-ups that it does not, refused or not",
  "files-overwritten": "sources that were changed though they must not be",
  tampered: "true when somebody has changed what guards the job",
  policy: "the policy that would have let exactly this job pass, as YAML",
  journal: "path of the journal, on the runner until the job has ended",
  report: "path of the report as Markdown, in the same way",
} as const;

/** GitHub takes 1 MiB of outputs for a job, of all its steps together. */
const MAX_POLICY_CHARACTERS = 200_000;
/** Below RUNNER_TEMP: the post step puts what is uploaded there. */
const DIRECTORY = "sluice";

/** What the outputs are made of. */
export interface OutputParts {
  readonly summary: Summary;
  readonly isRed: boolean;
  readonly isTampered: boolean;
  readonly policy: string;
  /** RUNNER_TEMP; null when it is not told. */
  readonly temporary: string | null;
}

/** Makes the outputs. */
export function outputsOf(
  { summary, isRed, isTampered, policy, temporary }: OutputParts,
): Record<keyof typeof OUTPUTS, string> {
  const { connection, dns, file } = summary.counts;
  const below = (name: string) =>
    temporary === null ? "" : `${temporary}/${DIRECTORY}/${name}`;
  return {
    verdict: isRed ? "red" : "green",
    mode: summary.egress ?? "",
    "connections-allowed": String(connection.allow),
    "connections-denied": String(connection.deny),
    "lookups-allowed": String(dns.allow),
    "lookups-denied": String(dns.deny),
    "files-overwritten": String(file.overwritten),
    tampered: String(isTampered),
    policy: policy.length > MAX_POLICY_CHARACTERS ? "" : policy,
    journal: below("journal.ndjson"),
    report: below("report.md"),
  };
}
