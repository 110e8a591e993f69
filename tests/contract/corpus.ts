/** Real configurations, where this machine has them. */
import { ROOT } from "../style/tree.ts";

/** One `with:` block as a workflow has it. */
export interface CorpusRow {
  readonly repo: string;
  readonly path: string;
  readonly action: string;
  readonly with: Readonly<Record<string, unknown>>;
  /** The block as it is written, from the line of `with:` on. */
  readonly raw: string;
  /** Values of expressions, where the workflow itself says them. */
  readonly refs?: Readonly<Record<string, string>>;
}

/** It is other people's text, so it lies beside the project. */
const BESIDE = "shared/corpus/workflows.ndjson";

/** All rows; null where the corpus is not to be had. */
export function readCorpus(): readonly CorpusRow[] | null {
  for (const place of places()) {
    try {
      return Deno.readTextFileSync(place).trimEnd().split("\n").map((line) =>
        JSON.parse(line)
      );
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

/** A checkout may be some folders deep below what the two share. */
function places(): string[] {
  const names = ROOT.split("/").filter((name) => name !== "");
  return names.map((_, index) =>
    `/${[...names.slice(0, index), BESIDE].join("/")}`
  ).reverse();
}
