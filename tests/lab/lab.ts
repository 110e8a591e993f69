/**
 * A small internet in network namespaces, with a guarded side in it.
 *
 * See {@link ./topology.ts} for what is where.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { Attacker } from "./attacker.ts";
import { Capture } from "./capture.ts";
import { makeCertificates } from "./certificates.ts";
import {
  type CommandOptions,
  type CommandResult,
  DEFAULT_TIMEOUT_MS,
  LabProcess,
} from "./command.ts";
import { enterArgs, makeNamespaces, namespaceName } from "./namespaces.ts";
import { ensurePackages } from "./packages.ts";
import { Resolver, startResolver } from "./resolver.ts";
import { startSites } from "./sites.ts";
import type { Side } from "./topology.ts";
import { removeLab, Watchdog } from "./watchdog.ts";

/** What a lab is to have. */
export interface LabOptions {
  /** Default: one that no other process and no other lab of this one has. */
  readonly prefix?: string;
  /** With the namespace `box` behind a bridge in `run`. Default false. */
  readonly container?: boolean;
  /** Outlives this process, until `removeLab()`. Default false. */
  readonly keep?: boolean;
}

/** How a program is started inside. */
export interface LabCommandOptions extends CommandOptions {
  /** User id to run as, without any groups of root's. Default 0. */
  readonly user?: number;
  /** Default: the tests' own. */
  readonly cwd?: string;
}

/** How long a program may take, besides. */
export interface LabRunOptions extends LabCommandOptions {
  /** Past this it is killed and the call throws. Default 10,000. */
  readonly timeoutMs?: number;
}

const PREFIX = /^[a-z][a-z0-9]{0,23}$/;
const STATE_ROOT = "/run/sluice-lab";
const NAME_BYTES = 3;
const FAR_SIDE = fileURLToPath(new URL("./far_side_main.ts", import.meta.url));

/**
 * Where a lab keeps its files.
 *
 * @param prefix The lab's own.
 */
export function labDirectory(prefix: string): string {
  return `${STATE_ROOT}/${prefix}`;
}

/**
 * What makes clients inside trust the lab's certificates.
 *
 * @param directory The lab's own.
 */
export function trustEnvironment(directory: string): Record<string, string> {
  const path = `${directory}/authority.pem`;
  return {
    CURL_CA_BUNDLE: path,
    DENO_CERT: path,
    NODE_EXTRA_CA_CERTS: path,
    SSL_CERT_FILE: path,
  };
}

/** A running lab; it goes, with all that runs in it, when it is disposed. */
export class Lab implements AsyncDisposable {
  /** What its namespaces and its directory are named after. */
  readonly prefix: string;
  /** Its own files; a test may add to them. */
  readonly directory: string;
  readonly #options: LabOptions;
  readonly #watchdog: AsyncDisposable;
  readonly #processes = new Set<LabProcess>();
  #holders: ReadonlyMap<Side, LabProcess> = new Map();
  #captures = 0;

  private constructor(prefix: string, options: LabOptions) {
    this.prefix = prefix;
    this.directory = labDirectory(prefix);
    this.#options = options;
    const remains = { prefix, directory: this.directory };
    this.#watchdog = options.keep
      ? { [Symbol.asyncDispose]: () => removeLab(remains) }
      : new Watchdog(remains);
  }

  /**
   * Builds a lab; when that fails, nothing of it is left.
   *
   * @param options What it is to have.
   * @returns The lab, with every server answering.
   * @throws {TypeError} When the prefix is malformed.
   * @throws {Error} When not root, when a package cannot be installed, or when
   * a lab of that prefix is there.
   */
  static async up(options: LabOptions = {}): Promise<Lab> {
    await ensurePackages();
    const prefix = options.prefix === undefined
      ? await claimName()
      : await claimNamed(options.prefix);
    const lab = new Lab(prefix, options);
    try {
      await lab.#build();
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  /** Path of a namespace, as `--netns` takes it. */
  netnsPath(side: Side): string {
    return `/run/netns/${namespaceName(this.prefix, side)}`;
  }

  /** What the attacker has got. */
  get attacker(): Attacker {
    return new Attacker(this.directory, this.#enter("out"));
  }

  /** What was asked of the resolver. */
  get resolver(): Resolver {
    return new Resolver(this.directory);
  }

  /**
   * Runs a program inside to its end. Getting inside takes about 3 ms of the
   * result's milliseconds.
   *
   * @param side Where.
   * @param args The program and its arguments; never a shell line.
   * @param options Input, environment, user, directory, time.
   * @throws {Error} When it is not done in time; it is killed then.
   */
  async in(
    side: Side,
    args: readonly string[],
    options: LabRunOptions = {},
  ): Promise<CommandResult> {
    await using program = this.spawn(side, args, options);
    return await program.finished(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  }

  /**
   * Starts a program inside; it ends with the lab at the latest.
   *
   * @param side Where.
   * @param args The program and its arguments; never a shell line.
   * @param options Input, environment, user, directory.
   */
  spawn(
    side: Side,
    args: readonly string[],
    options: LabCommandOptions = {},
  ): LabProcess {
    const { user, cwd = Deno.cwd(), env, stdin } = options;
    const id = String(user);
    const become = user === undefined
      ? []
      : ["setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--"];
    const program = new LabProcess(
      [...this.#enter(side, cwd), ...become, ...args],
      { stdin, env: { ...trustEnvironment(this.directory), ...env } },
    );
    this.#processes.add(program);
    return program;
  }

  /**
   * Captures what is on the wire between `run` and `out`, seen from `out`.
   *
   * @param filter A pcap-filter(7) expression; without it, everything.
   * @returns The capture, seeing every packet from now on.
   */
  async capture(filter?: string): Promise<Capture> {
    const path = `${this.directory}/capture-${this.#captures++}.pcap`;
    return await Capture.start({ path, filter, enter: this.#enter("out") });
  }

  /**
   * Adds a shell line to what removes the lab, also after a `kill -9`.
   *
   * It runs when no process is left in the lab's namespaces, the last one
   * added first; a line that fails makes the disposal throw.
   *
   * @param shellLine One line for `sh`.
   * @throws {TypeError} When the lab is to be kept, or it is several lines.
   */
  async onCleanup(shellLine: string): Promise<void> {
    if (!(this.#watchdog instanceof Watchdog)) {
      throw new TypeError(
        `Cannot add clean-up: lab "${this.prefix}" is kept, nobody watches it`,
      );
    }
    await this.#watchdog.onCleanup(shellLine);
  }

  /**
   * Ends every process in the lab's namespaces and removes the lab.
   *
   * @throws {Error} When something could not be removed.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watchdog[Symbol.asyncDispose]();
    const processes = [...this.#holders.values(), ...this.#processes];
    await Promise.all(processes.map((p) => p[Symbol.asyncDispose]()));
  }

  async #build(): Promise<void> {
    const { prefix, directory } = this;
    const sides: Side[] = ["run", "out"];
    if (this.#options.container) sides.push("box");
    const [holders, certificates] = await Promise.all([
      makeNamespaces(prefix, sides),
      makeCertificates(directory),
    ]);
    this.#holders = holders;
    for (const [side, { pid }] of holders) {
      await Deno.writeTextFile(`${directory}/${side}.pid`, `${pid}\n`);
    }
    const enter = this.#enter("out");
    const farSide = this.spawn("out", [
      ...[Deno.execPath(), "run", "-A", "--no-config", "--no-lock"],
      ...[FAR_SIDE, directory],
      // Deno would ask the lab's resolver where its own releases are.
    ], { env: { DENO_NO_UPDATE_CHECK: "1" } });
    await Promise.all([
      startResolver(directory, enter),
      startSites(enter, { directory, certificate: certificates.sites }),
      farSide.waitFor("ready"),
    ]);
  }

  #enter(side: Side, cwd = "/"): string[] {
    const holder = this.#holders.get(side);
    if (holder !== undefined) return enterArgs(holder.pid, cwd);
    throw new TypeError(
      `Cannot enter "${side}": this lab has ${[...this.#holders.keys()]}`,
    );
  }
}

async function claimNamed(prefix: string): Promise<string> {
  if (!PREFIX.test(prefix)) {
    throw new TypeError(`Cannot name lab "${prefix}": it must match ${PREFIX}`);
  }
  if (await makeOwnDirectory(prefix)) return prefix;
  throw new Error(
    `Cannot build lab "${prefix}": ${labDirectory(prefix)} is there, ` +
      `"deno task lab down" removes the one that is kept`,
  );
}

/**
 * A name that nobody has had. To count would not do: each file of tests has
 * modules of its own, in one process, and one that breaks off leaves its labs
 * until that process ends. A pid comes again, too.
 */
async function claimName(): Promise<string> {
  for (;;) {
    const own = crypto.getRandomValues(new Uint8Array(NAME_BYTES)).toHex();
    const prefix = `sl${Deno.pid}x${own}`;
    if (await makeOwnDirectory(prefix)) return prefix;
  }
}

/** False when it is there already. */
async function makeOwnDirectory(prefix: string): Promise<boolean> {
  for (;;) {
    await Deno.mkdir(STATE_ROOT, { recursive: true });
    try {
      await Deno.mkdir(labDirectory(prefix));
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      // Whoever removes the last lab removes the place of all labs with it.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
