/**
 * What a policy says about a change of one file, in words.
 *
 * @module
 */
import { matchGlob, parseGlob } from "./glob.ts";
import type { Policy, SourceAllowance } from "./policy.ts";
import { quote } from "./refusal.ts";

/** What is asked; what is missing of the writer is not known. */
export interface ExplainedFile {
  /** With `./` in front from the top of the work space, else absolute. */
  readonly target: string;
  /** The name of a step. */
  readonly step?: string | undefined;
  /** Absolute path of an executable. */
  readonly process?: string | undefined;
}

/** Whether what is to be explained is a file, and no place in the network. */
export function isFileTarget(target: string): boolean {
  return target.startsWith("/") || target.startsWith("./");
}

/**
 * Explains what becomes of a change.
 *
 * @returns One line each, hostile bytes escaped.
 */
export function explainFile(
  { source, on }: Policy,
  asked: ExplainedFile,
): readonly string[] {
  const { target } = asked;
  const shown = quote(target);
  if (!source.watch) {
    return [`Changes of ${shown} are not told: source.watch is false.`];
  }
  const ignored = source.ignore.find((glob) => names(glob, target));
  if (ignored !== undefined) {
    return [
      `Changes of ${shown} are not told: the entry ${
        quote(ignored)
      } of source.ignore names it.`,
    ];
  }
  const named = source.allow.filter(({ path }) => names(path, target));
  const rule = named.find((entry) => isFor(entry, asked));
  if (rule !== undefined) {
    return [
      `Changes of ${shown} are told, and may be: the entry is ${
        quote(rule.text)
      }.`,
    ];
  }
  const end = on.overwritten === "fail" ? ", and the job fails" : "";
  return [
    `Changes of ${shown} are told as overwritten${end}, where it is a source.`,
    ...named.map(({ text }) => `The entry ${quote(text)} is for others.`),
  ];
}

function names(glob: string, target: string): boolean {
  const read = parseGlob(glob);
  const isAbsolute = target.startsWith("/");
  if (read.isAbsolute !== isAbsolute) return false;
  const bytes = new TextEncoder().encode(target.slice(isAbsolute ? 1 : 2));
  const path = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return matchGlob(read, path);
}

function isFor(entry: SourceAllowance, writer: ExplainedFile): boolean {
  const { step, process } = entry;
  return (step === null || step === writer.step) &&
    (process === null || process === writer.process);
}
