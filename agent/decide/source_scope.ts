/**
 * What a policy says about files: which are not looked at, and who may change
 * which.
 *
 * @module
 */
import { type Glob, matchGlob, parseGlob } from "./glob.ts";
import type { Policy, SourceAllowance } from "./policy.ts";

/** A file, and the work space that it is in. */
export interface Place {
  /** Absolute, a character for each byte. */
  readonly path: string;
  /** The same; null for what is in no work space. */
  readonly workspace: string | null;
}

/** Who has changed it. */
export interface Writer {
  /** Null when it is not known: then no entry that names one holds. */
  readonly step: string | null;
  /**
   * Whether the file at this path is the program that has written. By the file
   * and not by its name, which a build may have given to something else.
   */
  readonly isProgram: (path: string) => boolean;
}

/** The part of a policy that is asked, its globs read. */
export class SourceScope {
  readonly #ignored: readonly Glob[];
  readonly #allowed: readonly {
    readonly glob: Glob;
    readonly allowance: SourceAllowance;
  }[];

  /** @throws {Refusal} For a glob that `parsePolicy` would have refused. */
  constructor({ ignore, allow }: Pick<Policy["source"], "ignore" | "allow">) {
    this.#ignored = ignore.map(parseGlob);
    this.#allowed = allow.map((allowance) => ({
      glob: parseGlob(allowance.path),
      allowance,
    }));
  }

  /** Whether nobody looks at a file. */
  isIgnored(place: Place): boolean {
    return this.#ignored.some((glob) => holds(glob, place));
  }

  /** The first entry that lets this writer change a file; null for none. */
  allowanceFor(place: Place, writer: Writer): SourceAllowance | null {
    for (const { glob, allowance } of this.#allowed) {
      const { step, process } = allowance;
      if (step !== null && step !== writer.step) continue;
      if (!holds(glob, place)) continue;
      // Last, as it may have to ask the kernel.
      if (process === null || writer.isProgram(process)) return allowance;
    }
    return null;
  }
}

function holds(
  glob: Glob,
  { path, workspace }: Place,
): boolean {
  if (glob.isAbsolute) return matchGlob(glob, path.slice(1));
  if (workspace === null) return false;
  if (path === workspace) return matchGlob(glob, "");
  const above = workspace === "/" ? "/" : `${workspace}/`;
  return path.startsWith(above) && matchGlob(glob, path.slice(above.length));
}
