/**
 * Where programs are, as far as steps say where they search for them.
 *
 * @module
 */
import { directoriesOf, type ToolPlaces } from "../decide/tool_paths.ts";
import type { ProcessAct } from "../processes/process_tree.ts";

const PATH = "PATH=";
const MAX_SEARCHED = 1_024;

/** Learns it from the environments of steps. */
export class ProgramPlaces implements ToolPlaces {
  readonly workspaces: readonly string[];
  readonly #searchPath = new Set<string>();

  /** @param workspaces Absolute. */
  constructor(workspaces: readonly string[]) {
    this.workspaces = workspaces;
  }

  /** Only ever grows. */
  get searchPath(): ReadonlySet<string> {
    return this.#searchPath;
  }

  /** Hears what a process did. */
  hear(act: ProcessAct): void {
    if (act.kind !== "exec" || act.environment === null) return;
    const pair = act.environment.find((each) => each.startsWith(PATH));
    if (pair === undefined) return;
    for (const directory of directoriesOf(pair.slice(PATH.length))) {
      if (this.#searchPath.size >= MAX_SEARCHED) return;
      this.#searchPath.add(directory);
    }
  }
}
