/**
 * What an operator is told of a journal that cannot be used.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import type { SystemCallError } from "../../ffi/errors.ts";

/** The file is no journal. */
export function holdsSomethingElse(path: string): AgentError {
  return new AgentError("journal_unusable", {
    what: `Cannot continue the journal "${path}"`,
    why: "it holds something else, a journal or an empty file is needed",
    hint: "Name another file with --journal",
  });
}

/** The file cannot be opened, or takes nothing. */
export function unusable(path: string, error: SystemCallError): AgentError {
  return new AgentError("journal_unusable", {
    what: `Cannot write the journal "${path}"`,
    why: error.message,
    hint: "Name a file in a directory that root can write and that has room " +
      "with --journal",
    cause: error,
  });
}
