/**
 * A job as a workflow describes it, and what a runner makes of it: messages in
 * its log, files, and processes with an environment.
 *
 * @module
 */

/** One step of a workflow. */
export interface JobStep {
  /** As the log names it; anything. */
  readonly name: string;
  /** GITHUB_ACTION. */
  readonly action: string;
  /** A shell script; of an action, what it does. */
  readonly script: string;
  /** `owner/repository@ref`: an action in JavaScript. */
  readonly uses?: string;
  /** A composite action instead, with these in it. */
  readonly parts?: readonly {
    readonly name: string;
    readonly script: string;
  }[];
  /** What an action does at the end of the job. */
  readonly post?: string;
  /** What an action does before all steps. */
  readonly pre?: string;
  /** Where the action has its scripts; default `dist/index.js` and so on. */
  readonly files?: {
    readonly pre: string;
    readonly main: string;
    readonly post: string;
  };
  /** Before it: `page` begins another log file. */
  readonly before?: "page";
  /** What the worker itself does before it, by lines of worker.c. */
  readonly acts?: readonly (readonly string[])[];
}

/** A job, as JSON has it. */
export interface Job {
  readonly steps: readonly JobStep[];
  /** What the worker does when all steps are done, by lines of worker.c. */
  readonly after?: readonly (readonly string[])[];
}

/** Where a runner is installed, and what for. */
export interface JobPlace {
  /** The runner's directory. */
  readonly root: string;
  /** Added to each step's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A file that the runner writes before it starts the process. */
export interface JobFile {
  readonly path: string;
  readonly text: string;
}

const HEX_BYTES = 16;

/**
 * What the stand-in of the worker is to do, see worker.c.
 *
 * Processes are labelled `STEP`, `STEP.PART`, `pre.STEP` and `post.STEP`, by
 * numbers.
 */
export function planJob(
  job: Job,
  place: JobPlace,
): { readonly lines: readonly string[]; readonly files: readonly JobFile[] } {
  const files: JobFile[] = [];
  const lines: string[] = [
    log("Worker", 'Job message:\n {\n  "steps": []\n}'),
    log("JobRunner", "Run all job steps."),
  ];
  const act = (of: Started) => {
    const { args, file } = commandOf(of, place);
    files.push(file);
    const variables = Object.entries({
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      GITHUB_ACTIONS: "true",
      ...place.environment,
      GITHUB_ACTION: of.step.action,
    }).map((pair) => pair.join("="));
    const start = [of.label, String(variables.length), ...variables, ...args];
    lines.push(line("start", ...start), line("wait", of.label));
  };
  const work = (name: string, body: () => void) => {
    lines.push(
      log("StepsRunner", `Processing step: DisplayName='${name}'`),
      log("StepsRunner", "Evaluating: success()"),
      log("StepsRunner", "Result: true"),
      log("StepsRunner", "Starting the step."),
    );
    body();
    lines.push(
      log("StepsRunner", "Step result: "),
      log("StepsRunner", "Current state: job state = ''"),
    );
  };
  for (const [index, step] of job.steps.entries()) {
    const { pre: script } = step;
    if (script === undefined) continue;
    work(`Pre ${step.name}`, () => {
      act({ label: `pre.${index}`, step, script });
    });
  }
  for (const [index, step] of job.steps.entries()) {
    if (step.before === "page") lines.push(line("page"));
    lines.push(...(step.acts ?? []).map((fields) => line(...fields)));
    work(step.name, () => {
      const { parts, script } = step;
      if (parts === undefined) {
        return act({ label: String(index), step, script });
      }
      for (const [part, { name, script }] of parts.entries()) {
        const source = "CompositeActionHandler";
        const text = `Processing embedded step: DisplayName='${name}'`;
        lines.push(log(source, text), log(source, `Starting: ${name}`));
        act({ label: `${index}.${part}`, step, script });
        lines.push(log(source, "Step result: "));
      }
    });
  }
  for (const [index, step] of [...job.steps.entries()].reverse()) {
    const { post: script } = step;
    if (script === undefined) continue;
    work(`Post ${step.name}`, () => {
      act({ label: `post.${index}`, step, script });
    });
  }
  lines.push(
    ...(job.after ?? []).map((fields) => line(...fields)),
    log("JobRunner", "Job result after all job steps finish: Succeeded"),
  );
  return { lines, files };
}

interface Started {
  readonly label: string;
  readonly step: JobStep;
  readonly script: string;
}

function commandOf(
  { label, step, script }: Started,
  { root }: JobPlace,
): { args: readonly string[]; file: JobFile } {
  if (step.uses === undefined) {
    const path = `${root}/_work/_temp/${uuid()}.sh`;
    const shell = ["/usr/bin/bash", "--noprofile", "--norc", "-e"];
    const args = [...shell, "-o", "pipefail", path];
    return { args, file: { path, text: script } };
  }
  const directory = step.uses.replace("@", "/");
  const files = step.files ??
    { pre: "dist/pre.js", main: "dist/index.js", post: "dist/post.js" };
  const stage = /^(pre|post)\./.exec(label)?.[1] as "pre" | "post" | undefined;
  const path = `${root}/_work/_actions/${directory}/${files[stage ?? "main"]}`;
  const args = [`${root}/externals/node20/bin/node`, path];
  return { args, file: { path, text: script } };
}

/** As the runner names its own files. */
export function uuid(): string {
  const hex = crypto.getRandomValues(new Uint8Array(HEX_BYTES)).toHex();
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** A line for worker.c: one message of a part of the worker's in its log. */
export function log(source: string, message: string): string {
  return line("log", source, message);
}

/** A line for worker.c. */
export function line(...fields: readonly string[]): string {
  return fields.map((field) =>
    field.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
      .replaceAll("\t", "\\t")
  ).join("\t");
}
