/**
 * A machine for many jobs, whose action is the program in one file.
 *
 * @module
 */
import { Lab } from "../lab/lab.ts";
import { packedProgram } from "../release/packed.ts";
import { Ground, SLUICE } from "./ground.ts";
import { installRelease } from "./releasing.ts";
import { Services } from "./services.ts";
import type { WorkflowStep } from "./workflow.ts";
import { OPEN_WAYS, serveContainers } from "./ways_to_root.ts";

/** A ground with its lab. */
export class Machine implements AsyncDisposable {
  readonly ground: Ground;
  readonly #stack: AsyncDisposableStack;

  private constructor(ground: Ground, stack: AsyncDisposableStack) {
    this.ground = ground;
    this.#stack = stack;
  }

  /** Builds it, with all ways to root open. */
  static async up(): Promise<Machine> {
    await using stack = new AsyncDisposableStack();
    const lab = stack.use(await Lab.up());
    const services = await Services.up(lab);
    const ground = stack.use(
      await Ground.up(lab, {
        actionEnvironment: services.environment,
        setup: OPEN_WAYS,
      }),
    );
    const program = await Deno.readFile(await packedProgram());
    await installRelease(ground, { program, services });
    stack.use(await serveContainers(ground));
    return new Machine(ground, stack.move());
  }

  /** {@inheritDoc AsyncDisposable} */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** The step that guards a job. */
export function guardStep(
  inputs: Readonly<Record<string, string>>,
): WorkflowStep {
  const given = { report: "none", ...inputs };
  return { name: "Guard", id: "guard", uses: SLUICE, with: given };
}
