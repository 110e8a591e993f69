/**
 * Asks the agent: as a program of root's, or where a guard listens.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { createConnection } from "node:net";
import { EntryError } from "./failure.ts";
import type { ActionReply, ActionRequest } from "./protocol.ts";
import { asRoot } from "./root.ts";

/** For arming, with its self-test, and for a report at the end. */
const ANSWER_MS = 180_000;

/**
 * Runs the agent as root.
 *
 * @param program The command, without arguments.
 * @throws {EntryError} When it ends without an answer.
 */
export async function runAgent(
  program: readonly string[],
  request: ActionRequest,
): Promise<ActionReply> {
  const [command, ...args] = asRoot([...program, "action", request.stage]);
  const child = spawn(command!, args, {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
    // What it complains about is for the step's log.
    stdio: ["pipe", "pipe", "inherit"],
    timeout: ANSWER_MS,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => output += text);
  // It may end without having read.
  child.stdin.on("error", () => {});
  child.stdin.end(`${JSON.stringify(request)}\n`);
  const why = await new Promise<string>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, signal) => done(`${signal ?? code}`));
  });
  const reply = readReply(output.trimEnd().split("\n").at(-1) ?? "");
  if (reply === null) {
    throw new EntryError(
      `Cannot guard this job: the agent ended with ${why} and without an answer`,
      "Read what it says above",
    );
  }
  // Whatever it says, an agent that failed has not armed.
  const exitCode = reply.exitCode || (why === "0" ? 0 : 1);
  return { ...reply, exitCode };
}

/**
 * Asks whoever listens at a path.
 *
 * @returns Its answer; null when nobody listens.
 * @throws {EntryError} When it takes the question and does not answer.
 */
export async function askSocket(
  path: string,
  request: ActionRequest,
): Promise<ActionReply | null> {
  const socket = createConnection(path);
  let isConnected = false;
  const text = await new Promise<string>((done) => {
    let output = "";
    socket.setEncoding("utf8");
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on("connect", () => {
      isConnected = true;
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on("data", (chunk: string) => {
      output += chunk;
      // The agent watches whether we end, and we whether it answers.
      if (output.endsWith("\n")) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => done(output));
  });
  if (!isConnected) return null;
  const reply = readReply(text);
  if (reply !== null) return reply;
  throw new EntryError(
    `Cannot ask the guard at "${path}": it does not answer`,
    "Take this job's result for unguarded",
  );
}

function readReply(line: string): ActionReply | null {
  try {
    const reply = JSON.parse(line) as ActionReply | null;
    return reply?.version === 1 && Number.isInteger(reply.exitCode)
      ? reply
      : null;
  } catch {
    return null;
  }
}
