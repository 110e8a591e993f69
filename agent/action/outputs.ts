/**
 * What the action's step tells those behind it: `steps.ID.outputs.NAME`.
 *
 * Only main's reach anybody: actions/runner takes no output of a pre or a post
 * step (SetOutput() of ExecutionContext.cs, without a ContextName). So nothing
 * that is known at the end only can be among them.
 *
 * @module
 */

/** Names and meanings, as action.yml and the README have them. */
export const OUTPUTS = {
  guarded: "`true` when a guard is armed, else `false`.",
  mode:
    "`audit` or `block`, as the guard is armed, whatever asked for it; empty " +
    "without a guard.",
  journal:
    "The path of the guard's journal, which only root may read; empty without " +
    "a guard.",
} as const;

/** A value for each name. */
export type Outputs = Readonly<Record<keyof typeof OUTPUTS, string>>;

/** Of a job that is not guarded. */
export const WITHOUT_GUARD: Outputs = {
  guarded: "false",
  mode: "",
  journal: "",
};

/** A guard that is armed. */
export interface ArmedGuard {
  readonly egress: "audit" | "block";
  /** Absolute path of its journal. */
  readonly journal: string;
}

/** Of a job that is guarded. */
export function outputsOf({ egress, journal }: ArmedGuard): Outputs {
  return { guarded: "true", mode: egress, journal };
}
