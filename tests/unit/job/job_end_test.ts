import assert from "node:assert/strict";
import type { Context } from "../../../agent/context.ts";
import { JobEnd, type JobEndOptions } from "../../../agent/job/job_end.ts";
import { PostStep } from "../../../agent/job/post_step.ts";
import {
  lookBy,
  processAt,
  type ProcessId,
} from "../../../agent/job/process_id.ts";
import { readText } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { spawn, waitForExitBlocking } from "../../../ffi/spawn.ts";
import { waitUntil } from "../../lab/wait.ts";

/** A job whose journal cannot be read, with processes of its own. */
class Job implements Disposable {
  readonly #libc = new Libc();
  readonly #pids: number[] = [];
  readonly worker = this.#start("exec sleep 100");
  readonly said: string[] = [];
  readonly end: JobEnd;

  constructor() {
    const journal = {
      ...{ lost: 0, path: "/nowhere/journal", now: () => "" },
      write: ({ message }: { message: string }) => this.said.push(message),
    };
    const settle = () => Promise.reject(new TypeError("no settlement"));
    const { worker } = this;
    const options = {
      session: { journal, settle, isTampered: false },
      policy: { egress: "audit", on: { denied: "warn", overwritten: "warn" } },
      record: { place: { worker }, order: { containers: "allow" } },
      ...{ directory: "/nowhere", taken: {}, post: new PostStep() },
    } as unknown as JobEndOptions;
    this.end = new JobEnd({ libc: this.#libc } as Context, options);
  }

  /** A post step that has ended with 1, and that nobody has waited for. */
  async post(): Promise<ProcessId> {
    const process = this.#start("read line </dev/zero; exit 1");
    this.#libc.symbols.kill(process.pid, 15);
    await waitUntil(() => this.stateOf(process) === "Z", { what: "its end" });
    return process;
  }

  /** As ps(1) names it. */
  stateOf({ pid }: ProcessId): string {
    return readText(this.#libc, `/proc/${pid}/stat`).split(") ")[1]![0]!;
  }

  [Symbol.dispose](): void {
    for (const pid of this.#pids) {
      this.#libc.symbols.kill(pid, 9);
      waitForExitBlocking(this.#libc, pid);
    }
    this.#libc[Symbol.dispose]();
  }

  #start(script: string): ProcessId {
    const args = ["sh", "-c", script];
    const pid = spawn(this.#libc, { path: "/bin/sh", args, environment: [] });
    this.#pids.push(pid);
    return processAt(lookBy(this.#libc), pid)!;
  }
}

Deno.test("JobEnd.answer() is red and says why when the judge throws", async () => {
  using job = new Job();
  const { exitCode, lines } = await job.end.answer(await job.post());
  assert.equal(exitCode, 1);
  const why = "What the job did could not be judged: no settlement";
  assert.match(lines.join("\n"), new RegExp(`^::error .*${why}`));
  assert.deepEqual(job.said, [why]);
  // The step has failed by itself: the worker may hear of that.
  await job.end.finish();
  assert.notEqual(job.stateOf(job.worker), "Z");
});

Deno.test("JobEnd.answer() ends the worker when another has the post step's pid", async () => {
  using job = new Job();
  const { pid, startTicks } = await job.post();
  await job.end.answer({ pid, startTicks: startTicks - 1 });
  await job.end.finish();
  await waitUntil(() => job.stateOf(job.worker) === "Z", { what: "its end" });
});

Deno.test("JobEnd.finish() ends the worker when the judge throws and nobody has asked", async () => {
  using job = new Job();
  await job.end.finish();
  await waitUntil(() => job.stateOf(job.worker) === "Z", { what: "its end" });
});

Deno.test("JobEnd.otherEnded() ends the worker when the judge throws", async () => {
  using job = new Job();
  await job.end.otherEnded();
  assert.match(job.said.join("\n"), /^What the job did could not be judged: /);
  await waitUntil(() => job.stateOf(job.worker) === "Z", { what: "its end" });
});
