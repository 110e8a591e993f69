/**
 * What a hook of the runner's starts, as the runner's user: asks for the guard
 * of a job, or for its end.
 *
 * @module
 */
import {
  type ActionReply,
  type ActionRequest,
  JOB_SOCKET,
  SERVICE_SOCKET,
} from "../action/protocol.ts";
import { failure } from "../job/reply.ts";
import type { Libc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/sockets.ts";
import { UnixClient } from "../../ffi/unix_client.ts";

/** For arming, with its self-test, and for a report at the end. */
const ANSWER_MS = 180_000;
const CHUNK_BYTES = 65_536;

/** Which of the two hooks. */
export type HookStage = keyof typeof SOCKETS;

/** Whom each hook asks: who comes first is asked first. */
const SOCKETS = {
  started: [SERVICE_SOCKET],
  completed: [JOB_SOCKET, SERVICE_SOCKET],
} as const;

/**
 * Asks.
 *
 * @param environment As the runner has given it to the hook.
 * @returns What is to be shown, and the exit code of the hook.
 */
export function askAsHook(
  libc: Libc,
  of: {
    readonly stage: HookStage;
    readonly environment: Readonly<Record<string, string>>;
  },
): ActionReply {
  const { stage, environment } = of;
  const request: ActionRequest = { version: 1, stage, inputs: {}, environment };
  return ask(libc, { paths: SOCKETS[stage], request }) ?? failure(
    "Sluice cannot guard this job",
    "The service of this machine does not answer. Have its owner look at " +
      "`sluice service status`.",
  );
}

function ask(
  libc: Libc,
  of: { readonly paths: readonly string[]; readonly request: ActionRequest },
): ActionReply | null {
  for (const path of of.paths) {
    using client = UnixClient.connect(libc, path);
    if (client === null) continue;
    const line = `${JSON.stringify(of.request)}\n`;
    if (!client.send(new TextEncoder().encode(line))) return null;
    return readReply(receiveAll(libc, client));
  }
  return null;
}

function receiveAll(libc: Libc, client: UnixClient): string {
  const poller = new Poller(libc, [client.fd]);
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(CHUNK_BYTES);
  const untilMs = performance.now() + ANSWER_MS;
  let text = "";
  while (!text.endsWith("\n")) {
    const leftMs = Math.ceil(untilMs - performance.now());
    if (leftMs <= 0) break;
    poller.wait(leftMs);
    const count = client.receive(chunk);
    if (count === 0) break;
    if (count < 0) continue;
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
  return text;
}

function readReply(line: string): ActionReply | null {
  try {
    const reply = JSON.parse(line);
    return reply?.version === 1 && Number.isInteger(reply.exitCode)
      ? reply
      : null;
  } catch {
    return null;
  }
}
