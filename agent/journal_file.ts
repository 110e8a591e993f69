/**
 * A journal read from disk, as a whole or from where its last guard was armed.
 *
 * @module
 */
import { AgentError } from "./errors.ts";
import { type Journal, JournalReader } from "./record/read.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { stampOf } from "../ffi/directories.ts";
import { O, openFile } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";

const CHUNK_BYTES = 1 << 20;
/** No line of ours is near as long: the kernel bounds names and arguments. */
const MAX_LINE_CHARACTERS = 1 << 24;

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
 * Reads a journal of any size. Of what was executed it reads no more than it
 * takes to count that: no report tells it one by one.
 *
 * @param path Absolute path.
 * @throws {AgentError} `journal_unreadable` when it cannot be read.
 */
export function loadJournal(libc: Libc, path: string): Journal {
  try {
    const fd = openFile(libc, path, { flags: O.RDONLY });
    try {
      return readLines(libc, fd);
    } finally {
      libc.symbols.close(fd);
    }
  } catch (error) {
    if (error instanceof SystemCallError) throw unreadable(path, error);
    throw error;
  }
}

function readLines(libc: Libc, fd: number): Journal {
  const reader = new JournalReader({ isBrief: true });
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(CHUNK_BYTES);
  let rest = "";
  for (;;) {
    const count = libc.check(
      "read",
      libc.symbols.read(fd, chunk, BigInt(CHUNK_BYTES)),
    );
    if (count === 0) return reader.finish(rest + decoder.decode());
    const text = decoder.decode(chunk.subarray(0, count), { stream: true });
    const lines = text.split("\n");
    // What is cut there is no JSON, and is reported as that.
    lines[0] = rest.length < MAX_LINE_CHARACTERS ? rest + lines[0] : rest;
    rest = lines.pop()!;
    for (const line of lines) reader.add(line);
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
    hint: "Check the path",
    cause: error,
  });
}
