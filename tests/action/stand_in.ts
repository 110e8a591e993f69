/**
 * A job as GitHub's runner does it: the order of its steps, their environment
 * and files, and what each leaves to those behind it.
 *
 * After actions/runner (StepsRunner.cs, ActionRunner.cs, NodeScriptActionHandler.cs)
 * and GitHub's documentation; the processes are those of tests/lab/runner.
 *
 * @module
 */
import { uuid } from "../lab/runner/job.ts";
import type { FakeRunner } from "../lab/runner/runner.ts";
import {
  type ActionFile,
  inputVariables,
  readActionFile,
} from "./action_file.ts";
import { mask, readCommands } from "./commands.ts";
import { LiveWorker } from "./live_worker.ts";
import { hookArgs, readRunnerEnv, RUNNER_HOOKS } from "./runner_hooks.ts";
import { defaultVariables, isLocal } from "./variables.ts";
import { makeStepFiles, readStepFiles } from "./step_files.ts";
import type {
  Conclusion,
  JobRun,
  StepRun,
  WorkflowJob,
  WorkflowStep,
} from "./workflow.ts";

/** Where and as whom jobs are run. */
export interface StandInPlace {
  readonly runner: FakeRunner;
  /** Of the steps. */
  readonly user: number;
  readonly home: string;
  /** Added for all steps, as the service that started the runner gave it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Added for actions only, such as ACTIONS_RESULTS_URL. */
  readonly actionEnvironment?: Readonly<Record<string, string>>;
}

interface Stage {
  readonly step: WorkflowStep;
  readonly stage: "pre" | "main" | "post";
  readonly name: string;
  readonly condition: string;
  readonly action: ActionFile | null;
  /** A script of the runner's owner, in no workflow. */
  readonly hook?: string;
}

// What is between the last step and the call that tells GitHub of the job's
// end: logs are uploaded, orphans are ended.
const BEFORE_REPORT_MS = 300;

// actions/runner FileCommandManager.cs, SetEnvFileCommand.
const REFUSED_VARIABLE = "NODE_OPTIONS";

/** Runs one job. */
export class StandIn {
  readonly #place: StandInPlace;
  readonly #job: WorkflowJob;
  readonly #runs: StepRun[] = [];
  readonly #posts: Stage[] = [];
  readonly #states = new Map<WorkflowStep, Record<string, string>>();
  readonly #outputs = new Map<string, Readonly<Record<string, string>>>();
  readonly #masks: string[] = [];
  readonly #tracking = `github_${uuid()}`;
  readonly #env: Record<string, string>;
  #path: string[] = [];
  #runnerEnv: Readonly<Record<string, string>> = {};
  #status: Conclusion = "success";
  #worker: LiveWorker | null = null;
  #current: number | null = null;

  /** @param place Where and as whom. */
  constructor(place: StandInPlace, job: WorkflowJob) {
    this.#place = place;
    this.#job = job;
    this.#env = { ...job.env };
  }

  /** Where the repository is checked out. */
  get workspace(): string {
    return `${this.#place.runner.root}/_work/project/project`;
  }

  /** Runs it to its end. */
  async run(): Promise<JobRun> {
    using worker = await LiveWorker.start(this.#place.runner);
    this.#worker = worker;
    await this.#prepare();
    this.#runnerEnv = await readRunnerEnv(this.#place.runner.root);
    const stages = await this.#plan();
    await this.#passHook("pre");
    for (const stage of stages) await this.#pass(stage);
    for (const stage of this.#posts.toReversed()) await this.#pass(stage);
    await this.#passHook("post");
    const { pid: workerPid } = worker;
    const result = this.#status === "success" ? "Succeeded" : "Failed";
    // By the worker itself, where there is one.
    if (!worker.isGone) this.#endOrphans();
    const isTold = !worker.isGone &&
      await worker.report(result, BEFORE_REPORT_MS);
    return {
      // The listener reports the job of a worker that ended like this.
      conclusion: isTold ? this.#status : "failure",
      steps: this.#runs,
      isWorkerLost: !isTold,
      workerPid,
    };
  }

  /** As a person does it: the step is told to end, the others are skipped. */
  cancel(): void {
    this.#status = "cancelled";
    if (this.#current !== null) Deno.kill(this.#current, "SIGINT");
  }

  async #prepare(): Promise<void> {
    const { runner, user } = this.#place;
    const temp = `${runner.root}/_work/_temp`;
    for (const path of [this.workspace, `${temp}/_github_workflow`]) {
      await Deno.mkdir(path, { recursive: true });
      await Deno.chown(path, user, user);
    }
    await Deno.chown(`${runner.root}/_work/project`, user, user);
    await Deno.writeTextFile(`${temp}/_github_workflow/event.json`, "{}");
    await this.#worker!.log("Worker", 'Job message:\n {\n  "steps": []\n}');
    await this.#worker!.log("JobRunner", "Run all job steps.");
  }

  async #plan(): Promise<Stage[]> {
    const stages: Stage[] = [];
    const pres: Stage[] = [];
    for (const step of this.#job.steps) {
      const { uses, if: condition = "success()" } = step;
      const name = step.name ?? `Run ${uses ?? step.run!.split("\n")[0]}`;
      // Of the repository itself: there when a step has checked it out, so that
      // its pre is never run.
      const action = uses === undefined || isLocal(uses)
        ? null
        : await readActionFile(this.#directoryOf(uses));
      stages.push({ step, stage: "main", name, condition, action });
      if (action === null || action.pre === null) continue;
      const of = { step, action, name: `Pre ${name}` };
      pres.push({ ...of, stage: "pre", condition: action.preIf });
    }
    return [...pres, ...stages];
  }

  #directoryOf(uses: string): string {
    const { root } = this.#place.runner;
    return isLocal(uses)
      ? `${this.workspace}/${uses}`.replace(/(?:\/\.)?\/?$/, "")
      : `${root}/_work/_actions/${uses.replace("@", "/")}`;
  }

  async #passHook(stage: keyof typeof RUNNER_HOOKS): Promise<void> {
    const { name, variable } = RUNNER_HOOKS[stage];
    const hook = this.#runnerEnv[variable];
    if (hook === undefined) return;
    const of = { stage, name, hook, action: null, condition: "always()" };
    await this.#pass({ ...of, step: { name } });
  }

  async #pass(planned: Stage): Promise<void> {
    const worker = this.#worker!;
    if (worker.isGone) return;
    const { uses } = planned.step;
    const action = uses !== undefined && planned.action === null
      ? await readActionFile(this.#directoryOf(uses))
      : planned.action;
    const stage = { ...planned, action };
    await stage.step.before?.();
    await worker.log(
      "StepsRunner",
      `Processing step: DisplayName='${stage.name}'`,
    );
    if (!this.#holds(stage.condition)) {
      const none = {
        ...{ commands: [], outputs: {}, summary: "", log: "" },
        milliseconds: 0,
      };
      const { name, stage: which } = stage;
      const skipped = { name, stage: which, exitCode: null, ...none };
      this.#runs.push({ ...skipped, conclusion: "skipped" });
      return;
    }
    await worker.log("StepsRunner", "Starting the step.");
    this.#register(stage);
    const run = await this.#execute(stage);
    this.#runs.push(run);
    if (run.conclusion === "failure" && this.#status === "success") {
      this.#status = "failure";
    }
    await worker.log("StepsRunner", "Step result: ");
  }

  #holds(condition: string): boolean {
    const status = this.#status;
    switch (condition.replace(/^\$\{\{\s*(.*?)\s*\}\}$/, "$1")) {
      case "always()":
        return true;
      case "success()":
        return status === "success";
      case "failure()":
        return status === "failure";
      case "cancelled()":
        return status === "cancelled";
      default:
        throw new Error(`Cannot evaluate "${condition}": not known here`);
    }
  }

  /** An action's post is run when its pre or its main was begun. */
  #register({ step, stage, name, action }: Stage): void {
    if (action === null || action.post === null || stage === "post") return;
    if (this.#posts.some((post) => post.step === step)) return;
    const plain = name.replace(/^Pre /, "");
    const of = { step, action, name: `Post ${plain}` };
    this.#posts.push({ ...of, stage: "post", condition: action.postIf });
  }

  async #execute(of: Stage): Promise<StepRun> {
    const { step, stage, name, action } = of;
    const { runner, user } = this.#place;
    const temp = `${runner.root}/_work/_temp`;
    const output = `${runner.root}/jobs/${uuid()}.log`;
    const files = await makeStepFiles(temp, user);
    const args = await this.#argsOf(of);
    const { PATH = "/usr/local/bin:/usr/bin:/bin", ...given } = {
      ...this.#place.environment,
      ...this.#runnerEnv,
      // A hook gets nothing that steps have left but PATH.
      ...(of.hook === undefined ? this.#env : {}),
      ...step.env,
    };
    const path = [...this.#path.toReversed(), PATH].join(":");
    const inputs = action === null ? {} : inputVariables(action, {
      given: step.with ?? {},
      expand: (text) => this.#expand(text),
    });
    const env = {
      ...given,
      ...inputs,
      ...(action === null ? {} : this.#place.actionEnvironment),
      ...Object.fromEntries(
        Object.entries(this.#states.get(step) ?? {})
          .map(([key, value]) => [`STATE_${key}`, value]),
      ),
      ...defaultVariables(step, {
        root: runner.root,
        index: this.#job.steps.indexOf(step),
        workspace: this.workspace,
      }),
      RUNNER_TRACKING_ID: this.#tracking,
      ...files,
      PATH: path,
      HOME: this.#place.home,
    };
    let startedMs = performance.now();
    const code = await this.#worker!.run(
      { args, env, output, cwd: this.workspace },
      (pid) => {
        this.#current = pid;
        // The worker itself takes its time until the first of them.
        startedMs = performance.now();
      },
    );
    const milliseconds = performance.now() - startedMs;
    this.#current = null;
    const text = await Deno.readTextFile(output).catch(() => "");
    const commands = readCommands(text);
    let isWell = code === 0;
    let complaint = "";
    const found = await readStepFiles(files).catch((error) => {
      isWell = false;
      complaint = `\n##[error]${error.message}`;
      return null;
    });
    for (const [key, value] of found?.env ?? []) {
      const isLet = key.toUpperCase() !== REFUSED_VARIABLE ||
        this.#job.isNodeOptionsLet;
      if (isLet) this.#env[key] = value;
      else complaint += `\n##[error]Can't store ${key} output parameter`;
    }
    this.#path.push(...found?.path ?? []);
    this.#states.set(step, { ...this.#states.get(step), ...found?.state });
    // actions/runner ExecutionContext.cs, SetOutput(): what runs around the main
    // part has no ContextName, and its outputs are dropped.
    const outputs = stage === "main" ? { ...found?.outputs } : {};
    if (stage === "main" && step.id !== undefined) {
      this.#outputs.set(step.id, outputs);
    }
    for (const { command, message } of commands) {
      if (command === "add-mask") this.#masks.push(message);
    }
    return {
      ...{ name, stage, commands, outputs, exitCode: code, milliseconds },
      conclusion: isWell
        ? "success"
        : this.#status === "cancelled"
        ? "cancelled"
        : "failure",
      log: mask(text, this.#masks) + complaint,
      summary: found?.summary ?? "",
    };
  }

  async #argsOf({ step, stage, action, hook }: Stage): Promise<string[]> {
    const { runner, user } = this.#place;
    if (hook !== undefined) return await hookArgs(hook, this.#path);
    if (action !== null) {
      return [
        ...this.#job.actionsIn ?? [],
        `${runner.root}/externals/${action.using}/bin/node`,
        action[stage]!,
      ];
    }
    const path = `${runner.root}/_work/_temp/${uuid()}.sh`;
    await Deno.mkdir(`${runner.root}/_work/_temp`, { recursive: true });
    await Deno.writeTextFile(path, this.#expand(step.run!));
    await Deno.chown(path, user, user);
    return ["/usr/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", path];
  }

  #expand(text: string): string {
    return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
      const [first, id, , name] = expression.split(".");
      if (first === "steps") return this.#outputs.get(id!)?.[name!] ?? "";
      if (expression === "github.token") return "ghs_token";
      throw new Error(`Cannot evaluate "${expression}": not known here`);
    });
  }

  /** "Cleaning up orphan processes": those that kept the variable. */
  #endOrphans(): void {
    const { runner } = this.#place;
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      // Whoever looks into these, and is not the runner, is ended by a guard.
      if ([runner.pid, this.#worker!.pid].includes(Number(name))) continue;
      try {
        const environment = Deno.readTextFileSync(`/proc/${name}/environ`);
        const mark = `RUNNER_TRACKING_ID=${this.#tracking}`;
        if (!environment.split("\0").includes(mark)) continue;
        Deno.kill(Number(name), "SIGKILL");
      } catch {
        // Has ended.
      }
    }
  }
}
