/**
 * The command under test, and a small machine of its own to run it on.
 *
 * @module
 */
import {
  type CommandOptions,
  type CommandResult,
  LabProcess,
} from "../lab/command.ts";
import { footprint } from "./leftovers.ts";
import { AGENT_TASK, readCommands } from "../style/permissions.ts";
import { ROOT } from "../style/tree.ts";

/** What a cell has besides an empty network. */
export interface CellOptions {
  /** Shell lines, run as root before the network is cut off. */
  readonly setup?: string;
  /** Whether `/` is a copy that the setup may change. Default false. */
  readonly copy?: boolean;
  /** Whether it has the machine's network in place of an own. Default false. */
  readonly online?: boolean;
}

/** How a program in a cell is started. */
export interface CellCommandOptions extends CommandOptions {
  /** Default: the project's. For Sluice: where its user stands, the cell's. */
  readonly cwd?: string;
}

/** Enough for a guard that waits for its lock, little for one that hangs. */
export const RUN_TIMEOUT_MS = 30_000;

// A pipe ends with the tests, however they end, and the cell ends with it.
const HOLD = 'echo held && cat >"$0/held"; rm -rf "$0" 2>/dev/null || :';
const COPY = `
mount -t tmpfs tmpfs "$0/layer"
mkdir "$0/layer/upper" "$0/layer/work" "$0/layer/root"
mount -t overlay overlay -o \
"lowerdir=/,upperdir=$0/layer/upper,workdir=$0/layer/work" "$0/layer/root"
for name in proc sys dev; do mount --rbind /$name "$0/layer/root/$name"; done
mount --bind "$0" "$0/layer/root$0"
cd "$0/layer/root"
`;

// In a mere chroot nobody can make a user namespace, user_namespaces(7).
const ENTER = "pivot_root . . && umount -l .";

/**
 * The agent's own task as one command without `deno task` in between, so that
 * the process which is started is Sluice itself.
 *
 * It runs in any directory, and takes that of SLUICE_CWD for its user's.
 */
export function sluiceArgs(): string[] {
  const config = `${ROOT}deno.json`;
  const { tasks } = JSON.parse(Deno.readTextFileSync(config));
  const [command] = readCommands(tasks[AGENT_TASK]);
  const options = command!.options.map((option) =>
    option.startsWith("--allow-read=")
      ? option.replaceAll(/[=,]/g, (separator) => separator + ROOT)
      : option
  );
  const target = ROOT + command!.target!;
  return [Deno.execPath(), "run", "--config", config, ...options, target];
}

/** A network namespace with nothing but `lo`, and a mount namespace. */
export class Cell implements AsyncDisposable {
  /** For files of a test, outside and inside. Only root can enter it. */
  readonly directory: string;
  readonly #holder: Deno.ChildProcess;
  readonly #processes: LabProcess[] = [];

  private constructor(directory: string, holder: Deno.ChildProcess) {
    this.directory = directory;
    this.#holder = holder;
  }

  /**
   * Makes a cell, which ends with this process at the latest.
   *
   * @param options What it is to have.
   * @throws {Error} When the setup fails.
   */
  static async open(options: CellOptions = {}): Promise<Cell> {
    const directory = await Deno.makeTempDir({ prefix: "sluice-cell-" });
    await Deno.mkdir(`${directory}/layer`);
    const { setup = "", copy = false, online = false } = options;
    const hold = online
      ? HOLD
      : `exec unshare --net sh -euc 'ip link set lo up; ${HOLD}' "$0"`;
    const inner = `set -eu\n${setup}\n${hold}`;
    const script = copy
      ? `${COPY}\n${ENTER}\nexec chroot . sh -c "$1" "$0"`
      : 'exec sh -c "$1" "$0"';
    const holder = new Deno.Command("unshare", {
      args: [
        ...["--mount", "--propagation=private", "sh", "-euc", script],
        ...[directory, inner],
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const said = await readUntil(holder.stdout, "held\n");
    const cell = new Cell(directory, holder);
    if (said.endsWith("held\n")) return cell;
    await cell[Symbol.asyncDispose]();
    throw new Error(`Cannot make a cell: its setup ended with "${said}"`);
  }

  /** Where Sluice keeps its state in this cell. */
  get state(): string {
    return `${this.directory}/state`;
  }

  /**
   * Starts a program inside; it ends with the cell at the latest.
   *
   * @param args The program and its arguments; never a shell line.
   * @param options Input, environment and directory.
   */
  spawn(
    args: readonly string[],
    options: CellCommandOptions = {},
  ): LabProcess {
    const { cwd, ...rest } = options;
    const program = new LabProcess(this.enterArgs(args, cwd), rest);
    this.#processes.push(program);
    return program;
  }

  /** The command line that runs another inside. */
  enterArgs(args: readonly string[], cwd: string = ROOT): string[] {
    const target = ["--target", String(this.#holder.pid)];
    const enter = ["nsenter", ...target, "--mount", "--net", "--root"];
    // Joining a mount namespace changes the working directory to its root.
    return [...enter, "--", "env", "-C", cwd, ...args];
  }

  /** Runs a program inside to its end. */
  async in(
    args: readonly string[],
    options: CellCommandOptions = {},
  ): Promise<CommandResult> {
    return await this.spawn(args, options).finished(RUN_TIMEOUT_MS);
  }

  /**
   * Starts Sluice with this cell's state directory.
   *
   * @param args From the command on; `--state` is added behind it.
   * @param options Input, environment, and where its user stands.
   * @returns The process, whose pid is Sluice's own.
   */
  startSluice(
    args: readonly string[],
    options: CellCommandOptions = {},
  ): LabProcess {
    return this.startBare(this.withState(args), options);
  }

  /** Starts Sluice with these arguments and no others. */
  startBare(
    args: readonly string[],
    options: CellCommandOptions = {},
  ): LabProcess {
    const { cwd = this.directory, env, stdin } = options;
    return this.spawn([...sluiceArgs(), ...args], {
      stdin,
      env: { ...env, SLUICE_CWD: cwd },
    });
  }

  /** Runs Sluice to its end, as {@linkcode Cell.startSluice} starts it. */
  async sluice(
    args: readonly string[],
    options: CellCommandOptions = {},
  ): Promise<CommandResult> {
    return await this.startSluice(args, options).finished(RUN_TIMEOUT_MS);
  }

  /** The arguments with `--state` behind the command. */
  withState([command, ...rest]: readonly string[]): string[] {
    return [command!, "--state", this.state, ...rest];
  }

  /** The rules, the bound queues and the state's files, to compare. */
  async footprint(): Promise<string> {
    return await footprint((args) => this.in(args), this.state);
  }

  /** Ends all that runs inside and removes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((p) => p[Symbol.asyncDispose]()));
    await this.#holder.stdin.close();
    await this.#holder.stdout.cancel();
    await this.#holder.status;
    // What the holder could not, because it was mounted in its own view.
    await new Deno.Command("rm", { args: ["-rf", this.directory] }).output();
  }
}

async function readUntil(
  stream: ReadableStream<Uint8Array>,
  end: string,
): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.endsWith(end)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text;
}
