/**
 * A work space under guard, and the orders that are carried out in it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Event } from "../../../agent/record/event.ts";
import type { FileEvent } from "../../../agent/record/file_event.ts";
import type { FileSourceName } from "../../../agent/observe/files/file_source.ts";
import { readJournal } from "../../../agent/record/read.ts";
import { type LabProcess, runOrThrow } from "../../lab/command.ts";
import { waitUntil } from "../../lab/wait.ts";
import { Cell, sluiceArgs } from "../cell.ts";

/** One line about a file. */
export type ToldFile = Event & FileEvent;

/** Each of the kernel's interfaces that tells, for tests that hold with all. */
export const SOURCES: readonly FileSourceName[] = ["fanotify", "inotify"];

/** Programs in `tests/lab`; the comment at the start of each says what it does. */
export type SourceProgram =
  | "overwrite"
  | "restore"
  | "sneak"
  | "without_fanotify"
  | "write_many";

/** What is guarded, and how. */
export interface SourceGroundOptions {
  /** Which of the kernel's interfaces tells. Default fanotify. */
  readonly by?: FileSourceName;
  /**
   * Shell lines before the guard is armed: in the work space, `$0` is the
   * directory of the ground. Default: an empty work space.
   */
  readonly setup?: string;
  readonly programs?: readonly SourceProgram[];
  /** Flags of `sluice run`, in place of the work space and what is watched. */
  readonly flags?: readonly string[];
  /** Flags of `sluice run` besides. */
  readonly more?: readonly string[];
  /** Added to the environment of all orders. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What has become of an order. */
export interface Carried {
  readonly pid: number;
  readonly code: number;
  /** What it printed, and what it complained about. */
  readonly output: string;
}

/** All that a guard left. */
export interface Ended {
  readonly code: number;
  readonly stderr: string;
  readonly events: readonly Event[];
  readonly files: readonly ToldFile[];
}

const STRICT = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static"];
/** Of an order, a start or an end, on a machine that has others to do. */
const TIMEOUT_MS = 120_000;
const SETTLED_MS = 15_000;

/** Only git's own settings that a test has asked for may count. */
const GIT_SETTINGS = `[user]
	name = Nobody
	email = nobody@example.invalid
[init]
	defaultBranch = main
[protocol "file"]
	allow = always
[gc]
	auto = 0
`;

/**
 * Carries out orders by their numbers, each in a shell of its own, until there
 * are no more. Whoever gives them waits for them.
 */
const DRIVER = `exec 3<>"$0/orders"
echo driving
while read -r order <&3; do
  [ "$order" != end ] || exit 0
  ( sh "$0/order-$order" >"$0/output-$order" 2>&1 3>&-; echo "done $order $?" ) &
done`;

/** A guard that watches a work space; orders are carried out below it. */
export class SourceGround implements AsyncDisposable {
  readonly cell: Cell;
  /** The work space. */
  readonly work: string;
  /** A directory on the same file system, which is no work space. */
  readonly other: string;
  /** What the guard was started with. */
  readonly #sluice: LabProcess;
  readonly #journal: string;
  readonly #kept: number[] = [];
  #orders = 0;

  private constructor(cell: Cell, sluice: LabProcess) {
    this.cell = cell;
    this.work = `${cell.directory}/work`;
    this.other = `${cell.directory}/other`;
    this.#journal = `${cell.directory}/journal.ndjson`;
    this.#sluice = sluice;
  }

  /**
   * Makes the work space and guards it.
   *
   * @throws {Error} When it cannot be guarded.
   */
  static async open(options: SourceGroundOptions = {}): Promise<SourceGround> {
    const { by = "fanotify", setup = "", programs = [], more = [] } = options;
    const cell = await Cell.open();
    try {
      const { directory } = cell;
      const work = `${directory}/work`;
      await runOrThrow(["mkdir", work, `${directory}/other`]);
      await runOrThrow(["mkfifo", `${directory}/orders`]);
      await Deno.writeTextFile(`${directory}/.gitconfig`, GIT_SETTINGS);
      const before = by === "inotify" ? ["without_fanotify" as const] : [];
      for (const program of new Set([...programs, ...before])) {
        await compile(program, directory);
      }
      const env = { ...options.env, ...environment(directory) };
      const made = await cell.spawn(
        ["sh", "-euc", `cd "$0/work"\n${setup}`, directory],
        { env },
      ).finished(TIMEOUT_MS);
      if (made.code !== 0) throw new Error(`Cannot set up: ${made.stderr}`);
      const flags = options.flags ??
        ["--workspace", work, "--watch", "source,process"];
      const sluice = cell.spawn([
        ...before.map((program) => `${directory}/${program}`),
        ...sluiceArgs(),
        ...cell.withState([
          ...["run", "--egress", "audit"],
          ...["--journal", `${directory}/journal.ndjson`, ...flags, ...more],
          // For the orders alone: Deno's own cache is at home, too.
          ...["--", "env"],
          ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
          ...["sh", "-c", DRIVER, directory],
        ]),
      ], { env: { SLUICE_CWD: work } });
      await sluice.waitFor("driving\n", TIMEOUT_MS);
      return new SourceGround(cell, sluice);
    } catch (error) {
      await cell[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The path of a program that the ground was opened with. */
  program(name: SourceProgram): string {
    return `${this.cell.directory}/${name}`;
  }

  /** Carries out one command, whose pid is the order's. */
  async run(command: readonly string[]): Promise<Carried> {
    return await this.#finish(await this.#order(`exec ${quote(command)}`));
  }

  /** Carries out shell lines in the work space. */
  async sh(script: string): Promise<Carried> {
    return await this.#finish(await this.#order(script));
  }

  /**
   * Carries out one command that goes on until the guard has ended.
   *
   * @param until What it prints when it has done what it was ordered to.
   * @returns Its pid.
   */
  async start(command: readonly string[], until: string): Promise<number> {
    const order = await this.#order(`exec ${quote(command)}`);
    await waitUntil(async () => (await this.#output(order)).includes(until), {
      ...{ what: `"${until}" from ${command}`, timeoutMs: TIMEOUT_MS },
    });
    const pid = await this.#pid(order);
    this.#kept.push(pid);
    return pid;
  }

  /** The events about files so far. */
  async files(): Promise<readonly ToldFile[]> {
    return filesOf(await this.#events());
  }

  /**
   * Waits until something is told.
   *
   * @returns All events about files by then; also when the time is over, since
   * what is missing is better said by the test.
   */
  async told(
    isTold: (files: readonly ToldFile[]) => boolean,
    timeoutMs = SETTLED_MS,
  ): Promise<readonly ToldFile[]> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const startMs = performance.now();
      const files = await this.files();
      if (isTold(files) || performance.now() > endMs) return files;
      // Reading a long journal must not take the agent's processor from it.
      const pauseMs = 50 + 5 * (performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Ends the guarded command, and with it the guard. */
  async end(): Promise<Ended> {
    await Deno.writeTextFile(`${this.cell.directory}/orders`, "end\n");
    await waitUntil(async () => hasEnded(await this.#lines()), {
      ...{ what: "the end of the guard", timeoutMs: TIMEOUT_MS },
    });
    for (const pid of this.#kept) Deno.kill(pid, "SIGKILL");
    const { code, stderr } = await this.#sluice.finished(TIMEOUT_MS);
    const events = await this.#events();
    return { code, stderr, events, files: filesOf(events) };
  }

  /** What a compiler would read there now. */
  async read(path: string): Promise<string> {
    return (await this.cell.in(["cat", path])).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cell[Symbol.asyncDispose]();
  }

  async #order(script: string): Promise<number> {
    const order = this.#orders++;
    const { directory } = this.cell;
    const lines = `echo $$ >"${directory}/pid-${order}"\ncd '${this.work}'\n`;
    await Deno.writeTextFile(`${directory}/order-${order}`, lines + script);
    await Deno.writeTextFile(`${directory}/orders`, `${order}\n`);
    return order;
  }

  async #finish(order: number): Promise<Carried> {
    await this.#sluice.waitFor(`done ${order} `, TIMEOUT_MS);
    const [, code] = new RegExp(`^done ${order} (\\d+)$`, "m").exec(
      this.#sluice.stdout,
    )!;
    const output = await this.#output(order);
    return { pid: await this.#pid(order), code: Number(code), output };
  }

  async #output(order: number): Promise<string> {
    const path = `${this.cell.directory}/output-${order}`;
    return await Deno.readTextFile(path).catch(() => "");
  }

  async #pid(order: number): Promise<number> {
    return Number(
      await Deno.readTextFile(`${this.cell.directory}/pid-${order}`),
    );
  }

  async #events(): Promise<readonly Event[]> {
    const { events, problems } = readJournal(await this.#lines());
    if (problems.length === 0) return events;
    throw new Error(`Cannot trust the journal: ${JSON.stringify(problems)}`);
  }

  async #lines(): Promise<string> {
    return await Deno.readTextFile(this.#journal);
  }
}

/** One argument of a shell line each. */
export function quote(command: readonly string[]): string {
  return command.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** What the report would call tampering. */
export function overwrittenIn(files: readonly ToldFile[]): string[] {
  return files.filter(({ overwritten }) => overwritten).map(describe);
}

/** One event in a line, for messages. */
export function describe(file: ToldFile): string {
  const { change, path, process, reason } = file;
  const who = process === null ? "nobody" : process.args.join(" ");
  return `${change} ${path} by ${who}: ${reason}`;
}

/** Reading all of a long journal again and again would take seconds. */
function hasEnded(journal: string): boolean {
  return journal.includes('"event":"stopped"', journal.length - 2_000);
}

function filesOf(events: readonly Event[]): readonly ToldFile[] {
  return events.filter((event): event is ToldFile => event.kind === "file");
}

async function compile(program: string, directory: string): Promise<void> {
  const source = fileURLToPath(
    new URL(`../../lab/${program}.c`, import.meta.url),
  );
  await runOrThrow(["gcc", ...STRICT, "-o", `${directory}/${program}`, source]);
}

/** The machine's own git settings and caches are nobody's business here. */
function environment(directory: string): Record<string, string> {
  return {
    HOME: directory,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: `${directory}/.gitconfig`,
    npm_config_cache: `${directory}/npm-cache`,
    PYTHONDONTWRITEBYTECODE: "1",
  };
}
