/**
 * A runner in a lab whose jobs use the action: its entries are scripts that
 * start the agent as the real ones do.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { ActionReply } from "../../agent/action/protocol.ts";
import type { Report } from "../../agent/report/json.ts";
import type { Lab } from "../lab/lab.ts";
import type { JobStep } from "../lab/runner/job.ts";
import type { FakeRunner } from "../lab/runner/runner.ts";
import { waitUntil } from "../lab/wait.ts";
import { withRunner } from "./with_runner.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const USES = "sluice/sluice@v1";
const FILES = {
  pre: "agent/action/pre.ts",
  main: "agent/action/main.ts",
  post: "agent/action/post.ts",
};

/** How one job went. */
export interface JobCourse {
  /** What each entry was answered; null when it was not. */
  readonly pre: ActionReply | null;
  readonly main: ActionReply | null;
  readonly post: ActionReply | null;
  /** The last answer that anybody got. */
  readonly last: ActionReply | null;
  /** Of the post step, as the worker was told; null when it was not. */
  readonly postCode: number | null;
  /** Whether the worker came to its end; else it was killed. */
  readonly isDone: boolean;
}

/** A job with the action in front. */
export interface GuardedJob {
  readonly inputs: Readonly<Record<string, string>>;
  /** In front of the action, but behind its first entry. */
  readonly before?: readonly JobStep[];
  /** Behind the action. */
  readonly steps: readonly JobStep[];
  /** The post step's exit code; default what it is told. */
  readonly postCode?: number;
  /** The post step's script; default asks for the end. */
  readonly post?: string;
  /** What the worker does behind it, by lines of worker.c. */
  readonly after?: readonly (readonly string[])[];
}

/** A runner, and where its guards keep what they need. */
export class ActionGround implements AsyncDisposable {
  readonly lab: Lab;
  readonly runner: FakeRunner;
  #jobs = 0;

  private constructor(lab: Lab, runner: FakeRunner) {
    this.lab = lab;
    this.runner = runner;
  }

  /** Starts a runner in a lab. */
  static async build(lab: Lab, name = "runner"): Promise<ActionGround> {
    const ground = new ActionGround(lab, await withRunner(lab, name));
    await lab.onCleanup(
      `for file in $(grep -alsF '${ground.state}' /proc/[0-9]*/cmdline); do ` +
        `pid=\${file#/proc/}; kill -9 "\${pid%/cmdline}" 2>/dev/null; done; :`,
    );
    return ground;
  }

  /** The state directory of its guards. */
  get state(): string {
    return `${this.lab.directory}/state`;
  }

  /** Where they listen. */
  get socket(): string {
    return `${this.state}-job/socket`;
  }

  /** Where the runner's post entry is. */
  get postScript(): string {
    return `${this.runner.root}/_work/_actions/sluice/sluice/v1/${FILES.post}`;
  }

  /** A request as an entry writes it, in a file. */
  async request(
    stage: "pre" | "main" | "post",
    inputs: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const { root } = this.runner;
    const path = `${this.lab.directory}/request-${stage}-${this.#jobs}`;
    const environment = {
      GITHUB_WORKSPACE: `${root}/_work/repo/repo`,
      RUNNER_TEMP: `${root}/_work/_temp`,
    };
    const request = { version: 1, stage, inputs, environment };
    await Deno.writeTextFile(path, `${JSON.stringify(request)}\n`);
    return path;
  }

  /** Starts a job; the worker's pid. */
  async begin(job: GuardedJob): Promise<number> {
    this.#jobs++;
    const { root } = this.runner;
    await Deno.mkdir(`${root}/_work/repo/repo`, { recursive: true });
    const pre = await this.request("pre", job.inputs);
    const post = await this.request("post");
    const main = await this.request("main", job.inputs);
    const code = job.postCode ?? "-";
    return await this.runner.begin({
      steps: [...job.before ?? [], {
        ...{ name: "Guard", action: "__sluice", uses: USES, files: FILES },
        pre: this.agentScript("pre", pre),
        // As the entry does: the guard is asked, and armed where there is none.
        script: `[ -e ${this.socket} ] || {\n${
          this.agentScript("main", main)
        }}\n`,
        post: job.post ?? `#ask ${this.socket} ${post} ${code}\n`,
      }, ...job.steps],
      after: job.after ?? [],
    });
  }

  /** Runs a job to its end. */
  async run(job: GuardedJob): Promise<JobCourse> {
    const from = this.runner.said.length;
    const pid = await this.begin(job);
    return await this.course(pid, from);
  }

  /** Waits for a job's end. */
  async course(pid: number, from = 0): Promise<JobCourse> {
    await this.runner.ended(pid);
    // What its steps have said comes by the same pipe, and may still be there.
    await this.runner.use("nop");
    const log = await this.#log();
    const replies = repliesIn(this.runner.said.slice(from));
    const codes = [
      ...log.matchAll(/Finished process \d+ with exit code (\d+)/g),
    ];
    const isPosted = log.includes("DisplayName='Post Guard'");
    const isDone = /Job result after all job steps finish/.test(log);
    return {
      pre: answerTo(replies, /^pre\./),
      main: answerTo(replies, /^\d+$/),
      post: answerTo(replies, /^post\./),
      last: replies.at(-1)?.reply ?? null,
      postCode: isPosted && isDone ? Number(codes.at(-1)?.[1]) : null,
      isDone,
    };
  }

  /** Waits until something was said in a job. */
  async said(what: RegExp): Promise<void> {
    await waitUntil(() => what.test(this.runner.said), {
      what: `"${what.source}" from a step`,
      timeoutMs: 20_000,
    });
  }

  /** Waits until no guard listens any more. */
  async ended(): Promise<void> {
    await waitUntil(async () => {
      const found = await Deno.lstat(this.socket).catch(() => null);
      return found === null;
    }, { what: "the end of the guard", timeoutMs: 20_000 });
  }

  /** What the agent has said to nobody. */
  async agentLog(): Promise<string> {
    return await Deno.readTextFile(`${this.state}/agent.log`).catch(() => "");
  }

  async #log(): Promise<string> {
    const directory = `${this.runner.root}/_diag`;
    const names: string[] = [];
    for await (const { name } of Deno.readDir(directory)) {
      if (name.startsWith("Worker_")) names.push(name);
    }
    return await Deno.readTextFile(`${directory}/${names.sort().at(-1)}`);
  }

  /** The program with an entry's request, as root and with nothing else. */
  agentScript(stage: "pre" | "main" | "post", request: string): string {
    const clean = "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 " +
      `NO_COLOR=1 HOME=${Deno.env.get("HOME")}`;
    const program =
      `${Deno.execPath()} task --quiet --cwd ${PROJECT} sluice action ${stage}`;
    return `cd /; ${clean} ${program} --state ${this.state} < ${request}\n`;
  }

  /** What the program answers outside of a job. */
  async ask(
    stage: "pre" | "main" | "post",
    inputs: Readonly<Record<string, string>> = {},
  ): Promise<ActionReply> {
    const request = await this.request(stage, inputs);
    const script = this.agentScript(stage, request);
    await using program = this.lab.spawn("run", ["sh", "-c", script]);
    const { stdout } = await program.finished(30_000);
    return JSON.parse(stdout.trim().split("\n").at(-1)!);
  }

  /** Ends the runner; the rest ends with the lab. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
  }
}

/** A step of a workflow. */
export function step(name: string, script: string): JobStep {
  return { name, action: "__run", script };
}

/** The report that the post step is to upload; throws where there is none. */
export function reportIn(reply: ActionReply | null): Report {
  const file = reply?.files.find(({ name }) => name === "report.json");
  return JSON.parse(atob(file!.content));
}

interface Told {
  /** The process of the worker's that was started last. */
  readonly label: string;
  readonly reply: ActionReply;
}

function repliesIn(said: string): readonly Told[] {
  let label = "";
  return said.split("\n").flatMap((line) => {
    label = /^started (\S+) \d+$/.exec(line)?.[1] ?? label;
    if (!line.startsWith('{"version":1,"exitCode"')) return [];
    return [{ label, reply: JSON.parse(line) as ActionReply }];
  });
}

function answerTo(told: readonly Told[], label: RegExp): ActionReply | null {
  return told.find((each) => label.test(each.label))?.reply ?? null;
}
