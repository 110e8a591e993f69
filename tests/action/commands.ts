/**
 * What a step says to the runner: commands in its output, and its files.
 *
 * @see {@link https://docs.github.com/actions/reference/workflow-commands-for-github-actions | Workflow commands}
 * @module
 */
import type { WorkflowCommand } from "./workflow.ts";

// actions/runner ActionCommand.cs: only at the start of a line.
const COMMAND = /^\s*::([^\s:]+)(?:\s+([^]*?))?::([^]*)$/;

/** Reads the commands of an output, as the runner does line by line. */
export function readCommands(output: string): WorkflowCommand[] {
  const commands: WorkflowCommand[] = [];
  let token: string | null = null;
  for (const line of output.split(/\r?\n/)) {
    if (token !== null) {
      if (line.trim() === `::${token}::`) token = null;
      continue;
    }
    const found = COMMAND.exec(line);
    if (found === null) continue;
    const [, command, properties = "", message] = found;
    if (command === "stop-commands") {
      token = message!;
      continue;
    }
    commands.push({
      command: command!,
      properties: readProperties(properties),
      message: unescape(message!),
    });
  }
  return commands;
}

/** Puts `***` over what `add-mask` has named. */
export function mask(output: string, masks: readonly string[]): string {
  // The longest first: one may be a part of another.
  return masks.filter((text) => text !== "")
    .toSorted((left, right) => right.length - left.length)
    .reduce((text, each) => text.replaceAll(each, "***"), output);
}

/**
 * Reads a file of names and values, as GITHUB_OUTPUT is one.
 *
 * @throws {Error} As the runner fails the step.
 */
export function readPairs(text: string): [string, string][] {
  const pairs: [string, string][] = [];
  // FileCommandManager.cs, ReadLine(): on Linux a CR is a character of the value.
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === "") continue;
    const equals = line.indexOf("=");
    const heredoc = line.indexOf("<<");
    if (heredoc < 0 || (equals >= 0 && equals < heredoc)) {
      if (equals <= 0) throw new Error(`Invalid format '${line}'`);
      pairs.push([line.slice(0, equals), line.slice(equals + 1)]);
      continue;
    }
    const delimiter = line.slice(heredoc + 2);
    const end = lines.indexOf(delimiter, at + 1);
    if (heredoc === 0 || delimiter === "" || end < 0) {
      throw new Error(`Invalid value. Matching delimiter not found '${line}'`);
    }
    pairs.push([line.slice(0, heredoc), lines.slice(at + 1, end).join("\n")]);
    at = end;
  }
  return pairs;
}

function readProperties(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(",").filter((part) => part.includes("=")).map((part) => {
      const at = part.indexOf("=");
      const value = part.slice(at + 1).replaceAll("%3A", ":")
        .replaceAll("%2C", ",");
      return [part.slice(0, at).trim(), unescape(value)];
    }),
  );
}

function unescape(text: string): string {
  return text.replaceAll("%0D", "\r").replaceAll("%0A", "\n")
    .replaceAll("%25", "%");
}
