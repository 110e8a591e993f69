/**
 * Containers of a lab's guarded side, as Docker would make them: a network
 * namespace behind a bridge, and a cgroup that is named after the id.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type LabProcess, runOrThrow } from "../lab/command.ts";
import type { Lab } from "../lab/lab.ts";

const SOURCE = fileURLToPath(new URL("./container_sender.c", import.meta.url));

/** A bridge in `run`. Networks may have the same addresses. */
export interface Network {
  readonly name: string;
  /** The bridge's own address, with the length of its prefix. */
  readonly gateway: string;
}

/** One container, for as long as its lab is there. */
export class Container {
  readonly #lab: Lab;
  readonly #sender: string;
  /** As Docker gives them. */
  readonly id: string;
  /** Path of its network namespace. */
  readonly netns: string;
  readonly #cgroup: string;

  private constructor(
    lab: Lab,
    of: { id: string; name: string; cgroup: string },
  ) {
    this.#lab = lab;
    this.#sender = `${lab.directory}/sender`;
    this.id = of.id;
    this.netns = `/run/netns/${of.name}`;
    this.#cgroup = of.cgroup;
  }

  /** Makes the bridge of a network. */
  static async makeNetwork(lab: Lab, network: Network): Promise<void> {
    const { name, gateway } = network;
    await ipBatch(["-n", `${lab.prefix}-run`], [
      `link add ${name} type bridge`,
      `addr add ${gateway} dev ${name}`,
      `link set ${name} up`,
    ]);
  }

  /**
   * Makes a container and starts its first process.
   *
   * @param address With the length of its prefix.
   */
  static async up(
    lab: Lab,
    of: { readonly network: Network; readonly address: string },
  ): Promise<Container> {
    const { network, address } = of;
    const id = [...crypto.getRandomValues(new Uint8Array(32))]
      .map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const name = `${lab.prefix}-c${id.slice(0, 6)}`;
    const cgroup = `${await cgroupMount()}/docker/${id}`;
    // Added last, run first: the processes must be gone before the rest.
    await lab.onCleanup(`rmdir '${cgroup.slice(0, -65)}' 2>/dev/null || :`);
    await lab.onCleanup(
      `! [ -d '${cgroup}' ] || { echo 1 > '${cgroup}/cgroup.kill'; ` +
        `until rmdir '${cgroup}' 2>/dev/null; do sleep 0.01; done; }`,
    );
    await lab.onCleanup(
      `! [ -e '/run/netns/${name}' ] || ip netns del '${name}'`,
    );
    await Deno.mkdir(cgroup, { recursive: true });
    await ipBatch([], [`netns add ${name}`]);
    const port = `v${id.slice(0, 6)}`;
    await ipBatch(["-n", `${lab.prefix}-run`], [
      `link add ${port} type veth peer name eth0 netns ${name}`,
      `link set ${port} master ${network.name} up`,
    ]);
    await ipBatch(["-n", name], [
      "link set lo up",
      `addr add ${address} dev eth0`,
      "link set eth0 up",
      `route add default via ${network.gateway.split("/")[0]}`,
    ]);
    const container = new Container(lab, { id, name, cgroup });
    container.spawn(["sleep", "infinity"]);
    return container;
  }

  /** Compiles what sends, into a lab's directory. */
  static async compileSender(lab: Lab): Promise<void> {
    const strict = ["-O1", "-Wall", "-Wextra", "-Werror"];
    const path = `${lab.directory}/sender`;
    await runOrThrow(["gcc", ...strict, "-o", path, SOURCE]);
  }

  /** Starts a program in it. */
  spawn(args: readonly string[]): LabProcess {
    return this.#lab.spawn("run", [...this.enterArgs, ...args]);
  }

  /** What brings a command of the guarded side into it, as a runtime does. */
  get enterArgs(): string[] {
    const script = 'echo $$ > "$0/cgroup.procs"; netns=$1; shift; ' +
      'exec nsenter --net="$netns" -- "$@"';
    return ["sh", "-c", script, this.#cgroup, this.netns];
  }

  /** Sends, and says by which process and port. */
  async send(...args: readonly string[]): Promise<Sent[]> {
    return await sent(this.spawn([this.#sender, ...args]));
  }

  /** Holds a port until the lab ends. */
  async hold(port: number): Promise<void> {
    const program = this.spawn([this.#sender, "hold", String(port)]);
    await program.waitFor(` ${port}`);
  }
}

/** A packet that was sent. */
export interface Sent {
  readonly pid: number;
  readonly port: number;
}

/** Waits for a sender to end, and reads what it says. */
export async function sent(program: LabProcess): Promise<Sent[]> {
  await using running = program;
  const { code, stdout, stderr } = await running.finished(30_000);
  assert.equal(code, 0, stderr);
  return stdout.trim().split("\n").map((line) => {
    const [pid, port] = line.split(" ").map(Number);
    return { pid: pid!, port: port! };
  });
}

async function cgroupMount(): Promise<string> {
  const mounts = await Deno.readTextFile("/proc/self/mounts");
  const found = /^\S+ (\S+) cgroup2 /m.exec(mounts);
  assert.ok(found, "cgroup v2 is not mounted");
  return found[1]!;
}

async function ipBatch(
  options: readonly string[],
  commands: readonly string[],
): Promise<void> {
  await runOrThrow(["ip", ...options, "-batch", "-"], {
    stdin: commands.map((command) => `${command}\n`).join(""),
  });
}
