import assert from "node:assert/strict";
import { untilOver } from "../../../agent/job/job_over.ts";
import type { JobRecord } from "../../../agent/job/job_record.ts";
import { startTicksOf } from "../../../agent/state.ts";
import { readText } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { spawn, waitForExitBlocking } from "../../../ffi/spawn.ts";

const SIGKILL = 9;
/** Longer than it looks away. */
const LATER_MS = 200;

/** A worker, and how long its guard stays. */
class Staying implements Disposable {
  readonly #libc = new Libc();
  readonly #worker: number;
  readonly #stop = Promise.withResolvers<void>();
  readonly over: Promise<void>;
  isOver = false;

  constructor(
    of: Partial<Pick<JobRecord, "isHosted" | "isOwners">> & {
      readonly environment?: readonly string[];
      readonly isAnother?: boolean;
    },
  ) {
    const { environment = [], isAnother = false, ...record } = of;
    this.#worker = spawn(this.#libc, {
      ...{ path: "/bin/sleep", args: ["sleep", "100"], environment },
    });
    // posix_spawn(3) returns before the kernel has put it into its place.
    const path = `/proc/${this.#worker}/environ`;
    while (readText(this.#libc, path) !== seen(environment));
    const startTicks = startTicksOf(this.#libc, this.#worker)!;
    const worker = {
      pid: this.#worker,
      startTicks: isAnother ? startTicks - 1 : startTicks,
    };
    const place = { worker } as JobRecord["place"];
    this.over = untilOver(this.#libc, {
      record: { isHosted: false, isOwners: false, ...record, place },
      stop: this.#stop.promise,
    }).then(() => {
      this.isOver = true;
    });
  }

  endWorker(): void {
    this.#libc.symbols.kill(this.#worker, SIGKILL);
    waitForExitBlocking(this.#libc, this.#worker);
  }

  stop(): void {
    this.#stop.resolve();
  }

  [Symbol.dispose](): void {
    this.#stop.resolve();
    if (startTicksOf(this.#libc, this.#worker) !== null) this.endWorker();
    this.#libc[Symbol.dispose]();
  }
}

/** As /proc/PID/environ shows it. */
function seen(environment: readonly string[]): string {
  return environment.map((pair) => `${pair}\0`).join("");
}

async function later(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, LATER_MS));
}

const HOOK = "ACTIONS_RUNNER_HOOK_JOB_COMPLETED=/opt/clean.sh";

for (
  const { name, ...of } of [
    { name: "on a machine of one's own" },
    {
      name: "where the hook behind the last step is our own",
      ...{ environment: [HOOK], isOwners: true },
    },
    {
      name: "where a hook is named and none is set",
      environment: [`X${HOOK}`],
    },
  ]
) {
  Deno.test(`untilOver() waits for the end of the worker ${name}`, async () => {
    using staying = new Staying(of);
    await later();
    assert.equal(staying.isOver, false);
    staying.endWorker();
    await staying.over;
  });
}

Deno.test("untilOver() waits for nothing where a hook of the owner's runs behind the last step", async () => {
  using staying = new Staying({ environment: [HOOK] });
  await staying.over;
});

Deno.test("untilOver() takes no other process for the worker", async () => {
  using staying = new Staying({ isAnother: true });
  await staying.over;
});

Deno.test("untilOver() outlives the worker on a machine of GitHub's", async () => {
  using staying = new Staying({ isHosted: true, environment: [HOOK] });
  staying.endWorker();
  await later();
  assert.equal(staying.isOver, false);
  staying.stop();
  await staying.over;
});

Deno.test("untilOver() ends when it is told to", async () => {
  using staying = new Staying({});
  staying.stop();
  await staying.over;
});
