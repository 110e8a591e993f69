/**
 * What each entry of the action is answered by a program that is no guard yet.
 *
 * @module
 */
import type { ActionReply } from "../action/protocol.ts";
import { type Context, say } from "../context.ts";
import { AgentError } from "../errors.ts";
import { type Options, usage } from "../options.ts";
import type { Libc } from "../../ffi/libc.ts";
import { armJob } from "./arm.ts";
import { endLostJob } from "./lost_job.ts";
import { lookBy, processAt } from "./process_id.ts";
import { failure, sentenceOf } from "./reply.ts";
import { MAX_REQUEST_BYTES, readRequest } from "./request.ts";

const STDIN = 0;
const CHUNK_BYTES = 65_536;

/**
 * Does what an entry asks for.
 *
 * @param options The command line that the entry has started this with.
 */
export async function answerEntry(
  context: Context,
  { operands, flags }: Options,
): Promise<ActionReply> {
  const { libc } = context;
  try {
    const request = readRequest(readInput(libc));
    const [stage] = operands;
    if (operands.length !== 1 || stage !== request.stage) {
      throw usage(
        `\`sluice action\` is for ${JSON.stringify(operands)}, and asked for ` +
          JSON.stringify(request.stage),
        "Leave it to the action to start this",
      );
    }
    if (stage === "post") return await endLostJob(context, flags);
    const asker = processAt(lookBy(libc), libc.symbols.getpid())!;
    return await armJob(context, { flags, request, asker, say });
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return failure("Sluice cannot guard this job", sentenceOf(error));
  }
}

function readInput(libc: Libc): string {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(CHUNK_BYTES);
  let text = "";
  while (text.length < MAX_REQUEST_BYTES) {
    const size = BigInt(CHUNK_BYTES);
    const count = libc.check("read", libc.symbols.read(STDIN, chunk, size));
    if (count === 0) break;
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
  return text;
}
