/**
 * Judges what a runtime says of things that were there before a request names
 * them: nobody may use what he may not make.
 *
 * @module
 */
import {
  isJsonObject,
  type Json,
  type JsonObject,
} from "../../decode/strict_json.ts";
import { judgeHost } from "./create_body.ts";
import { isEmpty, shown } from "./json_rules.ts";
import type { Question } from "./judged_body.ts";

/** What came back: a status, and a body that is JSON. */
export interface Answer {
  /** 100 to 599. */
  readonly status: number;
  readonly body: Json;
}

/** What a question has led to. */
export interface JudgedAnswer {
  /** Half a sentence; null when nothing is against it. */
  readonly against: string | null;
  /** What the thing is to be called by from now on; null for its name. */
  readonly id: string | null;
  /** What is to be asked as well. */
  readonly questions: readonly Question[];
}

const ID = /^[0-9a-f]{64}$/;
/** Of the daemon's own networks, and of none. */
const DRIVERS: ReadonlySet<Json> = new Set(["bridge", "null"]);
const FINE: JudgedAnswer = { against: null, id: null, questions: [] };

/** Where the request for an answer goes. */
export function pathOf({ kind, name }: Question): string {
  switch (kind) {
    case "container":
      return `/containers/${name}/json`;
    case "exec":
      return `/exec/${name}/json`;
    case "network":
      return `/networks/${name}`;
    case "volume":
      return `/volumes/${name}`;
  }
}

/** Judges an answer. */
export function judgeAnswer(
  question: Question,
  { status, body, isHeld }: Answer & {
    /** Whether the filter itself gave a path to the runtime. */
    readonly isHeld: (path: string) => boolean;
  },
): JudgedAnswer {
  // The runtime's own words are better than ours; a volume is made anew.
  if (status === 404) return FINE;
  if (status !== 200 || !isJsonObject(body)) {
    return against(`the runtime says nothing of ${nameOf(question)}`);
  }
  switch (question.kind) {
    case "container":
      return judgeContainer(question, { body, isHeld });
    case "exec":
      return judgeExec(question, body);
    case "network":
      return DRIVERS.has(body.Driver ?? null)
        ? FINE
        : against(`${nameOf(question)} has the driver ${shownOf(body.Driver)}`);
    case "volume":
      return body.Driver === "local" && isEmpty(body.Options)
        ? FINE
        : against(`${nameOf(question)} is not the runtime's own`);
  }
}

function judgeContainer(
  question: Question,
  of: {
    readonly body: JsonObject;
    readonly isHeld: (path: string) => boolean;
  },
): JudgedAnswer {
  const { Id: id, HostConfig: host } = of.body;
  if (typeof id !== "string" || !ID.test(id) || !isJsonObject(host)) {
    return against(`the runtime says nothing of ${nameOf(question)}`);
  }
  // By the runtime's own default it can be the machine's, which shows names.
  const judged = judgeHost({ ...host, CgroupnsMode: null });
  if (!judged.ok) return against(`${nameOf(question)} has ${judged.why}`);
  const { binds, questions } = judged.value;
  const odd = binds.find(({ source }) => !of.isHeld(source));
  return odd === undefined
    ? { against: null, id, questions }
    : against(`${nameOf(question)} sees ${odd.source} of the machine`);
}

function judgeExec(question: Question, body: JsonObject): JudgedAnswer {
  const { ContainerID: name, ProcessConfig: config } = body;
  const isPlain = isJsonObject(config) && isEmpty(config.privileged);
  if (!isPlain || typeof name !== "string" || !ID.test(name)) {
    return against(`${nameOf(question)} has all rights`);
  }
  return { ...FINE, questions: [{ kind: "container", name }] };
}

function nameOf({ kind, name }: Question): string {
  return `the ${kind} ${name}`;
}

function shownOf(value: Json | undefined): string {
  return shown(value ?? null);
}

function against(why: string): JudgedAnswer {
  return { against: why, id: null, questions: [] };
}
