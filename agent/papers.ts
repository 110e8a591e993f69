/**
 * The commands that need neither root nor a guard: `report`, `recommend`,
 * `replay`, `explain`, `check` and `doctor`.
 *
 * @module
 */
import { type Context, say } from "./context.ts";
import { explain as explainTarget } from "./decide/explain.ts";
import { explainFile, isFileTarget } from "./decide/explain_file.ts";
import { examine, examineFiles, examineRules, install } from "./doctor.ts";
import { parsePolicy } from "./decide/policy_file.ts";
import { policyWarnings } from "./decide/policy_flags.ts";
import { AgentError } from "./errors.ts";
import { loadJournal } from "./journal_file.ts";
import type { Event } from "./record/event.ts";
import { choice, type Options, usage } from "./options.ts";
import { aggregate } from "./report/aggregate.ts";
import { escapeTerminal } from "./report/escape.ts";
import { renderJson } from "./report/json.ts";
import { renderMarkdown } from "./report/markdown.ts";
import { recommend as recommendPolicy } from "./report/recommendation.ts";
import { renderRecommendation } from "./report/recommendation_text.ts";
import {
  compareReplay,
  renderReplay,
  renderReplayJson,
} from "./report/replay.ts";
import { replay as replayEvents, replayNotes } from "./replay.ts";
import { replayFiles } from "./replay_files.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { readText, writeFile } from "../ffi/files.ts";

const MISSING_EXIT_CODE = 3;
const REFUSED_EXIT_CODE = 4;

/** Renders a journal. */
export function report(context: Context, options: Options): number {
  const journal = operand(options, "report JOURNAL --format markdown|json");
  const { flags } = options;
  const format = choice({ name: "format", value: flags.format }, [
    "markdown",
    "json",
  ]) ?? "markdown";
  const { events, problems } = loadJournal(
    context.libc,
    context.resolve(journal),
  );
  const summary = aggregate(events, problems);
  const text = format === "json"
    ? renderJson(summary)
    : renderMarkdown(summary);
  if (flags.output === undefined) {
    console.log(text.trimEnd());
    return 0;
  }
  const path = context.resolve(flags.output);
  try {
    writeFile(context.libc, path, text);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw usage(
      `${JSON.stringify(path)} cannot be written: ${error.message}`,
      "Name another file with --output",
    );
  }
  return 0;
}

/** Writes the smallest policy that would have let these runs pass. */
export function recommend(context: Context, options: Options): number {
  const { flags, operands, rest } = options;
  const scope = choice({ name: "scope", value: flags.scope }, [
    "none",
    "step",
    "process",
  ]) ?? "step";
  const journals = [...operands, ...rest ?? []];
  if (journals.length === 0) operand(options, "recommend JOURNAL…");
  const events: Event[] = [];
  const problems: string[] = [];
  for (const path of journals) {
    const journal = loadJournal(context.libc, context.resolve(path));
    for (const event of journal.events) events.push(event);
    problems.push(...journal.problems);
  }
  const recommended = recommendPolicy(events, { scope, problems });
  console.log(renderRecommendation(recommended).trimEnd());
  return 0;
}

/** Says what another policy would have done with a run. */
export function replay(context: Context, options: Options): number {
  const path = operand(options, "replay JOURNAL --policy FILE");
  const { flags } = options;
  const format = choice({ name: "format", value: flags.format }, [
    "text",
    "json",
  ]) ?? "text";
  const policy = context.policy(flags);
  const journal = loadJournal(context.libc, context.resolve(path));
  const report = compareReplay(replayEvents(journal.events, policy), {
    files: replayFiles(journal.events, policy),
    notes: replayNotes(journal, policy),
  });
  const text = format === "json"
    ? renderReplayJson(report)
    : renderReplay(report);
  console.log(text.trimEnd());
  const isRed = policy.on.overwritten === "fail" &&
    report.files.newlyOverwritten.length > 0;
  return isRed || report.newlyRefused.length > 0 ? REFUSED_EXIT_CODE : 0;
}

/** Says which entry decides about an endpoint, and why. */
export function explain(context: Context, options: Options): number {
  const target = operand(options, "explain --policy FILE HOST[:PORT]|./FILE");
  const { flags } = options;
  const { step, process } = flags;
  if (process !== undefined && !process.startsWith("/")) {
    throw usage(
      `--process is ${JSON.stringify(process)}`,
      "Give the program's absolute path",
    );
  }
  const policy = context.policy(flags);
  const asked = { target, step, process };
  const sentences = isFileTarget(target)
    ? explainFile(policy, asked)
    : explainTarget(policy, asked).sentences;
  for (const sentence of sentences) console.log(sentence);
  return 0;
}

/** Validates a policy file. */
export function check(context: Context, options: Options): number {
  const file = operand(options, "check POLICY");
  const policy = parsePolicy(read(context, file), file);
  for (const warning of policyWarnings(policy)) say(`Warning: ${warning}`);
  const { egress, allow, proxy, deny } = policy;
  const proxies = proxy.length === 0 ? "" : `${proxy.length} proxies, `;
  const { watch, allow: changes } = policy.source;
  const sources = !watch
    ? "; sources not watched"
    : changes.length === 0
    ? ""
    : `; ${changes.length} changes of sources allowed`;
  console.log(
    `${escapeTerminal(file)}: egress ${egress}, ${allow.length} allowed, ` +
      `${proxies}${deny.length} denied${sources}`,
  );
  return 0;
}

/** Says what this machine lacks; with --install, gets it. */
export function doctor(context: Context, options: Options): number {
  if (options.flags.install) install(context.libc, say);
  const findings = [examine, examineRules, examineFiles]
    .flatMap((look) => look(context.libc));
  for (const { what, found, hint } of findings) {
    console.log(found ? `ok       ${what}` : `missing  ${what}: ${hint}`);
  }
  return findings.every(({ found }) => found) ? 0 : MISSING_EXIT_CODE;
}

function operand(options: Options, form: string): string {
  const [first, ...others] = [...options.operands, ...options.rest ?? []];
  if (first !== undefined && others.length === 0) return first;
  throw usage(
    first === undefined
      ? "an argument is missing"
      : `${JSON.stringify(others[0])} is one argument too many`,
    `Write \`sluice ${form}\``,
  );
}

function read(context: Context, path: string): string {
  try {
    return readText(context.libc, context.resolve(path));
  } catch (error) {
    if (error instanceof RangeError) throw usage(error.message, "Split it");
    if (!(error instanceof SystemCallError)) throw error;
    throw new AgentError("usage", {
      what: `Cannot read ${JSON.stringify(path)}`,
      why: error.message,
      hint: "Check the path",
      cause: error,
    });
  }
}
