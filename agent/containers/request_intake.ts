/**
 * Takes in a request until it can be judged.
 *
 * @module
 */
import {
  judgeBody,
  type RoutedRequest,
  routeRequest,
} from "../decide/containers/container_request.ts";
import type { AcceptedBody } from "../decide/containers/judged_body.ts";
import { HttpBody } from "../decode/http_body.ts";
import { decodeHttpHead, type HttpHead } from "../decode/http_head.ts";
import { decodeJson, type Json } from "../decode/strict_json.ts";
import { ByteQueue } from "./byte_queue.ts";
import { CONTINUE } from "./request_writer.ts";
import type { Stream } from "./stream.ts";

/** Of a body that is read whole: the largest have a profile in them. */
const MAX_BODY_BYTES = 1 << 20;

/** A request that nothing is against so far. */
export interface TakenRequest {
  readonly head: HttpHead;
  readonly request: RoutedRequest;
  readonly accepted: AcceptedBody;
  /** What is still to come of it; ended for all but archives. */
  readonly body: HttpBody;
  /** What has come behind what was read. */
  readonly rest: Uint8Array;
}

/** What some bytes came to. */
export type IntakeStep =
  | { readonly kind: "more" }
  | { readonly kind: "ended" }
  /** `what`: the method and path, as far as they could be read. */
  | {
    readonly kind: "refused";
    readonly status: 400 | 403;
    readonly what: string;
    readonly why: string;
  }
  | { readonly kind: "taken"; readonly taken: TakenRequest };

const MORE: IntakeStep = { kind: "more" };

/** One request. */
export class RequestIntake {
  readonly #client: Stream;
  #bytes = new ByteQueue();
  #head: HttpHead | null = null;
  #request: RoutedRequest | null = null;
  #body = new HttpBody(null);
  readonly #content = new ByteQueue();

  /** @param client Lent. */
  constructor(client: Stream) {
    this.#client = client;
  }

  /** Reads what has come. */
  read(): IntakeStep {
    for (;;) {
      const bytes = this.#client.receive();
      if (bytes === null) return MORE;
      if (bytes.length === 0) return { kind: "ended" };
      const step = this.#request === null
        ? this.#readHead(bytes)
        : this.#readBody(bytes);
      if (step.kind !== "more") return step;
    }
  }

  #readHead(bytes: Uint8Array): IntakeStep {
    this.#bytes.add(bytes);
    const result = decodeHttpHead(this.#bytes.peek());
    if (result.kind === "incomplete") return MORE;
    if (result.kind === "refused") {
      return this.#refuse(400, `its ${result.why}`);
    }
    const { head } = result;
    this.#head = head;
    const routed = routeRequest(head);
    if (!routed.ok) return this.#refuse(403, routed.why);
    this.#request = routed.value;
    const { body } = routed.value;
    const rest = this.#bytes.take().subarray(head.headBytes);
    // Where none belongs the runtime gets none.
    if (body !== "none") this.#body = new HttpBody(head.bodyBytes);
    if (head.isExpected && !this.#body.isEnded) this.#client.send(CONTINUE);
    if (body === "bytes" || this.#body.isEnded) {
      return this.#judge(head.bodyBytes === null ? null : undefined, rest);
    }
    return rest.length === 0 ? MORE : this.#readBody(rest);
  }

  #readBody(bytes: Uint8Array): IntakeStep {
    const step = this.#body.read(bytes);
    if (step.kind === "refused") return this.#refuse(400, `its ${step.why}`);
    for (const content of step.content) this.#content.add(content);
    if (this.#content.length > MAX_BODY_BYTES) {
      return this.#refuse(403, `its body is over ${MAX_BODY_BYTES} bytes`);
    }
    if (!step.ended) return MORE;
    const decoded = decodeJson(this.#content.take());
    if (!decoded.ok) return this.#refuse(400, `its ${decoded.why}`);
    return this.#judge(decoded.value, bytes.slice(step.length));
  }

  /** @param json Undefined for what is no JSON. */
  #judge(json: Json | undefined, rest: Uint8Array): IntakeStep {
    const request = this.#request!;
    const judged = judgeBody(request.body, json ?? null);
    if (!judged.ok) return this.#refuse(403, judged.why);
    const accepted = judged.value;
    const head = this.#head!;
    const taken = { head, request, accepted, body: this.#body, rest };
    return { kind: "taken", taken };
  }

  #refuse(status: 400 | 403, why: string): IntakeStep {
    const head = this.#head;
    const what = head === null ? "a request" : describe(head);
    this.#bytes = new ByteQueue();
    return { kind: "refused", status, what, why };
  }
}

/** Method and path; a query may hold what is nobody's business. */
export function describe({ method, target }: HttpHead): string {
  const path = target.split("?", 1)[0]!;
  return `${method} ${path.length > 200 ? `${path.slice(0, 200)}…` : path}`;
}
