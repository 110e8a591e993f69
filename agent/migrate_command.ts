/**
 * `sluice migrate`: workflows with another guard become workflows with Sluice.
 *
 * @module
 */
import type { Context } from "./context.ts";
import { migrate as migrateText, type Note } from "./migrate/migrate.ts";
import { readTarget, type Target } from "./migrate/target.ts";
import { type Options, usage } from "./options.ts";
import { escapeTerminal } from "./report/escape.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { readFile } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { rewriteFile } from "../ffi/same_file.ts";

const CHECK_EXIT_CODE = 1;
const PROBLEM_EXIT_CODE = 2;

/** What became of one file. */
interface Outcome {
  readonly changed: readonly number[];
  readonly notes: readonly Note[];
  readonly problems: readonly Note[];
}

/** Rewrites files, or with --check only tells. */
export function migrate(context: Context, options: Options): number {
  const { flags, operands, rest } = options;
  const target = readTarget(flags.to);
  const files = [...operands, ...rest ?? []];
  if (files.length === 0) {
    throw usage("no file is named", "Write `sluice migrate FILE… --to ACTION`");
  }
  const isCheck = flags.check ?? false;
  const outcomes = files.map((file) => {
    const path = context.resolve(file);
    const outcome = migrateFile(context.libc, { path, target, isCheck });
    tell(file, { outcome, isCheck });
    return outcome;
  });
  if (outcomes.some(({ problems }) => problems.length > 0)) {
    return PROBLEM_EXIT_CODE;
  }
  const isAnyChanged = outcomes.some(({ changed }) => changed.length > 0);
  return isCheck && isAnyChanged ? CHECK_EXIT_CODE : 0;
}

function migrateFile(
  libc: Libc,
  { path, target, isCheck }: {
    readonly path: string;
    readonly target: Target;
    readonly isCheck: boolean;
  },
): Outcome {
  try {
    const bytes = readFile(libc, path);
    // What would not come back as it was is not touched.
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const text = strict.decode(bytes);
    const migration = migrateText(text, target);
    if (migration.text !== text && !isCheck) {
      rewriteFile(libc, path, migration.text);
    }
    return migration;
  } catch (error) {
    const isExpected = error instanceof SystemCallError ||
      error instanceof TypeError || error instanceof RangeError;
    if (!isExpected) throw error;
    const problem = { line: 1, text: error.message };
    return { changed: [], notes: [], problems: [problem] };
  }
}

function tell(
  file: string,
  { outcome, isCheck }: {
    readonly outcome: Outcome;
    readonly isCheck: boolean;
  },
): void {
  const { changed, notes, problems } = outcome;
  const verb = isCheck ? "would use" : "uses";
  const say = (line: number, text: string) =>
    console.log(escapeTerminal(`${file}:${line}: ${text}`));
  for (const line of changed) say(line, `${verb} Sluice`);
  for (const { line, text } of notes) say(line, `note: ${text}`);
  for (const { line, text } of problems) say(line, `not changed: ${text}`);
  if (changed.length === 0 && problems.length === 0) {
    console.log(escapeTerminal(`${file}: nothing to change`));
  }
}
