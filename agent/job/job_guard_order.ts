/**
 * A job's order as the flags and the policy of a guard.
 *
 * @module
 */
import type { Policy } from "../decide/policy.ts";
import type { Flags } from "../options.ts";
import type { JobOrder } from "./job_order.ts";
import { type JobRecord, policyPath } from "./job_record.ts";

/**
 * The flags that a command line would say it with.
 *
 * @param own `state`: where the state is, as the job's command was told.
 */
export function flagsOf(
  { order, workspace }: JobRecord,
  own: Pick<Flags, "state"> & { readonly directory: string },
): Flags {
  const { egress, isEgressGiven, allow, deny, policyFile } = order;
  const { directory, state } = own;
  // The mode of a policy's file goes before the action's default.
  const isOwnEgress = isEgressGiven || policyFile === null;
  return {
    ...(state === undefined ? {} : { state }),
    ...(policyFile === null ? {} : { policy: policyPath(directory) }),
    ...(isOwnEgress ? { egress } : {}),
    ...{ allow: [...allow], deny: [...deny] },
    ...(order.watchSources && workspace !== null
      ? { workspace: [workspace] }
      : {}),
    watch: order.watchSources ? "network,process,source" : "network,process",
  };
}

/** The policy, with what the order says of findings. */
export function policyOf(
  policy: Policy,
  { onDenied, onOverwritten, ignoreSources }: JobOrder,
): Policy {
  const { on, source } = policy;
  return {
    ...policy,
    source: { ...source, ignore: [...source.ignore, ...ignoreSources] },
    on: {
      denied: onDenied ?? on.denied,
      overwritten: onOverwritten ?? on.overwritten,
    },
  };
}
