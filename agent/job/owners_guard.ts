/**
 * Jobs that the machine's owner has guarded, whatever their workflows say: by
 * the owner's own policy, from the runner's first hook to its last.
 *
 * @module
 */
import { type ArmedGuard, outputsOf } from "../action/outputs.ts";
import type { ActionReply, ActionRequest } from "../action/protocol.ts";
import type { Context } from "../context.ts";
import { AgentError } from "../errors.ts";
import { annotationLine } from "../report/annotations.ts";
import { isAlive, readState } from "../state.ts";
import { writeFile } from "../../ffi/files.ts";
import { guardPlace } from "./guard_place.ts";
import type { JobOrder } from "./job_order.ts";
import type { JobPlace } from "./job_place.ts";
import { policyPath, readJobRecord } from "./job_record.ts";
import { isSame } from "./process_id.ts";
import { failure, pathOf, replyOf, sentenceOf, unguarded } from "./reply.ts";

/** Which job, and by what. */
export interface OwnersOptions {
  readonly request: ActionRequest;
  readonly place: JobPlace;
  /** The owner's policy: its text, and where that stands. */
  readonly policy: { readonly text: string; readonly path: string };
  readonly say: (line: string) => void;
}

const TITLE = "Sluice cannot guard this job";
const BY_OWNER =
  "The owner of this machine has every job of this runner guarded, by a policy " +
  "of their own";

/**
 * Arms a guard for a job by its machine's owner's policy.
 *
 * @returns The answer: red when it cannot be guarded, unless that policy only
 * audits.
 * @throws {AgentError} `policy_invalid`.
 */
export async function armForOwner(
  context: Context,
  { request: { environment }, place, policy, say }: OwnersOptions,
): Promise<ActionReply> {
  const { egress } = context.policy({ policy: policy.path });
  const order: JobOrder = {
    ...{ egress, isEgressGiven: false, allow: [], deny: [] },
    ...{ policyFile: policy.path, disableSudo: false, containers: "allow" },
    // Whether they are is the policy's own business.
    ...{ watchSources: true, ignoreSources: [] },
    ...{ onDenied: null, onOverwritten: null, onFailure: "fail" },
    ...{ report: ["summary"], alerts: {}, notices: [] },
  };
  try {
    const { milliseconds } = await guardPlace(context, {
      flags: {},
      record: {
        ...{ version: 1, place, order, isOwners: true, isHosted: false },
        workspace: pathOf(environment.GITHUB_WORKSPACE),
      },
      putPolicy: (directory) =>
        writeFile(context.libc, policyPath(directory), policy.text),
      say,
    });
    const line = `Sluice guards this job (${egress}) for the owner of this ` +
      `machine, armed in ${milliseconds} ms`;
    return replyOf({ lines: [line], isArmed: true });
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const message = sentenceOf(error);
    return egress === "audit" ? unguarded(message) : failure(TITLE, message);
  }
}

/**
 * What the action is answered in a job that is guarded for the owner.
 *
 * @param order What its inputs say.
 * @returns Null when the job is not guarded like that.
 */
export function replyBesideOwner(
  context: Context,
  of: {
    readonly directory: string;
    readonly place: JobPlace;
    readonly order: Pick<JobOrder, "egress" | "onFailure">;
  },
): ActionReply | null {
  const { libc } = context;
  const { directory, place: { worker }, order } = of;
  const state = readState(libc, directory);
  if (state === null || state.stoppedAt !== null) return null;
  const record = readJobRecord(libc, directory);
  const isIt = record?.isOwners && isAlive(libc, state) &&
    isSame(record.place.worker, worker);
  if (!isIt) return null;
  const message = `${BY_OWNER} (${record.order.egress}); what this step asks ` +
    "for is not applied. Take the action out of jobs for this runner, or set " +
    "`on-failure: continue` to be content with the owner's policy.";
  const mayGoOn = order.egress === "audit" || order.onFailure === "continue";
  const outputs = outputsOf(state);
  if (!mayGoOn) return { ...failure(TITLE, message), outputs };
  const title = "Sluice: this job is guarded for the machine's owner";
  const line = annotationLine({ level: "warning", title, message });
  return replyOf({ lines: [line], outputs, isArmed: true });
}

/** What the action's later steps are answered there. */
export function laterBesideOwner(guard: ArmedGuard): ActionReply {
  const lines = [`${BY_OWNER}, until the runner's last hook`];
  return replyOf({ lines, outputs: outputsOf(guard), isArmed: true });
}
