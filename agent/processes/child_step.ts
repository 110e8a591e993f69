/**
 * What a worker's child says itself of its step: the second and the third
 * source of a name.
 *
 * Environment and arguments are those that the worker has given it, taken from
 * the kernel when it was executed: no step has had a hand in them.
 *
 * @module
 */

/** `_work/_actions/OWNER/REPOSITORY/REF/…`, as the runner unpacks actions. */
const ACTION = /\/_actions\/([^/]+)\/([^/]+)\/([^/]+)\//;
/** `_work/_temp/<uuid>.sh`, as it writes the script of a `run:` step. */
const SCRIPT = /\/_temp\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\w+$/;

/**
 * The id of the step, `__run` and the like where the workflow gives none.
 *
 * @param environment `NAME=value` each.
 * @returns Null without it, or when there are two.
 */
export function actionOf(
  environment: readonly string[] | null,
): string | null {
  const prefix = "GITHUB_ACTION=";
  const found = environment?.filter((pair) => pair.startsWith(prefix)) ?? [];
  const value = found[0]?.slice(prefix.length) ?? "";
  return found.length === 1 && value !== "" ? value : null;
}

/**
 * The action or script that is executed.
 *
 * @returns `owner/repository@ref`, or `run` for a script; null for neither.
 */
export function pathOf(args: readonly string[]): string | null {
  for (const arg of args) {
    const [, owner, repository, ref] = ACTION.exec(arg) ?? [];
    if (owner !== undefined) return `${owner}/${repository}@${ref}`;
  }
  return args.some((arg) => SCRIPT.test(arg)) ? "run" : null;
}
