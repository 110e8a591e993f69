/**
 * What other programs may use: policies, journals and reports, all of it pure.
 *
 * Guarding itself is the command line's: see README.
 *
 * @module
 */
export type {
  Decision,
  Flow,
  Query,
  Sender,
  Why,
} from "./agent/decide/decision.ts";
export {
  explain,
  type ExplainedAttempt,
  type Explanation,
} from "./agent/decide/explain.ts";
export type {
  Consequence,
  Entry,
  EntryProtocol,
  Policy,
  SourceAllowance,
  Target,
} from "./agent/decide/policy.ts";
export { parsePolicy } from "./agent/decide/policy_file.ts";
export { policyWarnings } from "./agent/decide/policy_flags.ts";
export {
  AgentError,
  type AgentErrorCode,
  type AgentErrorParts,
} from "./agent/errors.ts";
export {
  type AgentEvent,
  type ConnectionEvent,
  type DnsEvent,
  type EndpointField,
  type Event,
  type EventBody,
  type EventHead,
  JOURNAL_VERSION,
  type Judged,
  type JudgedEvent,
} from "./agent/record/event.ts";
export type { Done, ProcessField } from "./agent/record/done.ts";
export type { FileEvent, FileStateField } from "./agent/record/file_event.ts";
export type {
  ContainerEvent,
  ExecEvent,
  PrivilegeEvent,
  StepEvent,
} from "./agent/record/process_event.ts";
export { type Journal, readJournal } from "./agent/record/read.ts";
export {
  aggregate,
  type Counts,
  type Summary,
  type VerdictCounts,
} from "./agent/report/aggregate.ts";
export { allowanceFor, type AllowanceScope } from "./agent/report/allowance.ts";
export type { Interval } from "./agent/report/coverage.ts";
export type { FileCounts, FileRow } from "./agent/report/files.ts";
export { renderJson } from "./agent/report/json.ts";
export { renderMarkdown } from "./agent/report/markdown.ts";
export type { Row } from "./agent/report/row.ts";
export {
  renderTerminal,
  type TerminalOptions,
} from "./agent/report/terminal.ts";
