/**
 * A journal read from disk, as a whole or from where its last guard was armed.
 *
 * @module
 */
import { AgentError } from "./errors.ts";
import { type Journal, readJournal } from "./record/read.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { stampOf } from "../ffi/directories.ts";
import { O, openFile, readFile } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { fromBytes } from "../ffi/text.ts";

/** V8 takes no string longer than 2^29 - 24. */
const LIMIT_BYTES = 2 ** 29 - 64;

/**
 * Reads the journal of a guard that has noted it down.
 *
 * Whoever owns the journal's directory can put another file at its path.
 *
 * @throws {AgentError} `journal_unreadable` when it cannot be read, or is not
 * the one that the guard has written.
 */
export function loadOwnJournal(
  libc: Libc,
  state: { readonly journal: string; readonly journalId: string },
): Journal {
  const path = state.journal;
  let fd: number;
  try {
    fd = openFile(libc, path, { flags: O.RDONLY | O.NOFOLLOW | O.NONBLOCK });
  } catch (error) {
    if (error instanceof SystemCallError) throw unreadable(path, error);
    throw error;
  }
  try {
    // Of the open file: the path may lead to another with the next call.
    if (stampOf(libc, fd)?.id === state.journalId) {
      return loadJournal(libc, `/proc/self/fd/${fd}`);
    }
  } finally {
    libc.symbols.close(fd);
  }
  throw notOurs(path);
}

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
      throw unreadable(path, error);
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

/** What is to be said of a journal that somebody has put another one for. */
export function notOurs(path: string): AgentError {
  return new AgentError("journal_unreadable", {
    what: `Cannot read the journal ${JSON.stringify(path)}`,
    why: "another file stands there than the one that the guard has written",
    hint: "Keep the journal where only root can write",
  });
}

function unreadable(path: string, error: Error): AgentError {
  return new AgentError("journal_unreadable", {
    what: `Cannot read the journal ${JSON.stringify(path)}`,
    why: error.message,
    hint: "Check the path; split a journal of more than 512 MiB by lines",
    cause: error,
  });
}
