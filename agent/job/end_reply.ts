/**
 * What a job is told at its end.
 *
 * @module
 */
import type { ActionReply, ReplyFile } from "../action/protocol.ts";
import type { Policy } from "../decide/policy.ts";
import type { Event } from "../record/event.ts";
import type { Summary } from "../report/aggregate.ts";
import {
  type Annotation,
  annotationLines,
  annotationsOf,
} from "../report/annotations.ts";
import { renderJson } from "../report/json.ts";
import { renderMarkdown } from "../report/markdown.ts";
import { recommend } from "../report/recommendation.ts";
import { renderRecommendation } from "../report/recommendation_text.ts";
import { headOf } from "../report/words.ts";
import type { JobRecord } from "./job_record.ts";
import { replyOf } from "./reply.ts";

/** What was found. */
export interface JobFindings {
  readonly summary: Summary;
  readonly events: readonly Event[];
  readonly problems: readonly string[];
  /** The journal as it is on disk; null when it is not ours, or too long. */
  readonly journal: Uint8Array | null;
  readonly policy: Pick<Policy, "egress" | "on">;
  readonly record: Pick<JobRecord, "order">;
  readonly isRed: boolean;
  /** Events that could not be written. */
  readonly lost: number;
}

/** Makes the answer to the post step. */
export function endReply(found: JobFindings): ActionReply {
  const { summary, events, problems, isRed, record } = found;
  const { order: { report } } = record;
  const markdown = renderMarkdown(summary);
  const scope = "step";
  const policy = renderRecommendation(recommend(events, { scope, problems }));
  const isUploaded = report.includes("artifact");
  return replyOf({
    exitCode: isRed ? 1 : 0,
    lines: linesOf(found),
    summary: report.includes("summary") ? markdown : null,
    files: isUploaded ? filesOf(found, { markdown, policy }) : [],
  });
}

function linesOf(found: JobFindings): readonly string[] {
  const { summary, policy: { egress, on }, lost, journal, isRed } = found;
  const own: Annotation[] = [];
  const title = "Sluice";
  if (lost > 0) {
    const message = `${lost} events could not be written to the journal.`;
    own.push({ level: "warning", title, message });
  }
  if (journal === null) {
    const message = "The journal is not uploaded: it is not there as it was " +
      "written, or it is larger than 24 MiB.";
    own.push({ level: "warning", title, message });
  }
  const failing = {
    denied: on.denied === "fail",
    overwritten: on.overwritten === "fail",
  };
  const head = `Sluice (${egress}): ${headOf(summary)}`;
  return [
    head,
    ...annotationLines([...own, ...annotationsOf(summary, failing)]),
    ...(isRed ? ["The job fails by what Sluice has found, see above"] : []),
  ];
}

function filesOf(
  { journal, summary }: JobFindings,
  of: { readonly markdown: string; readonly policy: string },
): readonly ReplyFile[] {
  const encoder = new TextEncoder();
  const texts = [
    ["report.md", "text/markdown", of.markdown],
    ["report.json", "application/json", renderJson(summary)],
    ["policy.yml", "application/yaml", of.policy],
  ] as const;
  return [
    ...(journal === null ? [] : [{
      name: "journal.ndjson",
      mimeType: "application/x-ndjson",
      content: journal.toBase64(),
    }]),
    ...texts.map(([name, mimeType, text]) => ({
      ...{ name, mimeType },
      content: encoder.encode(text).toBase64(),
    })),
  ];
}
