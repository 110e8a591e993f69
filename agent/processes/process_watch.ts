/**
 * Whether and by what processes are watched, for a guard that goes on either
 * way.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import type { FileSourceName } from "../observe/files/file_source.ts";
import type { ProcessSourceName } from "../observe/process_source.ts";
import type { Journal } from "../record/journal.ts";
import type { SharedProcesses } from "../thread_messages.ts";
import type { JobReport } from "./job_children.ts";
import { ProcessKeeper, type Watching } from "./process_keeper.ts";
import type { Libc } from "../../ffi/libc.ts";

/** What a guard is to know of processes. */
export interface WatchedProcesses {
  /** What the packet thread may ask; null when processes are not watched. */
  readonly processes: SharedProcesses | null;
  /** By what they are heard of; null when they are not. */
  readonly heardBy: ProcessSourceName | null;
  /** By what changes of files are heard of; null when they are not. */
  readonly files: FileSourceName | null;
}

/** Begins when it is made, unless it is not wanted. */
export class ProcessWatch {
  readonly #keeper: ProcessKeeper | null;
  readonly #protectsRunner: boolean;
  #unheard: string | null = null;
  #shared: SharedProcesses | null = null;
  #isWhole = true;
  #refused = "";

  /**
   * @param libc Must outlive this object.
   * @param watching Null when processes are not to be watched.
   * @param onJob Told what becomes of the job's processes.
   */
  constructor(
    libc: Libc,
    watching: Watching | null,
    onJob?: (report: JobReport) => void,
  ) {
    this.#keeper = watching === null
      ? null
      : new ProcessKeeper(libc, watching, onJob);
    this.#protectsRunner = watching?.protectsRunner ?? false;
  }

  /** What other threads may ask, once it hears; null when it does not. */
  get shared(): SharedProcesses | null {
    return this.#shared;
  }

  /** Why nothing is heard of processes, though it should be; null otherwise. */
  get unheard(): string | null {
    return this.#unheard;
  }

  /**
   * Waits until processes are heard of, or it is known that they are not.
   *
   * @throws {AgentError} `bpf_unavailable` when what was to be protected is not.
   */
  async hear(): Promise<WatchedProcesses> {
    const heard = await this.#keeper?.ready ?? null;
    if (this.#protectsRunner && typeof heard === "string") {
      throw new AgentError("bpf_unavailable", {
        what: "Cannot protect the memory of the runner",
        why: heard,
        hint:
          "Take `protect` out of the policy, or guard a host whose kernel " +
          "lets root load BPF programs",
      });
    }
    if (typeof heard === "string") this.#unheard = heard;
    if (heard === null || typeof heard === "string") {
      return { processes: null, heardBy: null, files: null };
    }
    this.#isWhole = heard.source !== "connector";
    this.#refused = heard.refused;
    const { source: heardBy, files } = heard;
    this.#shared = this.#keeper!.share(heard);
    return { processes: this.#shared, heardBy, files };
  }

  /** Writes events to a journal from now on, the first ones among them. */
  tellTo(journal: Journal): void {
    const why = this.#unheard !== null
      ? `The network is guarded, but processes are not watched: ${this.#unheard}`
      : this.#isWhole
      ? null
      : "Of programs that end at once only the pid is known: " + this.#refused;
    if (why !== null) {
      const from = journal.now();
      journal.write({ kind: "agent", event: "impaired", from, message: why });
    }
    if (this.#unheard === null) this.#keeper?.tellTo(journal);
  }

  /** Says which process is the guarded command. */
  commandStarted(pid: number): void {
    this.#keeper?.setCommand(pid);
  }

  /** Tells the last of it; what it shares can be asked further on. */
  async settle(): Promise<void> {
    await this.#keeper?.settle();
  }

  /** Ends the watch; its last events are in the journal. */
  async stop(): Promise<void> {
    await this.#keeper?.stop();
  }
}
