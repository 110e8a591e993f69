/**
 * Of which processes a guard tells: of all, of those in its network namespace,
 * or of those of its command.
 *
 * Whoever was inside stays so with all that it makes, wherever it goes.
 *
 * @module
 */
import type { FoundProcess } from "../observe/process_list.ts";
import { Kinship } from "./descendants.ts";
import type {
  ProcessAct,
  ProcessTree,
  Scope,
  TreeProcess,
} from "./process_tree.ts";

/** Which processes are inside; none of those that the agent starts itself. */
export type ScopeRule =
  & { readonly agentPid: number }
  & (
    | { readonly kind: "all" }
    /** `inode`: of the network namespace. */
    | { readonly kind: "namespace"; readonly inode: number }
    | {
      readonly kind: "command";
      /** The command's pid; 0 until it is started. */
      readonly commandPid: () => number;
    }
  );

const INSIDE: Scope = { isInside: true };
const OUTSIDE: Scope = { isInside: false };
/** The agent's tools, wherever they are. */
const OWN: Scope = { isInside: false };

/** Puts processes into their scopes, before anybody else hears of them. */
export class ProcessScope {
  readonly #rule: ScopeRule;
  /** What the agent has started, by pid: the command, or a tool of its own. */
  readonly #undecided = new Map<number, Scope>();

  constructor(rule: ScopeRule) {
    this.#rule = rule;
  }

  /** Of all processes that have no other. */
  get initial(): Scope {
    return this.#rule.kind === "all" ? INSIDE : OUTSIDE;
  }

  /** Puts those inside that were there before. */
  meet(found: readonly FoundProcess[], tree: ProcessTree): void {
    for (const pid of this.#insideOf(found)) {
      const process = tree.find(pid);
      if (process !== null) tree.setScope(process, INSIDE);
    }
  }

  /** Hears what a process did, after the tree. */
  hear(act: ProcessAct, of: { process: TreeProcess; tree: ProcessTree }): void {
    const { process, tree } = of;
    const { scope } = process;
    if (act.kind === "exit" || scope === OWN) return;
    const isOwn = act.parentPid === this.#rule.agentPid;
    switch (this.#rule.kind) {
      case "all":
        if (isOwn) tree.setScope(process, OWN);
        return;
      case "namespace": {
        if (isOwn) return tree.setScope(process, OWN);
        if (act.kind === "fork" || scope === INSIDE) return;
        const isThere = act.netNamespace === this.#rule.inode;
        return isThere ? tree.setScope(process, INSIDE) : undefined;
      }
      case "command": {
        if (!isOwn || scope !== this.initial) return;
        const undecided = { isInside: null };
        this.#undecided.set(act.pid, undecided);
        tree.setScope(process, undecided);
        return this.decide();
      }
    }
  }

  /** Decides, once it is known which child of the agent is its command. */
  decide(): void {
    if (this.#rule.kind !== "command" || this.#undecided.size === 0) return;
    const commandPid = this.#rule.commandPid();
    if (commandPid === 0) return;
    for (const [pid, scope] of this.#undecided) {
      scope.isInside = pid === commandPid;
    }
    this.#undecided.clear();
  }

  #insideOf(found: readonly FoundProcess[]): Iterable<number> {
    const rule = this.#rule;
    switch (rule.kind) {
      case "all":
        return [];
      case "namespace":
        return found.flatMap(({ pid, netNamespace }) =>
          netNamespace === rule.inode ? [pid] : []
        );
      case "command": {
        // Started already: a thread before this one has told of its beginning.
        const pid = rule.commandPid();
        return pid === 0 ? [] : new Kinship(found).treeOf(pid);
      }
    }
  }
}
