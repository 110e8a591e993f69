/**
 * The log that a GitHub runner's worker writes, `_diag/Worker_*.log`.
 *
 * Its texts are those of actions/runner: `StepsRunner.cs`,
 * `CompositeActionHandler.cs`, `BackgroundStepCoordinator.cs`, `JobRunner.cs`,
 * `ProcessInvoker.cs`, and `HostTraceListener.cs` for the header. They were
 * never promised to anybody: what is not known is passed over.
 *
 * A message can have several lines, and text from a step can be in it, so a
 * line that looks like one of the worker's need not be its own.
 *
 * @see {@link https://github.com/actions/runner | actions/runner}
 * @module
 */

/** What the log says of steps and processes. */
export type WorkerLogEntry =
  /** A step is looked at; it may still be skipped. Null: its name is not read. */
  | { readonly kind: "step"; readonly name: string | null }
  /** A step of a composite action is; of a nested one as well. */
  | { readonly kind: "substep"; readonly name: string | null }
  | { readonly kind: "substepEnded" }
  /** The step just looked at goes on beside the next ones. */
  | { readonly kind: "background"; readonly action: string }
  /** The worker has started a process, for what it works at. */
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "finished"; readonly pid: number }
  /** All steps are done, post steps among them. */
  | { readonly kind: "stepsEnded" };

/** A longer line is cut; none that we read is near that. */
const MAX_LINE_BYTES = 4096;
/** A name has one line today, and had several once. */
const MAX_MESSAGE_LENGTH = 8192;

const LINE_FEED = 10;
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** `[2026-01-02 03:04:05Z INFO StepsRunner] text`; `ERR ` has a blank more. */
const HEADER =
  /^\[\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}Z [A-Z]{3,4} {1,2}([\w.]{1,100})\] /;

const NAME = /^Processing (?:step|embedded step|composite step): /;
const QUOTED = /^[^:]*: DisplayName='([^]*)'$/;
/** .NET prints the pid as an int. */
const STARTED =
  /^Process started with process id (\d{1,10}), waiting for process exit\.$/;
const FINISHED = /^Finished process (\d{1,10}) with exit code /;
const BACKGROUND = /^Background step '([^']{1,256})' queued /;

/** Reads a log piece by piece, in pieces of any length. */
export class WorkerLogDecoder {
  readonly #line = new Uint8Array(MAX_LINE_BYTES);
  #lineBytes = 0;
  /** A name whose message may have another line; else null. */
  #open: { source: string; text: string } | null = null;

  /**
   * Reads on.
   *
   * A name is told with the header of the next message: until then it could
   * have another line. The worker writes several before it starts a process.
   *
   * @param bytes What follows the bytes before, cut anywhere.
   * @returns What is complete by now, in its order.
   */
  push(bytes: Uint8Array): WorkerLogEntry[] {
    const entries: WorkerLogEntry[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(LINE_FEED, at);
      this.#append(bytes.subarray(at, end < 0 ? bytes.length : end));
      if (end < 0) break;
      const line = UTF8.decode(this.#line.subarray(0, this.#lineBytes));
      this.#lineBytes = 0;
      this.#readLine(line, entries);
      at = end + 1;
    }
    return entries;
  }

  #append(bytes: Uint8Array): void {
    const room = MAX_LINE_BYTES - this.#lineBytes;
    const kept = bytes.subarray(0, room);
    this.#line.set(kept, this.#lineBytes);
    this.#lineBytes += kept.length;
  }

  #readLine(line: string, entries: WorkerLogEntry[]): void {
    const header = HEADER.exec(line);
    if (header === null) {
      if (this.#open === null) return;
      const { source, text } = this.#open;
      if (text.length === MAX_MESSAGE_LENGTH) return;
      const longer = `${text}\n${line}`.slice(0, MAX_MESSAGE_LENGTH);
      this.#open = { source, text: longer };
      return;
    }
    if (this.#open !== null) {
      const entry = nameEntry(this.#open);
      if (entry !== null) entries.push(entry);
      this.#open = null;
    }
    const source = header[1]!;
    const text = line.slice(header[0].length);
    if (NAME.test(text)) {
      this.#open = { source, text };
      return;
    }
    const entry = plainEntry(source, text);
    if (entry !== null) entries.push(entry);
  }
}

function nameEntry(
  { source, text }: { source: string; text: string },
): WorkerLogEntry | null {
  const name = QUOTED.exec(text)?.[1] ?? null;
  const isStep = text.startsWith("Processing step: ");
  if (isStep) return source === "StepsRunner" ? { kind: "step", name } : null;
  return source === "CompositeActionHandler" ? { kind: "substep", name } : null;
}

function plainEntry(source: string, text: string): WorkerLogEntry | null {
  switch (source) {
    case "ProcessInvokerWrapper": {
      const started = STARTED.exec(text)?.[1];
      if (started !== undefined) return { kind: "started", pid: +started };
      const finished = FINISHED.exec(text)?.[1];
      return finished === undefined
        ? null
        : { kind: "finished", pid: +finished };
    }
    case "CompositeActionHandler":
      // Skipped ones have no result.
      return text.startsWith("Step result: ") ||
          text.startsWith("Skipping step due to condition evaluation")
        ? { kind: "substepEnded" }
        : null;
    case "BackgroundStepCoordinator": {
      const action = BACKGROUND.exec(text)?.[1];
      return action === undefined ? null : { kind: "background", action };
    }
    case "JobRunner":
      return text.startsWith("Job result after all job steps finish: ")
        ? { kind: "stepsEnded" }
        : null;
    default:
      return null;
  }
}
