/**
 * A runtime, a filter in front of it, and clients on the filter's side.
 *
 * @module
 */
import { runOrThrow } from "../../lab/command.ts";
import { waitUntil } from "../../lab/wait.ts";
import { type Answers, FakeRuntime } from "./fake_runtime.ts";

const MAIN = new URL("./filter_main.ts", import.meta.url).pathname;

/** What a client's program left. */
export interface Left {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Up until it is disposed. */
export class FilterGround implements AsyncDisposable {
  readonly directory: string;
  readonly runtime: FakeRuntime;
  /** Whatever is mounted ends with it. */
  readonly #home: Deno.ChildProcess;
  #filter: Deno.ChildProcess | null = null;
  #read: Promise<void> = Promise.resolve();
  #lines: string[] = [];

  private constructor(directory: string, answers: Answers | undefined) {
    this.directory = directory;
    this.runtime = new FakeRuntime(this.socket, answers);
    this.#home = new Deno.Command("unshare", {
      args: ["--mount", "--propagation", "private", "sleep", "infinity"],
    }).spawn();
  }

  /** Makes it, and waits until the filter stands in the way. */
  static async up(answers?: Answers): Promise<FilterGround> {
    const directory = await Deno.makeTempDir({ prefix: "sluice-filter-" });
    // Every user of the machine may ask, as members of docker's group may.
    await Deno.chmod(directory, 0o755);
    await Deno.mkdir(`${directory}/work/project`, { recursive: true });
    const ground = new FilterGround(directory, answers);
    try {
      const own = await Deno.readLink("/proc/self/ns/mnt");
      const isApart = async () => own !== await Deno.readLink(ground.#mounts);
      await waitUntil(isApart, { what: "a mount namespace" });
      await ground.start();
      return ground;
    } catch (error) {
      await ground[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where clients find the runtime. */
  get socket(): string {
    return `${this.directory}/docker.sock`;
  }

  /** What it said first. */
  get greeting(): { readonly ready: string[]; readonly against: string[] } {
    return JSON.parse(this.#lines[0]!);
  }

  // deno-lint-ignore no-explicit-any -- events of any kind
  get events(): any[] {
    return this.#lines.slice(1).map((line) => JSON.parse(line));
  }

  /** Starts a filter, after the one before has ended. */
  async start(): Promise<void> {
    this.#lines = [];
    const options = {
      sockets: [this.socket],
      workspaces: [`${this.directory}/work`],
      directory: `${this.directory}/filter`,
    };
    this.#filter = new Deno.Command("nsenter", {
      args: [
        ...[`--mount=${this.#mounts}`, Deno.execPath(), "run", "-A"],
        ...["--quiet", MAIN, JSON.stringify(options)],
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#read = this.#readLines(this.#filter.stdout);
    await waitUntil(() => this.#lines.length > 0, {
      what: "the filter",
      timeoutMs: 20_000,
    });
  }

  /** Runs a program as a step would: where the filter's mounts are. */
  async run(
    args: readonly string[],
    options: { readonly uid?: number } = {},
  ): Promise<Left> {
    const { uid } = options;
    const user = uid === undefined ? [] : [
      ...["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"],
    ];
    const output = await new Deno.Command("nsenter", {
      args: [`--mount=${this.#mounts}`, ...user, ...args],
      env: { DOCKER_HOST: `unix://${this.socket}`, HOME: this.directory },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return {
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  }

  /** Ends the filter as its agent would; the runtime goes on. */
  async close(): Promise<void> {
    await this.#filter?.stdin.close().catch(() => {});
    await this.#ended();
  }

  /** Ends the filter as nobody could prepare for. */
  async kill(): Promise<void> {
    this.#filter?.kill("SIGKILL");
    await this.#ended();
  }

  async #ended(): Promise<void> {
    await this.#filter?.status;
    await this.#read;
    await this.#filter?.stdin.close().catch(() => {});
    this.#filter = null;
  }

  get #mounts(): string {
    return `/proc/${this.#home.pid}/ns/mnt`;
  }

  async #readLines(stdout: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(
        "\n",
      );
      rest = lines.pop()!;
      this.#lines.push(...lines);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.#home.kill("SIGKILL");
    await this.#home.status;
    await this.runtime[Symbol.asyncDispose]();
    await runOrThrow(["rm", "-rf", this.directory]);
  }
}
