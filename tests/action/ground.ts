/**
 * A machine of a runner's: a copy of this one with a user `runner` who may use
 * sudo, its network a lab's, and the action installed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  type CommandResult,
  DEFAULT_TIMEOUT_MS,
  LabProcess,
  runOrThrow,
} from "../lab/command.ts";
import { type Lab, trustEnvironment } from "../lab/lab.ts";
import { enterArgs } from "../lab/namespaces.ts";
import { FakeRunner } from "../lab/runner/runner.ts";
import { ROOT } from "../style/tree.ts";
import { findNode24 } from "./node.ts";
import { StandIn } from "./stand_in.ts";
import type { JobRun, WorkflowJob } from "./workflow.ts";

const SCRIPT = fileURLToPath(new URL("./ground.sh", import.meta.url));
const USER = "runner";
const USER_ID = 1001;

/** What a checkout of the action has, beside what only tests need. */
const ACTION_FILES = ["action.yml", "agent", "ffi", "deno.json", "deno.lock"];

/** What steps name to use the action. */
export const SLUICE = "owner/sluice@v1";

/** What a ground is to have. */
export interface GroundOptions {
  /** Variables that only actions get. */
  readonly actionEnvironment?: Readonly<Record<string, string>>;
  /** Variables of the service that started the runner. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Lines for root's shell, before the runner is started. */
  readonly setup?: string;
}

/** The machine; it goes with its lab at the latest. */
export class Ground implements AsyncDisposable {
  readonly lab: Lab;
  readonly runner: FakeRunner;
  readonly #holder: LabProcess;
  readonly #options: GroundOptions;

  private constructor(
    lab: Lab,
    of: { runner: FakeRunner; holder: LabProcess; options: GroundOptions },
  ) {
    this.lab = lab;
    this.runner = of.runner;
    this.#holder = of.holder;
    this.#options = of.options;
  }

  /** Builds it and starts its runner's listener. */
  static async up(lab: Lab, options: GroundOptions = {}): Promise<Ground> {
    const directory = `${lab.directory}/ground`;
    const shared = `${lab.directory}/shared`;
    await Deno.mkdir(shared, { recursive: true });
    const args = [directory, lab.directory, USER, String(USER_ID)];
    const unshare = ["unshare", "--mount", "--propagation=private"];
    const holder = lab.spawn("run", [...unshare, "sh", SCRIPT, ...args]);
    await holder.waitFor("ready", 30_000);
    const runner = await FakeRunner.install(`${shared}/runner`, USER_ID);
    await lab.onCleanup(runner.removal);
    const ground = new Ground(lab, { runner, holder, options });
    if (options.setup !== undefined) {
      const setup = ["sh", "-euc", options.setup];
      await runOrThrow([...ground.#enter(), ...setup]);
    }
    await ground.#installNode();
    const id = String(USER_ID);
    const become = ["setpriv", "--reuid", id, "--regid", id, "--init-groups"];
    await runner.start({ before: [...ground.#enter(), ...become, "--"] });
    return ground;
  }

  /** Of the steps. */
  get user(): number {
    return USER_ID;
  }

  /** Where a job's repository is checked out. */
  get workspace(): string {
    return `${this.runner.root}/_work/project/project`;
  }

  /** Where the runner has put an action. */
  actionDirectory(uses: string): string {
    return `${this.runner.root}/_work/_actions/${uses.replace("@", "/")}`;
  }

  /** Puts the project itself where the runner would download it to. */
  async installSluice(uses = SLUICE): Promise<void> {
    const target = this.actionDirectory(uses);
    await Deno.mkdir(target, { recursive: true });
    const files = ACTION_FILES.map((name) => `${ROOT}${name}`);
    await runOrThrow(["cp", "-a", ...files, target]);
    await this.#own(`${this.runner.root}/_work`);
  }

  /** Puts an action of a test there. */
  async installAction(
    uses: string,
    files: Readonly<Record<string, string>>,
  ): Promise<void> {
    const target = this.actionDirectory(uses);
    for (const [name, text] of Object.entries(files)) {
      const path = `${target}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), {
        recursive: true,
      });
      await Deno.writeTextFile(path, text);
    }
    await this.#own(`${this.runner.root}/_work`);
  }

  /** A job that can be cancelled, not yet begun. */
  job(job: WorkflowJob): StandIn {
    const { environment, actionEnvironment } = this.#options;
    return new StandIn({
      runner: this.runner,
      user: USER_ID,
      home: `/home/${USER}`,
      environment: {
        ...trustEnvironment(this.lab.directory),
        LANG: "C.UTF-8",
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ...environment,
      },
      actionEnvironment,
    }, job);
  }

  /** Runs a job to its end. */
  async run(job: WorkflowJob): Promise<JobRun> {
    return await this.job(job).run();
  }

  /** Starts a program on the machine, as root. */
  spawn(args: readonly string[]): LabProcess {
    return new LabProcess([...this.#enter(), ...args]);
  }

  /** Runs a program on the machine, as root or as that user. */
  async in(
    args: readonly string[],
    options: { readonly user?: number; readonly timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    const { user, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const id = String(user);
    const become = user === undefined
      ? []
      : ["setpriv", "--reuid", id, "--regid", id, "--init-groups", "--"];
    await using program = new LabProcess([
      ...this.#enter(),
      ...become,
      ...args,
    ]);
    return await program.finished(timeoutMs);
  }

  /** Ends runner and machine; what ran on it ends with the lab. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
    await this.#holder[Symbol.asyncDispose]();
  }

  #enter(): string[] {
    return enterArgs(this.#holder.pid, "/");
  }

  async #own(path: string): Promise<void> {
    await runOrThrow(["chown", "-R", `${USER_ID}:${USER_ID}`, path]);
  }

  async #installNode(): Promise<void> {
    const from = await findNode24();
    const target = `${this.runner.root}/externals/node24/bin/node`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), {
      recursive: true,
    });
    try {
      await Deno.link(from, target);
    } catch (error) {
      if (!(error instanceof Error && /cross-device/i.test(error.message))) {
        throw error;
      }
      await Deno.copyFile(from, target);
    }
    // Not the program: it may be one and the same as npm's.
    for (
      const path of ["externals", "externals/node24", "externals/node24/bin"]
    ) {
      const full = `${this.runner.root}/${path}`;
      await Deno.chown(full, USER_ID, USER_ID);
    }
  }
}
