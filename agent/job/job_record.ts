/**
 * What is noted down of a job, for its daemon and for whoever clears up after
 * one that was killed.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import type { JobPlace } from "./job_place.ts";
import type { JobOrder } from "./job_order.ts";
import { replaceFile, tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";

/** One job, from when its guard is wanted. */
export interface JobRecord {
  readonly version: 1;
  readonly place: JobPlace;
  readonly order: JobOrder;
  /** The work space, absolute; null when there is none. */
  readonly workspace: string | null;
  /** Whether the machine is GitHub's, and is thrown away after the job. */
  readonly isHosted: boolean;
  /** Whether the machine's owner has it guarded, and not its workflow. */
  readonly isOwners: boolean;
}

const NAME = "job.json";
const POLICY_NAME = "policy.yml";

/** Where a copy of the policy stands that no step can change. */
export function policyPath(directory: string): string {
  return `${directory}/${POLICY_NAME}`;
}

/**
 * Notes a job down.
 *
 * @param directory The state directory, which only root may write.
 */
export function writeJobRecord(
  libc: Libc,
  directory: string,
  record: JobRecord,
): void {
  replaceFile(libc, `${directory}/${NAME}`, JSON.stringify(record));
}

/**
 * The job that a state directory is for; null when it is for none.
 *
 * @throws {AgentError} `state_unusable`.
 */
export function readJobRecord(
  libc: Libc,
  directory: string,
): JobRecord | null {
  const path = `${directory}/${NAME}`;
  const text = tryReadText(libc, path);
  if (text === null) return null;
  try {
    const record = JSON.parse(text);
    if (record?.version === 1) return record;
  } catch {
    // Told below.
  }
  throw new AgentError("state_unusable", {
    what: `Cannot read the job in "${path}"`,
    why: "it is not what this version wrote",
    hint: "Remove the file once no job is guarded",
  });
}

/** Takes away what is noted of a job. */
export function removeJobRecord(libc: Libc, directory: string): void {
  libc.symbols.unlink(cString(`${directory}/${NAME}`));
  libc.symbols.unlink(cString(policyPath(directory)));
}
