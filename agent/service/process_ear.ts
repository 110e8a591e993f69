/**
 * Listens to the kernel for as long as the service runs.
 *
 * @module
 */
import type { ProcessRecord } from "../decode/process_record.ts";
import { AgentError } from "../errors.ts";
import type { ProcessId } from "../job/process_id.ts";
import { openProcessSource } from "../observe/open_process_source.ts";
import type { ProcessSource } from "../observe/process_source.ts";
import type { Libc } from "../../ffi/libc.ts";
import { WakeUp } from "../../ffi/wake_up.ts";
import { type FreshChild, FreshChildren } from "./fresh_children.ts";

/** What the kernel tells may come after who it is about. */
const KNOWN_MS = 1_000;
const LOOK_MS = 20;

/** Knows the programs of new processes; ends with {@linkcode ProcessEar.close}. */
export class ProcessEar {
  readonly #source: ProcessSource;
  readonly #children = new FreshChildren();
  readonly #tell: (record: ProcessRecord) => void;
  readonly #stopping: WakeUp;
  readonly #listening: Promise<unknown>;

  /**
   * @param libc Must outlive this object.
   * @param tell Told of each record as well.
   * @throws {AgentError} `bpf_unavailable`.
   */
  constructor(libc: Libc, tell: (record: ProcessRecord) => void) {
    this.#tell = tell;
    this.#source = openSource(libc);
    this.#stopping = new WakeUp(libc);
    this.#listening = Promise.all(
      this.#source.fds.map((fd) => this.#listen(fd)),
    );
  }

  /** What is known of a process that has just asked. */
  async find(process: ProcessId): Promise<FreshChild | null> {
    const untilMs = performance.now() + KNOWN_MS;
    for (;;) {
      this.#drain();
      const child = this.#children.find(process);
      if (child !== null || performance.now() > untilMs) return child;
      await this.#stopping.orAfter(LOOK_MS);
      if (this.#stopping.isSet) return null;
    }
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#stopping.set();
    await this.#listening;
    this.#source[Symbol.dispose]();
    this.#stopping[Symbol.dispose]();
  }

  async #listen(fd: number): Promise<void> {
    while (!this.#stopping.isSet) {
      const { waitMilliseconds } = this.#source;
      await this.#stopping.orReadable(fd, waitMilliseconds);
      if (!this.#stopping.isSet) this.#drain();
    }
  }

  #drain(): void {
    for (const record of this.#source.drain()) {
      this.#children.hear(record);
      this.#tell(record);
    }
  }
}

function openSource(libc: Libc): ProcessSource {
  try {
    // Not by audit, which has one listener, and that may be a job's guard.
    const preferred = ["bpf", "connector"] as const;
    return openProcessSource(libc, { preferred }).source;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new AgentError("bpf_unavailable", {
      what: "Cannot run the service",
      why: error.message,
      hint: "Run it as root on the machine itself, not in a container",
      cause: error,
    });
  }
}
