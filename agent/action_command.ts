/**
 * `sluice action pre`, `main` and `post`: what the action's entries start with
 * root's rights. The request comes on standard input, the answer is the last
 * line of standard output.
 *
 * @module
 */
import type { Context } from "./context.ts";
import { answerEntry } from "./job/action.ts";
import type { Options } from "./options.ts";

/**
 * Does what the action asks for, and says what came of it.
 *
 * @returns The exit code of the step.
 */
export async function action(
  context: Context,
  options: Options,
): Promise<number> {
  const reply = await answerEntry(context, options);
  console.log(JSON.stringify(reply));
  return reply.exitCode;
}
