/**
 * A machine whose runner may not use sudo, and the service on it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Ground } from "../action/ground.ts";
import { installSource } from "../action/releasing.ts";
import type { CommandResult, LabProcess } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { ROOT } from "../style/tree.ts";

/** Where its installer puts the program. */
export const SERVICE = "/var/lib/sluice/service/sluice";

const INSTALL_MS = 60_000;

/** The machine; it goes with its lab. */
export class ServiceGround implements AsyncDisposable {
  readonly ground: Ground;
  readonly #lab: Lab;
  #service: LabProcess | null = null;

  private constructor(lab: Lab, ground: Ground) {
    this.#lab = lab;
    this.ground = ground;
  }

  /** Builds it, without the service. */
  static async up(): Promise<ServiceGround> {
    const lab = await Lab.up();
    const ground = await Ground.up(lab);
    await installSource(ground);
    await ground.in(["rm", "/etc/sudoers.d/runner"]);
    return new ServiceGround(lab, ground);
  }

  /** Runs `sluice service` from the source tree, as its owner would. */
  async service(
    act: string,
    flags: readonly string[] = [],
  ): Promise<CommandResult> {
    const task = ["task", "--quiet", "--config", `${ROOT}deno.json`, "sluice"];
    const command = [Deno.execPath(), ...task, "service", act, ...flags];
    return await this.ground.in(command, { timeoutMs: INSTALL_MS });
  }

  /** Installs and starts it, as an init does that is not systemd. */
  async serve(flags: readonly string[] = []): Promise<void> {
    const { code, stderr } = await this.service("install", flags);
    assert.equal(code, 0, stderr);
    this.#service = this.ground.spawn([SERVICE, "service", "run"]);
    await this.#service.waitFor("Listens at");
  }

  /**
   * The same, with the ground's runner hooked.
   *
   * @param policy The owner's.
   */
  async serveHooked(policy: string): Promise<void> {
    const path = `${this.#lab.directory}/shared/owner.yml`;
    await Deno.writeTextFile(path, policy);
    const { root } = this.ground.runner;
    await this.serve(["--policy", path, "--runner", root]);
  }

  /** What the service has said so far. */
  get said(): string {
    return this.#service?.stderr ?? "";
  }

  /** {@inheritDoc AsyncDisposable} */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service?.[Symbol.asyncDispose]();
    await this.ground[Symbol.asyncDispose]();
    await this.#lab[Symbol.asyncDispose]();
  }
}
