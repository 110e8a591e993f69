/**
 * What a workflow is to use in the other guard's place.
 *
 * @module
 */
import { AgentError } from "../errors.ts";

/** A pinned action. */
export interface Target {
  /** `owner/repository@` and a commit. */
  readonly uses: string;
  /** Which release that is, as a comment behind it; null for none. */
  readonly version: string | null;
}

const FORM =
  /^(?<uses>[\w.-]+\/[\w.-]+(?:\/[\w./-]+)?@[0-9a-f]{40})(?:\s*#\s*(?<version>\S+))?$/;

/**
 * Reads `--to`.
 *
 * A branch or a tag can be moved by whoever holds the repository, and a guard
 * is no better than what it is fetched from: only a commit is taken.
 *
 * @param text `OWNER/REPO@SHA`, and `# VERSION` behind it when it has one.
 * @throws {AgentError} `usage`.
 */
export function readTarget(text: string | undefined): Target {
  const groups = FORM.exec(text?.trim() ?? "")?.groups;
  if (groups?.uses === undefined) {
    throw new AgentError("usage", {
      what: "Cannot migrate",
      why: text === undefined
        ? "--to is not given, and says which action to use"
        : `--to is ${JSON.stringify(text)}, a commit of 40 digits is needed`,
      hint: "Write --to 'OWNER/REPO@COMMIT # VERSION'",
    });
  }
  return { uses: groups.uses, version: groups.version ?? null };
}
