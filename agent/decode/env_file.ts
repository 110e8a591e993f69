/**
 * The files that a step writes for the steps after it: GITHUB_ENV and its kin.
 *
 * `NAME=value`, or over several lines `NAME<<DELIMITER`, value, `DELIMITER`. The
 * runner reads line by line and ends the step at the first line that is neither;
 * what stood before it counts all the same.
 *
 * @see {@link https://github.com/actions/runner | FileCommandManager.cs}
 * @module
 */

/** One variable. */
export interface EnvFileEntry {
  /** Never empty. */
  readonly name: string;
  /** May have line feeds in it. */
  readonly value: string;
}

/**
 * Reads as many variables as the runner would take.
 *
 * @param text The whole file, or as much of it as is there; a value that is
 * still being written counts as it is.
 * @returns The variables in their order; one name may be there more than once.
 *
 * @example Both forms
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeEnvFile } from "./env_file.ts";
 *
 * assert.deepEqual(decodeEnvFile("A=1=2\nB<<END\nx\ny\nEND\n"), [
 *   { name: "A", value: "1=2" },
 *   { name: "B", value: "x\ny" },
 * ]);
 * ```
 */
export function decodeEnvFile(text: string): readonly EnvFileEntry[] {
  const entries: EnvFileEntry[] = [];
  // File.ReadAllText of .NET takes a byte order mark away.
  const lines = text.replace(/^\ufeff/, "").split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === "") continue;
    const equals = line.indexOf("=");
    const heredoc = line.indexOf("<<");
    if (heredoc >= 0 && (equals < 0 || heredoc < equals)) {
      const name = line.slice(0, heredoc);
      const delimiter = line.slice(heredoc + 2);
      if (name === "" || delimiter === "") break;
      const end = lines.indexOf(delimiter, at + 1);
      const last = end < 0 ? lines.length : end;
      entries.push({ name, value: lines.slice(at + 1, last).join("\n") });
      at = last;
    } else if (equals > 0) {
      entries.push({
        name: line.slice(0, equals),
        value: line.slice(equals + 1),
      });
    } else {
      break;
    }
  }
  return entries;
}
