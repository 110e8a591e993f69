/**
 * A whole job on a lab's guarded side: a runner, two kinds of containers, and
 * programs that say themselves what they did.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type LabProcess, runOrThrow } from "../lab/command.ts";
import type { Lab } from "../lab/lab.ts";
import type { Job, JobStep } from "../lab/runner/job.ts";
import type { FakeRunner } from "../lab/runner/runner.ts";
import { Container } from "./containers.ts";
import { withRunner } from "./with_runner.ts";

const SOURCE = fileURLToPath(new URL("./job_act.c", import.meta.url));

/** What a program says of one act, and where it did so. */
export interface Act {
  readonly kind: "exec" | "ask" | "connect";
  readonly tag: string;
  readonly pid: number;
  readonly parentPid: number;
  /** The index of a program, a name, or a local port. */
  readonly what: string;
  readonly result: "ok" | "refused";
  readonly exe: string;
  /** Of what is sent. */
  readonly to: string;
}

/** How much each place of a job does. */
export interface JobSize {
  /** Multiplies the programs that are executed. */
  readonly execs: number;
  /** Multiplies the connections. */
  readonly sends: number;
  /** Where to, by tag. */
  readonly to: (tag: string) => readonly string[];
}

/** Where something of a job belongs. */
export interface Place {
  readonly step: string | null;
  readonly substep?: string;
  readonly container: string | null;
}

/** The step that scopes are tested with. */
export const PUBLISH = "Publish";

/** A runner and its surroundings; what was made goes with the lab. */
export class JobGround implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #runner: FakeRunner;
  readonly #log: string;
  /** Started within a step, as Podman does. */
  readonly #child: Container;
  /** Started by a daemon at a step's request, as Docker does. */
  readonly #served: Container;
  #daemon: LabProcess | null = null;
  #jobs = 0;

  private constructor(
    lab: Lab,
    of: { runner: FakeRunner; child: Container; served: Container },
  ) {
    this.#lab = lab;
    this.#runner = of.runner;
    this.#child = of.child;
    this.#served = of.served;
    this.#log = `${lab.directory}/acts`;
  }

  /** Builds it all, before any guard. */
  static async build(lab: Lab): Promise<JobGround> {
    await Deno.mkdir(`${lab.directory}/bin`);
    const strict = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"];
    await runOrThrow(["gcc", ...strict, "-o", program(lab, "act"), SOURCE]);
    const [child, served] = await Promise.all(
      [["br-child", 0], ["br-served", 64]].map(async ([name, base]) => {
        const gateway = `192.0.2.${Number(base) + 1}/26`;
        const network = { name: String(name), gateway };
        await Container.makeNetwork(lab, network);
        const address = `192.0.2.${Number(base) + 2}/26`;
        return await Container.up(lab, { network, address });
      }),
    );
    const runner = await withRunner(lab, "runner");
    return new JobGround(lab, { runner, child: child!, served: served! });
  }

  /** Runs the job; what its programs say of themselves, oldest first. */
  async run(size: JobSize): Promise<Act[]> {
    const place = `${this.#lab.directory}/job${this.#jobs++}`;
    await Deno.mkdir(place);
    await Deno.writeTextFile(this.#log, "");
    await this.#serve(place, size);
    const worker = await this.#runner.begin(this.#job(place, size));
    await this.#runner.ended(worker);
    await this.#daemon!.finished(10_000);
    return (await Deno.readTextFile(this.#log)).trim().split("\n").map(read);
  }

  /** Where what has a tag belongs. */
  placeOf(tag: string): Place {
    const own = { container: null };
    switch (tag) {
      case "install":
        return { ...own, step: "Install" };
      case "setup":
        return { ...own, step: "Run actions/setup@v4" };
      case "post":
        return { ...own, step: "Post Run actions/setup@v4" };
      case "build":
        return { ...own, step: "Run ./release", substep: "Build it" };
      case "sign":
        return { ...own, step: "Run ./release", substep: "Sign it" };
      case "serve":
      case "daemon":
        return { ...own, step: "Serve" };
      case "boxes":
        return { ...own, step: "Containers" };
      case "child":
        return { step: "Containers", container: this.#child.id };
      case "entered":
        return { step: PUBLISH, container: this.#child.id };
      case "served":
        return { step: null, container: this.#served.id };
      case "publish":
        return { ...own, step: PUBLISH };
    }
    throw new TypeError(`Cannot place "${tag}": no such tag`);
  }

  /** Ends the runner; the rest ends with the lab. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner[Symbol.asyncDispose]();
  }

  #job(place: string, size: JobSize): Job {
    const acts = (tag: string, execs: number, sends: number) =>
      this.#acts({ tag, execs, sends }, size);
    // As conmon(8) does: what is in the container is no child of the step's.
    const child = (tag: string, execs: number, sends: number) =>
      detached(
        `${this.#enter("conmon", this.#child)} ` +
          `sh ${scriptOf(place, tag, acts(tag, execs, sends))}\n` +
          `touch ${place}/${tag}-done`,
      );
    const daemon = `${until(place, "publishing")}${acts("daemon", 20, 2)}` +
      `touch ${place}/daemon-done`;
    return {
      steps: [
        run("Install", "__run", acts("install", 50, 3)),
        {
          ...run("Run actions/setup@v4", "__setup", acts("setup", 30, 3)),
          uses: "actions/setup@v4",
          post: acts("post", 10, 1),
        },
        {
          ...run("Run ./release", "release", ""),
          parts: [
            { name: "Build it", script: acts("build", 20, 2) },
            { name: "Sign it", script: acts("sign", 20, 2) },
          ],
        },
        run("Serve", "__run_2", detached(daemon) + acts("serve", 10, 1)),
        run(
          "Containers",
          "__run_3",
          `touch ${place}/wanted\n${child("child", 10, 2)}` +
            acts("boxes", 5, 1) + until(place, "child-done") +
            until(place, "served"),
        ),
        run(
          PUBLISH,
          "__run_4",
          `touch ${place}/publishing\n${child("entered", 5, 1)}` +
            acts("publish", 20, 2) + until(place, "entered-done") +
            until(place, "daemon-done"),
        ),
      ],
    };
  }

  /** Starts a container when it is asked for, by whoever asks. */
  async #serve(place: string, size: JobSize): Promise<void> {
    const of = { tag: "served", execs: 10, sends: 2 };
    const script = scriptOf(place, of.tag, this.#acts(of, size));
    const shim = this.#enter("containerd-shim-runc-v2", this.#served);
    this.#daemon = this.#lab.spawn("run", [
      ...["sh", "-c"],
      `echo serving; ${until(place, "wanted")}${shim} sh ${script}\n` +
      `touch ${place}/served`,
    ]);
    await this.#daemon.waitFor("serving");
  }

  /** A runtime's part that stays outside, above what goes in. */
  #enter(runtime: string, container: Container): string {
    const path = program(this.#lab, runtime);
    Deno.copyFileSync("/bin/sh", path);
    return [path, "-c", '"$@"; exit $?', runtime, ...container.enterArgs]
      .map((arg) => `'${arg}'`).join(" ");
  }

  #acts(
    { tag, execs, sends }: { tag: string; execs: number; sends: number },
    size: JobSize,
  ): string {
    // Each place has a program of its own, so that none passes for another's.
    const path = program(this.#lab, tag);
    Deno.copyFileSync(program(this.#lab, "act"), path);
    const to = size.to(tag).join(" ");
    return `${path} execs ${this.#log} ${tag} ${execs * size.execs}\n` +
      `${path} sends ${this.#log} ${tag} ${sends * size.sends} ${to}\n`;
  }
}

function run(name: string, action: string, script: string): JobStep {
  return { name, action, script };
}

function program(lab: Lab, tag: string): string {
  return `${lab.directory}/bin/${tag}`;
}

function until(place: string, name: string): string {
  return `while ! [ -e ${place}/${name} ]; do sleep 0.05; done\n`;
}

/** Lets go of everything above it. */
function detached(script: string): string {
  const quoted = `'${script.replaceAll("'", `'\\''`)}'`;
  return `(setsid sh -c ${quoted} </dev/null >/dev/null 2>&1 &)\n`;
}

function scriptOf(place: string, tag: string, text: string): string {
  const path = `${place}/${tag}.sh`;
  Deno.writeTextFileSync(path, text);
  return path;
}

function read(line: string): Act {
  const [kind, tag, pid, parentPid, what, result, exe, to] = line.split(" ");
  return {
    kind: kind as Act["kind"],
    tag: tag!,
    pid: Number(pid),
    parentPid: Number(parentPid),
    what: what!,
    result: result as Act["result"],
    exe: exe!,
    to: to!,
  };
}
