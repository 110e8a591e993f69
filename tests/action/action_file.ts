/**
 * An `action.yml`, as the runner reads it.
 *
 * @module
 */
import { parse } from "yaml";

/** What is run, and when. */
export interface ActionFile {
  /** Of the action's files, absolute. */
  readonly directory: string;
  readonly using: string;
  /** The entries, absolute. */
  readonly pre: string | null;
  readonly main: string;
  readonly post: string | null;
  readonly preIf: string;
  readonly postIf: string;
  /** Defaults by lower-case names; null for none. */
  readonly inputs: Readonly<Record<string, string | null>>;
}

/**
 * Reads one.
 *
 * @throws {Error} When it is not an action in JavaScript.
 */
export async function readActionFile(directory: string): Promise<ActionFile> {
  const text = await Deno.readTextFile(`${directory}/action.yml`);
  const { runs, inputs = {} } = parse(text);
  if (!/^node\d+$/.test(runs?.using)) {
    throw new Error(`Cannot run "${directory}": it is for "${runs?.using}"`);
  }
  const entry = (path?: string) =>
    path === undefined ? null : `${directory}/${path}`;
  return {
    directory,
    using: runs.using,
    pre: entry(runs.pre),
    main: entry(runs.main)!,
    post: entry(runs.post),
    preIf: runs["pre-if"] ?? "always()",
    postIf: runs["post-if"] ?? "always()",
    inputs: Object.fromEntries(
      Object.entries(inputs as Record<string, { default?: unknown } | null>)
        .map(([name, input]) => [
          name.toLowerCase(),
          input?.default === undefined ? null : String(input.default),
        ]),
    ),
  };
}

/**
 * The INPUT_* variables of a step.
 *
 * @param given Its `with:`.
 * @param expand What stands for `${{ }}`.
 */
export function inputVariables(
  action: ActionFile,
  { given, expand }: {
    readonly given: Readonly<Record<string, string>>;
    readonly expand: (text: string) => string;
  },
): Record<string, string> {
  const variables: Record<string, string> = {};
  const set = (name: string, value: string) => {
    variables[`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`] = expand(
      value,
    );
  };
  for (const [name, value] of Object.entries(action.inputs)) {
    // The runner sets a variable for each input that the action names.
    set(name, value ?? "");
  }
  for (const [name, value] of Object.entries(given)) set(name, value);
  return variables;
}
