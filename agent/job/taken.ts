/**
 * What is taken from a job while it is guarded: ways to root, and what container
 * runtimes would give.
 *
 * @module
 */
import { ContainerFilter } from "../containers/container_filter.ts";
import {
  clearPlacedMounts,
  CONTAINERS_DIRECTORY,
} from "../enforce/containers/placed_mounts.ts";
import { AgentError } from "../errors.ts";
import type { Session } from "../session.ts";
import type { SharedProcesses } from "../thread_messages.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { JobRecord } from "./job_record.ts";
import { lockDown, lockdownOrder, unlock } from "./lockdown.ts";

/** Whose job it is, and where its guard keeps what it knows. */
export interface TakenOptions {
  readonly record: JobRecord;
  readonly directory: string;
}

/** Taken from when it is made until it is given back. */
export class Taken {
  readonly #libc: Libc;
  readonly #options: TakenOptions;
  readonly #processes = Promise.withResolvers<SharedProcesses | null>();
  #events: ((encoded: readonly string[]) => void) | null = null;
  #filter: Promise<ContainerFilter> | null = null;

  /**
   * Takes what the order says, before anything is watched: what is mounted for
   * it is no step's doing.
   *
   * @param libc Must outlive this object.
   * @throws {AgentError} `lockdown_failed`, with everything undone.
   */
  constructor(libc: Libc, options: TakenOptions) {
    this.#libc = libc;
    this.#options = options;
    const { record, directory } = options;
    const order = lockdownOrder(record);
    if (order !== null) lockDown(libc, directory, order);
    if (record.order.containers === "filter") this.#filter = this.#open();
  }

  /**
   * Requests to container runtimes are judged from now on.
   *
   * @param session Armed; borrowed.
   * @throws {AgentError} `lockdown_failed`.
   */
  async filterFor(session: Session): Promise<void> {
    const { journal, processes } = session;
    this.#events = (encoded) => journal.append(encoded);
    this.#processes.resolve(processes.shared);
    const filter = await this.#filter;
    if (filter === null) return;
    const [way] = filter.verify();
    if (way !== undefined) {
      throw new AgentError("lockdown_failed", {
        what: "Cannot filter requests to container runtimes",
        why: way,
        hint: "Set `containers` to refuse or to allow",
      });
    }
    filter.lost.then((why) => {
      const from = journal.now();
      const message = "The filter of container requests has ended, and all " +
        `of them are refused since: ${why}`;
      journal.write({ kind: "agent", event: "impaired", from, message });
    });
  }

  /**
   * Gives all of it back.
   *
   * @returns A sentence for what is not as it was.
   */
  async giveBack(): Promise<readonly string[]> {
    // One that was never started waits for it.
    this.#processes.resolve(null);
    const filter = await this.#filter?.catch(() => null);
    this.#filter = null;
    await filter?.close();
    return unlock(this.#libc, this.#options.directory);
  }

  #open(): Promise<ContainerFilter> {
    const { place: { work } } = this.#options.record;
    const opening = ContainerFilter.open(this.#libc, {
      workspaces: [work],
      processes: this.#processes.promise,
      onEvents: (encoded) => this.#events?.(encoded),
    });
    // Whoever arms waits for it later.
    opening.catch(() => {});
    return opening;
  }
}

/**
 * Gives back what an agent has taken that was killed.
 *
 * @returns A sentence for what is not as it was.
 */
export function giveBackTaken(
  libc: Libc,
  directory: string,
): readonly string[] {
  clearPlacedMounts(libc, CONTAINERS_DIRECTORY);
  return unlock(libc, directory);
}
