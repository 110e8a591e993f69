/**
 * `sluice step`: runs a command as a step of a name.
 *
 * This process becomes the step, by asking the guard; the command and all that
 * it starts inherit that.
 *
 * @module
 */
import type { Context } from "./context.ts";
import { findProgram, startCommand } from "./enforce/command.ts";
import { commandEnvironment } from "./enforce/environment.ts";
import { AgentError } from "./errors.ts";
import { variable } from "./observe/invoker.ts";
import { type Options, usage } from "./options.ts";
import { STEP_ANSWER, whyNoName } from "./processes/step_message.ts";
import { isTrusted, STEPS_VARIABLE } from "./processes/step_place.ts";
import { SignalRelay } from "./signals.ts";
import type { Libc } from "../ffi/libc.ts";
import { Poller, POLLIN } from "../ffi/sockets.ts";
import { waitForExit } from "../ffi/spawn.ts";
import { fromBytes } from "../ffi/text.ts";
import { openMessageSocket, peerOf, unixAddress } from "../ffi/unix_sockets.ts";

const ANSWER_MS = 5_000;
const ANSWER_BYTES = 64;
/** Until the guard has known us for a moment. */
const AGAIN_MS = 60;
const MAX_TRIES = 50;

const HINT = "Write `sluice step NAME -- COMMAND [arguments]`";

/** Why a guard says no. */
const REFUSALS: Readonly<Record<string, { why: string; hint: string }>> = {
  [STEP_ANSWER.NESTED]: {
    why: "this is in a step already, which cannot take another name",
    hint: "Begin the step where no other one is above it",
  },
  [STEP_ANSWER.RUNNER]: {
    why: "a GitHub runner is on this machine, its workflow names the steps",
    hint: "Give the step its name in the workflow",
  },
  [STEP_ANSWER.OUTSIDE]: {
    why: "this is not part of the command that is guarded",
    hint: "Begin it from the command that `sluice run` guards",
  },
  [STEP_ANSWER.FULL]: {
    why: "there are too many steps at a time",
    hint: "Begin it when others have ended",
  },
};

/**
 * Runs a command as a step.
 *
 * @returns Its exit code.
 * @throws {AgentError} Before it is started, when it cannot be one.
 */
export async function step(
  context: Context,
  options: Options,
): Promise<number> {
  const { name, args } = readStep(options);
  const place = placeOf(context, options);
  const command = {
    args,
    // For one that is tried within this one: it is told why not.
    environment: [
      ...commandEnvironment(context.environment, null),
      `${STEPS_VARIABLE}=${place}`,
    ],
    directory: context.directory,
    user: null,
  };
  findProgram(context.libc, command);
  using signals = new SignalRelay(context.libc);
  await begin(context, { name, place });
  const pid = signals.inherit(() => startCommand(context.libc, command, null));
  signals.relayTo(pid);
  return await waitForExit(context.libc, pid);
}

function readStep(
  { operands, rest }: Options,
): { name: string; args: readonly string[] } {
  const [name, extra] = operands;
  if (name === undefined) throw usage("no step is named", HINT);
  if (extra !== undefined) {
    throw usage(
      `${JSON.stringify(extra)} stands in front of \`--\``,
      "Quote a name of several words",
    );
  }
  const why = whyNoName(name);
  if (why !== null) {
    throw usage(`${JSON.stringify(name)} is no name: ${why}`, HINT);
  }
  if (rest === null || rest.length === 0) {
    throw usage("no command is given", HINT);
  }
  return { name, args: rest };
}

function placeOf(context: Context, { flags }: Options): string {
  const told = variable(context.environment, STEPS_VARIABLE);
  if (flags.state === undefined && told !== null) return told;
  return context.stepSocket(flags, "host");
}

async function begin(
  { libc }: Context,
  of: { name: string; place: string },
): Promise<void> {
  let answer: string = STEP_ANSWER.AGAIN;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    answer = ask(libc, of);
    if (answer !== STEP_ANSWER.AGAIN) break;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  if (answer === STEP_ANSWER.OK) return;
  const refusal = REFUSALS[answer] ?? {
    why: "the guard does not answer as this version does",
    hint: "Use the same version for the guard and for this",
  };
  throw new AgentError("step_refused", {
    what: `Cannot begin the step ${JSON.stringify(of.name)}`,
    ...refusal,
  });
}

/** Asks once; the kernel says on both sides who it is. */
function ask(libc: Libc, of: { name: string; place: string }): string {
  const what = `Cannot begin the step ${JSON.stringify(of.name)}`;
  const hint =
    "Start a guard with `sluice start`, or `sluice run` above this; " +
    "name its state directory with --state";
  if (!isTrusted(libc, of.place)) {
    const why = `no guard listens at "${of.place}"`;
    throw new AgentError("not_running", { what, why, hint });
  }
  using socket = openMessageSocket(libc);
  const errno = socket.connect(unixAddress(of.place));
  if (errno !== 0 || peerOf(libc, socket.fd).uid !== 0) {
    const why = `no guard listens at "${of.place}"`;
    throw new AgentError("not_running", { what, why, hint });
  }
  const said = new TextEncoder().encode(of.name);
  const { symbols } = libc;
  libc.check("write", symbols.write(socket.fd, said, BigInt(said.length)));
  new Poller(libc, [socket.fd], POLLIN).wait(ANSWER_MS);
  const buffer = new Uint8Array(ANSWER_BYTES);
  const count = symbols.read(socket.fd, buffer, BigInt(ANSWER_BYTES));
  return fromBytes(buffer.subarray(0, Math.max(count, 0)));
}
