/**
 * What a workflow asks of a job's guard, after its inputs were read.
 *
 * @module
 */

/** What becomes of container runtimes. */
export type ContainerAccess = "allow" | "filter" | "refuse";

/** What a finding does to the job. */
export type OnFinding = "fail" | "warn" | "ignore";

/** Something about the inputs that cannot be meant. */
export interface InputProblem {
  /** The input's name. */
  readonly input: string;
  /** The word that is wrong, as it stands there. */
  readonly token: string;
  /** Of the word in the input: line and column from 1; null for all of it. */
  readonly at: { readonly line: number; readonly column: number } | null;
  readonly why: string;
  readonly hint: string;
}

/** Everything that the inputs say. */
export interface JobOrder {
  readonly egress: "audit" | "block";
  /** Whether the workflow names the mode itself, and does not take a default. */
  readonly isEgressGiven: boolean;
  /** Endpoints in the policy's spelling, each once. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Of Sluice's own policy, below the work space; null for none. */
  readonly policyFile: string | null;
  readonly disableSudo: boolean;
  readonly containers: ContainerAccess;
  readonly watchSources: boolean;
  /** Globs of sources that nobody looks at, as `source.ignore` of a policy. */
  readonly ignoreSources: readonly string[];
  /** Null where the policy is to say it. */
  readonly onDenied: OnFinding | null;
  readonly onOverwritten: OnFinding | null;
  /** Whether a job goes on unguarded when it cannot be guarded. */
  readonly onFailure: "fail" | "continue";
  readonly report: readonly ("summary" | "artifact")[];
  /** `alert-*`: names without that prefix to values. */
  readonly alerts: Readonly<Record<string, string>>;
  /** Said once each; nothing is wrong. */
  readonly notices: readonly string[];
}

/** An order, or all that stands in its way. */
export type ReadInputs =
  | { readonly ok: true; readonly order: JobOrder }
  | {
    readonly ok: false;
    readonly problems: readonly InputProblem[];
    /** Whether anything asked for less than to refuse: then it may go on. */
    readonly isAudit: boolean;
  };
