/**
 * Which processes ask a runtime to start a container by its id, as GitHub's
 * runner does for the containers of a job.
 *
 * Nothing else that a client says makes sure: of a name somebody else may have
 * made the container, and what has no name has an id that no command told.
 *
 * @module
 */
import type { ProcessKey } from "../decode/process_record.ts";
import type { ProcessAct, TreeProcess } from "./process_tree.ts";

/** By the last part of their path. Who is only called so blames himself. */
const CLIENT = /\/(docker|podman|nerdctl)$/;
const STARTING: ReadonlySet<string> = new Set(["start", "restart"]);
/** As clients print an id, and as a runtime knows it. */
const ID = /^[0-9a-f]{12,64}$/;
const MAX_CLIENTS = 256;

interface Client {
  readonly ids: readonly string[];
  readonly root: ProcessKey | null;
}

/** The clients that run, as the kernel tells of them. */
export class ContainerClients {
  readonly #clients = new Map<number, Client>();

  /** Hears of a process. */
  hear(act: ProcessAct, process: TreeProcess): void {
    const { pid } = act;
    this.#clients.delete(pid);
    if (act.kind !== "exec" || act.exe === null || !CLIENT.test(act.exe)) {
      return;
    }
    const start = act.args.findIndex((arg) => STARTING.has(arg));
    const ids = act.args.slice(start + 1).filter((arg) => ID.test(arg));
    if (start < 0 || ids.length === 0) return;
    this.#clients.set(pid, { ids, root: process.root });
    if (this.#clients.size <= MAX_CLIENTS) return;
    this.#clients.delete(this.#clients.keys().next().value!);
  }

  /**
   * The first process of the tree that has a container started now.
   *
   * @returns Null when nobody asks for it, or two trees do.
   */
  rootOf(id: string): ProcessKey | null {
    const roots = [...this.#clients.values()]
      .filter(({ ids }) => ids.some((part) => id.startsWith(part)))
      .map(({ root }) => root);
    const [first] = roots;
    if (first === undefined || first === null) return null;
    const isOne = roots.every((root) =>
      root?.pid === first.pid && root.startUs === first.startUs
    );
    return isOne ? first : null;
  }
}
