/**
 * One client's one request, from its first byte to the end of its answer.
 *
 * @module
 */
import { type Answer, judgeAnswer } from "../decide/containers/answers.ts";
import type { Question } from "../decide/containers/judged_body.ts";
import { encodeHttpPath } from "../decode/http_query.ts";
import { encodeJson } from "../decode/strict_json.ts";
import { POLL, type PollEntry } from "../../ffi/poll_set.ts";
import type { BindPlaces } from "./bind_places.ts";
import { Relay } from "./relay.ts";
import {
  describe,
  RequestIntake,
  type TakenRequest,
} from "./request_intake.ts";
import { writeAnswer, writeContent, writeHead } from "./request_writer.ts";
import { RuntimeAnswer } from "./runtime_answer.ts";
import type { Stream } from "./stream.ts";

/** Whoever connects and says nothing makes room for others. */
const INTAKE_MS = 30_000;
/** A runtime that is busy with a container answers when that is done. */
const ANSWER_MS = 60_000;
/** For a client that still sends to read why nobody listens. */
const LINGER_MS = 2_000;
/** Of things that lead to further things. */
const MAX_QUESTIONS = 64;

/** What an exchange works with. */
export interface ExchangeOptions {
  /** The exchange's from now on. */
  readonly client: Stream;
  readonly places: BindPlaces;
  /** Null when the runtime cannot be reached. */
  readonly connect: () => Stream | null;
  /** Told of a request that was refused: what it was, and why. */
  readonly onRefused: (what: string, why: string) => void;
}

/** Goes on with each {@linkcode Exchange.attend} until it is over. */
export class Exchange implements Disposable {
  readonly #options: ExchangeOptions;
  readonly #intake: RequestIntake;
  #taken: TakenRequest | null = null;
  #questions: Question[] = [];
  readonly #asked = new Set<string>();
  /** What a path's subject is called by the runtime. */
  #subjectId: string | null = null;
  #answer: { readonly of: Question; readonly from: RuntimeAnswer } | null =
    null;
  #runtime: Stream | null = null;
  #relay: Relay | null = null;
  #isLingering = false;
  #untilMs: number;

  constructor(options: ExchangeOptions, nowMs: number) {
    this.#options = options;
    this.#intake = new RequestIntake(options.client);
    this.#untilMs = nowMs + INTAKE_MS;
  }

  /** What to wait for; the client comes first. */
  get entries(): readonly PollEntry[] {
    if (this.#relay !== null) return this.#relay.entries;
    const { client } = this.#options;
    const events = this.#answer === null ? POLL.IN : 0;
    const own = { fd: client.fd, events: events | client.events };
    return this.#answer === null
      ? [own]
      : [own, { fd: this.#answer.from.fd, events: POLL.IN }];
  }

  /**
   * Goes on.
   *
   * @param hasHungUp Whether the client neither sends nor receives any more.
   * @returns Whether it is over.
   */
  attend(nowMs: number, hasHungUp: boolean): boolean {
    const { client } = this.#options;
    if (this.#relay !== null) return this.#relay.carry(hasHungUp);
    client.flush();
    if (this.#isLingering) return this.#linger(nowMs);
    if (client.isGone || hasHungUp) return true;
    if (nowMs >= this.#untilMs) return true;
    if (this.#taken === null) this.#takeIn(nowMs);
    if (this.#answer !== null) this.#hear(nowMs);
    return client.isGone;
  }

  #takeIn(nowMs: number): void {
    const step = this.#intake.read();
    switch (step.kind) {
      case "more":
        return;
      case "ended":
        this.#untilMs = nowMs;
        return;
      case "refused":
        return this.#refuse(step, nowMs);
      case "taken":
        this.#taken = step.taken;
        this.#questions = [
          ...step.taken.request.questions,
          ...step.taken.accepted.questions,
        ];
        return this.#askNext(nowMs);
    }
  }

  #askNext(nowMs: number): void {
    for (;;) {
      const question = this.#questions.shift();
      if (question === undefined) return this.#pass(nowMs);
      const key = `${question.kind} ${question.name}`;
      if (this.#asked.has(key)) continue;
      this.#asked.add(key);
      if (this.#asked.size > MAX_QUESTIONS) {
        return this.#fail(403, { nowMs, why: "it leads to too many things" });
      }
      const stream = this.#options.connect();
      if (stream === null) return this.#failToReach(nowMs);
      const from = new RuntimeAnswer(stream, question);
      this.#answer = { of: question, from };
      this.#untilMs = nowMs + ANSWER_MS;
      return;
    }
  }

  #hear(nowMs: number): void {
    const { of, from } = this.#answer!;
    const answer = from.read();
    if (answer === null) return;
    from[Symbol.dispose]();
    this.#answer = null;
    this.#judge(of, { answer, nowMs });
  }

  #judge(
    question: Question,
    { answer, nowMs }: { readonly answer: Answer; readonly nowMs: number },
  ): void {
    const { places } = this.#options;
    const isHeld = (path: string) => places.isOurs(path);
    const { against, id, questions } = judgeAnswer(question, {
      ...answer,
      isHeld,
    });
    if (against !== null) return this.#fail(403, { nowMs, why: against });
    // By its id nobody can be put in its place before the runtime looks.
    const [subject] = this.#taken!.request.questions;
    if (question === subject && question.kind === "container") {
      this.#subjectId = id;
    }
    this.#questions.push(...questions);
    this.#askNext(nowMs);
  }

  #pass(nowMs: number): void {
    const { client, connect, places, onRefused } = this.#options;
    const { head, request, accepted, body, rest } = this.#taken!;
    const sources: string[] = [];
    for (const wish of accepted.binds) {
      const held = places.hold(wish);
      if (!held.ok) return this.#fail(403, { nowMs, why: held.why });
      sources.push(held.value);
    }
    const runtime = connect();
    if (runtime === null) return this.#failToReach(nowMs);
    this.#runtime = runtime;
    const isArchive = request.body === "bytes";
    const written = isArchive ? null : accepted.write(sources);
    const json = written === null
      ? null
      : new TextEncoder().encode(encodeJson(written));
    const content = isArchive ? head.bodyBytes : json?.length ?? null;
    const target = this.#targetOf(request.target);
    runtime.send(writeHead(head, { request: { ...request, target }, content }));
    for (const piece of writeContent(json ?? new Uint8Array(0), false)) {
      runtime.send(piece);
    }
    this.#relay = new Relay({
      ...{ client, runtime, body, rest, onRefused },
      behind: request.behind,
      isChunked: content === "chunked",
    });
  }

  #targetOf(target: string): string {
    const id = this.#subjectId;
    const name = this.#taken!.request.questions[0]?.name;
    if (id === null || name === undefined) return target;
    const own = encodeHttpPath({ segments: [name], query: [] });
    return target.replace(`/containers${own}/`, `/containers/${id}/`);
  }

  #failToReach(nowMs: number): void {
    const message = "Sluice cannot reach the container runtime";
    this.#end(writeAnswer(502, message), nowMs);
  }

  #fail(
    status: 400 | 403,
    { nowMs, why }: { readonly nowMs: number; readonly why: string },
  ): void {
    this.#refuse({ status, what: describe(this.#taken!.head), why }, nowMs);
  }

  #refuse(
    of: {
      readonly status: 400 | 403;
      readonly what: string;
      readonly why: string;
    },
    nowMs: number,
  ): void {
    this.#options.onRefused(of.what, of.why);
    const message = `Sluice refuses this (containers: filter): ${of.why}`;
    this.#end(writeAnswer(of.status, message), nowMs);
  }

  #end(answer: Uint8Array, nowMs: number): void {
    const { client } = this.#options;
    client.send(answer);
    client.end();
    this.#isLingering = true;
    this.#untilMs = nowMs + LINGER_MS;
  }

  #linger(nowMs: number): boolean {
    const { client } = this.#options;
    if (nowMs >= this.#untilMs) return true;
    for (;;) {
      const bytes = client.receive();
      if (bytes === null) return client.isGone;
      if (bytes.length === 0) return true;
    }
  }

  /** Closes all that it has opened; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#answer?.from[Symbol.dispose]();
    this.#runtime?.[Symbol.dispose]();
    this.#options.client[Symbol.dispose]();
  }
}
