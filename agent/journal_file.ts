/**
 * A journal read from disk, as a whole or from where its last guard was armed.
 *
 * @module
 */
import { AgentError } from "./errors.ts";
import { type Journal, readJournal } from "./record/read.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { readFile } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { fromBytes } from "../ffi/text.ts";

/** V8 takes no string longer than 2^29 - 24. */
const LIMIT_BYTES = 2 ** 29 - 64;

/**
 * Reads a journal.
 *
 * @param path Absolute path.
 * @throws {AgentError} `journal_unreadable` when it cannot be read.
 */
export function loadJournal(libc: Libc, path: string): Journal {
  try {
    return readJournal(fromBytes(readFile(libc, path, LIMIT_BYTES)));
  } catch (error) {
    if (error instanceof SystemCallError || error instanceof RangeError) {
      throw new AgentError("journal_unreadable", {
        what: `Cannot read the journal ${JSON.stringify(path)}`,
        why: error.message,
        hint: "Check the path; split a journal of more than 512 MiB by lines",
        cause: error,
      });
    }
    throw error;
  }
}

/** What a journal holds of its last guard: a journal can be continued. */
export function lastGuardOf({ events, problems }: Journal): Journal {
  const start = events.findLastIndex((event) =>
    event.kind === "agent" && event.event === "armed"
  );
  return { events: events.slice(Math.max(start, 0)), problems };
}
