/**
 * The containers of the machine, each told of once, when it is first seen.
 *
 * @module
 */
import { containerRisk, isOnlySocket } from "../decide/container_risk.ts";
import {
  type ContainerName,
  decodeContainerId,
} from "../decode/container_id.ts";
import type { ContainerFacts } from "../decode/container_inspect.ts";
import {
  RuntimeQuestion,
  type RuntimeSockets,
} from "../observe/runtime_question.ts";
import type { EventBody } from "../record/event.ts";
import type { ProcessKey } from "../decode/process_record.ts";
import { ContainerClients } from "./container_clients.ts";
import type { ProcessPart, StepNames } from "./process_part.ts";
import type { ProcessAct, Scope, TreeProcess } from "./process_tree.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { readFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** Of one name each; a container that comes back is not told of again. */
const MAX_SEEN = 4_096;
/** Questions at a time; who waits for one is asked for later. */
const MAX_ASKED = 4;
const MAX_WAITING = 256;
/** Processes that are known to be in a container. */
const MAX_INSIDE = 1 << 16;

/**
 * Programs that put what they start into a container, by the last part of their
 * path. One that is only called so costs a look at a file.
 */
const STARTERS =
  /\/(runc|crun|youki|runsc|conmon|containerd-shim[^/]*|lxc-start|systemd-nspawn|nsenter|memfd:runc_cloned[^/]*)( \(deleted\))?$/;

/** What the events are made with. */
export interface ContainerWatchOptions {
  readonly libc: Libc;
  /** Takes the events. */
  readonly tell: (event: EventBody) => void;
  readonly steps: StepNames;
  /** As in `RuntimeQuestionOptions`. */
  readonly sockets?: RuntimeSockets;
}

/** A container that nothing was said of yet. */
interface Untold {
  readonly name: ContainerName;
  /** Of the tree that had it started; null when that is not sure. */
  readonly root: ProcessKey | null;
  readonly scope: Scope;
}

interface Asked {
  readonly untold: Untold;
  readonly question: RuntimeQuestion;
}

/** Tells of containers. */
export class ContainerWatch implements ProcessPart, Disposable {
  readonly #options: ContainerWatchOptions;
  readonly #ownId: string | null;
  readonly #seen = new Set<string>();
  /** Containers by the pids in them. */
  readonly #inside = new Map<number, string>();
  readonly #waiting: Untold[] = [];
  readonly #clients = new ContainerClients();
  #asked: Asked[] = [];

  /** @param options Must outlive this object. */
  constructor(options: ContainerWatchOptions) {
    this.#options = options;
    this.#ownId = this.#read("self", null)?.id ?? null;
  }

  get fds(): readonly number[] {
    return this.#asked.map(({ question }) => question.fd);
  }

  /** The container of a process that was heard of; null when it is in none. */
  containerOf(pid: number): string | null {
    return this.#inside.get(pid) ?? null;
  }

  hear(act: ProcessAct, process: TreeProcess): void {
    const { pid } = act;
    this.#clients.hear(act, process);
    if (act.kind === "exit") return void this.#inside.delete(pid);
    if (act.kind === "fork") {
      this.#inside.delete(pid);
      const inherited = this.#inside.get(act.parentPid);
      if (inherited !== undefined) this.#keep(pid, inherited);
      return;
    }
    if (this.#inside.has(pid) || !isStarted(process)) return;
    const name = this.#read(String(pid), this.#ownId);
    if (name === null) return;
    this.#keep(pid, name.id);
    if (this.#seen.has(name.id) || this.#seen.size >= MAX_SEEN) return;
    this.#seen.add(name.id);
    const { scope } = process;
    // Without a daemon it descends from whoever had it started.
    const root = process.root ?? this.#clients.rootOf(name.id);
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
    this.#waiting.push({ name, root, scope });
  }

  attend(nowMs: number): void {
    for (const asked of [...this.#asked]) {
      const facts = asked.question.read(nowMs);
      if (facts === undefined) continue;
      asked.question[Symbol.dispose]();
      this.#asked = this.#asked.filter((other) => other !== asked);
      this.#tell(asked.untold, facts);
    }
    while (this.#waiting.length > 0 && this.#asked.length < MAX_ASKED) {
      const { root } = this.#waiting[0]!;
      if (root !== null && this.#options.steps.isPending(root)) return;
      const untold = this.#waiting.shift()!;
      const { libc, sockets } = this.#options;
      const { id, runtime } = untold.name;
      const question = RuntimeQuestion.ask(libc, {
        ...{ id, runtime, nowMs },
        ...(sockets === undefined ? {} : { sockets }),
      });
      if (question === null) this.#tell(untold, null);
      else this.#asked.push({ untold, question });
    }
  }

  end(nowMs: number): void {
    for (const { untold, question } of this.#asked) {
      this.#tell(untold, question.read(nowMs) ?? null);
    }
    for (const untold of this.#waiting) this.#tell(untold, null);
    this.#waiting.length = 0;
    this[Symbol.dispose]();
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const { question } of this.#asked) question[Symbol.dispose]();
    this.#asked = [];
  }

  #tell(untold: Untold, facts: ContainerFacts | null): void {
    const { name: { id }, root, scope } = untold;
    if (scope.isInside === false) return;
    const { tell, steps } = this.#options;
    const step = (root === null ? null : steps.find(root)?.step) ?? null;
    const name = facts?.name ?? null;
    const image = facts?.image ?? null;
    tell({ kind: "container", id, name, image, step });
    const rights = facts === null ? [] : containerRisk(facts);
    // The runner lends its socket to each of its containers; who else asks for
    // that is told of by his command.
    if (facts === null || rights.length === 0 || isOnlySocket(facts)) return;
    tell({
      kind: "privilege",
      rule: "container-privileged",
      reason: `the container "${name}" of ${image} has ${rights.join(", ")}`,
      denied: false,
      step,
      process: null,
      container: id,
    });
  }

  #keep(pid: number, id: string): void {
    this.#inside.set(pid, id);
    if (this.#inside.size <= MAX_INSIDE) return;
    this.#inside.delete(this.#inside.keys().next().value!);
  }

  #read(pid: string, ownId: string | null): ContainerName | null {
    try {
      const text = readFile(this.#options.libc, `/proc/${pid}/cgroup`);
      return decodeContainerId(text, ownId);
    } catch (error) {
      if (error instanceof SystemCallError) return null; // gone
      throw error;
    }
  }
}

/** Whether one of those that made it may have put it into a container. */
function isStarted({ above }: TreeProcess): boolean {
  return above.slice(0, 3).some(({ exe }) =>
    exe !== null && STARTERS.test(exe)
  );
}
