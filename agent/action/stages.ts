/**
 * What the three entries do.
 *
 * None of this decides how a job ends: it runs as the runner's user, where a
 * step may have been before. The agent decides, and sees to it.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { askSocket, runAgent } from "./agent_call.ts";
import { uploadFiles } from "./artifact.ts";
import { EntryError } from "./failure.ts";
import { WITHOUT_GUARD } from "./outputs.ts";
import { prepareProgram } from "./program.ts";
import {
  type ActionReply,
  type ActionRequest,
  JOB_SOCKET,
  SERVICE_SOCKET,
} from "./protocol.ts";
import { type Environment, gatherRequest, mayGoOn } from "./request.ts";
import { canBeRoot } from "./root.ts";
import {
  keepState,
  keptState,
  print,
  setOutputs,
  showError,
  showReply,
} from "./show.ts";

/** A guard that ends takes its rules away first. */
const GIVE_BACK_MS = 30_000;
const POLL_MS = 200;

/**
 * Arms a guard for the job.
 *
 * @returns The exit code.
 */
export async function pre(env: Environment): Promise<number> {
  return await guard(gatherRequest("pre", env), env);
}

/**
 * Says that the job is guarded; arms a guard where {@linkcode pre} has not been
 * run, or had to leave it to this. The steps behind it are told by its outputs.
 *
 * @returns The exit code.
 */
export async function main(env: Environment): Promise<number> {
  // First: whatever goes wrong behind this leaves them so.
  setOutputs(WITHOUT_GUARD, env);
  const state = keptState(env);
  if (state === "unguarded") {
    print('This job is not guarded: its step "Pre …" says why.');
    return 0;
  }
  // An action of the repository itself has no pre, and a policy's file is there
  // only after a checkout.
  if (state !== "armed") return await guard(gatherRequest("main", env), env);
  return await answered(env, async () => {
    const reply = await askGuard(gatherRequest("main", env));
    if (reply !== null) return withOutputs(reply, env);
    throw new EntryError(
      "Cannot ask the guard of this job: it was armed, and nobody listens",
      "Take what the job did since for unguarded, and run it again",
    );
  });
}

/**
 * Ends the guard, and passes on what it has seen.
 *
 * @returns The exit code.
 */
export async function post(env: Environment): Promise<number> {
  const state = keptState(env);
  return await answered(env, async () => {
    const reply = await askGuard(gatherRequest("post", env));
    if (reply !== null) return reply;
    if (isWithoutGuard(state)) return nothing(state);
    throw new EntryError(
      "Cannot tell what this job did: its guard is gone",
      "Take the job's result for unguarded, and run it again",
    );
  });
}

async function guard(
  request: ActionRequest,
  env: Environment,
): Promise<number> {
  try {
    const reply = await arm(request, env);
    showReply(request.stage === "main" ? withOutputs(reply, env) : reply, env);
    keepState(env, stateOf(reply));
    return reply.exitCode;
  } catch (error) {
    const isRelaxed = mayGoOn(request);
    showError(error, isRelaxed ? "warning" : "error");
    keepState(env, isRelaxed ? "unguarded" : "failed");
    return isRelaxed ? 0 : 1;
  }
}

function withOutputs(reply: ActionReply, env: Environment): ActionReply {
  // A machine's service may be of another version.
  if (reply.outputs) setOutputs(reply.outputs, env);
  return reply;
}

function stateOf({ isArmed, isLater, exitCode }: ActionReply): string {
  if (isArmed) return "armed";
  if (exitCode !== 0) return "failed";
  return isLater ? "later" : "unguarded";
}

async function arm(
  request: ActionRequest,
  env: Environment,
): Promise<ActionReply> {
  if (canBeRoot()) return await runAgent(await prepareProgram(env), request);
  const reply = await askSocket(SERVICE_SOCKET, request);
  if (reply !== null) return reply;
  if (await isGivenBack()) {
    return await runAgent(await prepareProgram(env), request);
  }
  if (await askSocket(JOB_SOCKET, request) !== null) {
    throw new EntryError(
      "Cannot guard this job: it is guarded already, or another job on this " +
        "machine is",
      "Use the action once in a job, and let one job at a time run on a machine",
    );
  }
  throw new EntryError(
    "Cannot guard this job: this runner's user may not use sudo without a " +
      "password, and no service of Sluice runs here",
    "Have root run `sluice service install` on this machine, or use a hosted " +
      "runner",
  );
}

/** Whether sudo comes back that a former job's guard has taken and still has. */
async function isGivenBack(): Promise<boolean> {
  const untilMs = performance.now() + GIVE_BACK_MS;
  while (existsSync(JOB_SOCKET) && performance.now() < untilMs) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    if (canBeRoot()) return true;
  }
  return canBeRoot();
}

/** The job's own guard, or the machine's. */
async function askGuard(request: ActionRequest): Promise<ActionReply | null> {
  return await askSocket(JOB_SOCKET, request) ??
    await askSocket(SERVICE_SOCKET, request);
}

async function answered(
  env: Environment,
  ask: () => Promise<ActionReply>,
): Promise<number> {
  try {
    const reply = await ask();
    showReply(reply, env);
    await uploadFiles(reply.files, env);
    return reply.exitCode;
  } catch (error) {
    showError(error);
    return 1;
  }
}

/** What is said of a job that had no guard, by what was kept of it. */
const END_WITHOUT_GUARD = {
  unguarded: "::warning title=Sluice::This job was not guarded",
  later: "::warning title=Sluice::This job was not guarded: " +
    "the step that arms its guard was not run",
  failed: "This job could not be guarded: its first steps say why",
} as const;

function isWithoutGuard(
  state: string | undefined,
): state is keyof typeof END_WITHOUT_GUARD {
  return state !== undefined && Object.hasOwn(END_WITHOUT_GUARD, state);
}

function nothing(state: keyof typeof END_WITHOUT_GUARD): ActionReply {
  return {
    ...{ version: 1, exitCode: 0, lines: [END_WITHOUT_GUARD[state]] },
    ...{ outputs: null, summary: null, isArmed: false, isLater: false },
    files: [],
  };
}
