/**
 * Events and summaries for the report's tests.
 *
 * Names are under .example and addresses from RFC 5737 and RFC 3849.
 *
 * @module
 */
import type { ProcessField } from "../../../agent/record/done.ts";
import type { AgentEvent, Event } from "../../../agent/record/event.ts";
import { readJournal } from "../../../agent/record/read.ts";
import { aggregate, type Summary } from "../../../agent/report/aggregate.ts";

const JOURNALS = new URL("../../fixtures/journals/", import.meta.url);

/** A process like any other. */
export const CURL: ProcessField = {
  pid: 4300,
  exe: "/usr/bin/curl",
  args: ["curl", "-s", "https://a.example/"],
  uid: 1001,
  ancestors: [{ pid: 4100, exe: "/usr/bin/dash" }],
};

/** One that writes files. */
export const SED: ProcessField = {
  pid: 4400,
  exe: "/usr/bin/sed",
  args: ["sed", "-i", "s/a/b=1/", "src/a.c"],
  uid: 1001,
  ancestors: [
    { pid: 4390, exe: "/usr/bin/dash" },
    { pid: 4380, exe: "/usr/bin/node" },
  ],
};

/** The text of a fixture beside the journals. */
export function fixture(name: string): string {
  return Deno.readTextFileSync(new URL(name, JOURNALS));
}

/** The summary of a fixture's journal. */
export function summaryOf(name: string): Summary {
  const { events, problems } = readJournal(fixture(`${name}.ndjson`));
  return aggregate(events, problems);
}

/** The moment `second` seconds into the sample run. */
export function at(second: number): string {
  return `2026-03-14T09:26:${String(second).padStart(2, "0")}.000000Z`;
}

type Part<Kind extends Event["kind"]> = Partial<Extract<Event, { kind: Kind }>>;

/** A connection to a.example that audit lets go. */
export function connection(part: Part<"connection"> = {}): Event {
  return {
    version: 1,
    seq: 1,
    time: at(0),
    kind: "connection",
    decision: "deny",
    enforced: false,
    why: "name_not_allowed",
    rule: null,
    protocol: "tcp",
    direction: "output",
    source: { address: "192.0.2.10", port: 40000 },
    destination: { address: "198.51.100.1", port: 443 },
    names: ["a.example"],
    sni: null,
    step: null,
    process: CURL,
    container: null,
    ...part,
  };
}

/** A look-up of a.example that audit lets go, answered. */
export function lookUp(part: Part<"dns"> = {}): Event {
  return {
    version: 1,
    seq: 1,
    time: at(0),
    kind: "dns",
    decision: "deny",
    enforced: false,
    why: "name_not_allowed",
    rule: null,
    name: "a.example",
    type: "A",
    server: { address: "192.0.2.53", port: 53 },
    answers: ["198.51.100.1"],
    step: null,
    process: CURL,
    container: null,
    ...part,
  };
}

/** A program that ran and ended. */
export function execution(part: Part<"exec"> = {}): Event {
  return {
    version: 1,
    seq: 1,
    time: at(0),
    kind: "exec",
    event: "finished",
    step: null,
    process: CURL,
    container: null,
    cwd: "/",
    start: at(0),
    end: at(0),
    exitCode: 0,
    signal: null,
    ...part,
  };
}

/** A step that begins. */
export function step(name: string, part: Part<"step"> = {}): Event {
  const head = { version: 1, seq: 1, time: at(0), kind: "step" } as const;
  return {
    ...head,
    event: "started",
    step: name,
    source: "log",
    pid: 9,
    ...part,
  };
}

/** Somebody who reads the runner's memory. */
export function privilege(part: Part<"privilege"> = {}): Event {
  return {
    version: 1,
    seq: 1,
    time: at(0),
    kind: "privilege",
    step: null,
    process: CURL,
    container: null,
    rule: "runner-memory",
    reason: "the runner's memory was read",
    denied: false,
    ...part,
  };
}

/** A source that sed has changed. */
export function fileChange(part: Part<"file"> = {}): Event {
  return {
    version: 1,
    seq: 1,
    time: at(0),
    kind: "file",
    change: "modified",
    subject: "source",
    path: "/w/src/a.c",
    overwritten: true,
    rule: null,
    reason: "the file is other than what git tracks",
    before: { blob: "a".repeat(40), sha256: null, bytes: 7, mode: "100644" },
    after: { blob: "b".repeat(40), sha256: null, bytes: 9, mode: "100644" },
    diff: "@@ -1 +1 @@\n-int a;\n+int b=1;\n",
    step: null,
    process: SED,
    container: null,
    ...part,
  };
}

/** The agent about itself; `second` is when, in the sample run. */
export function agent(
  event: AgentEvent["event"],
  { second, ...part }: Part<"agent"> & { readonly second: number },
): Event {
  const time = at(second);
  return { version: 1, seq: 1, time, kind: "agent", event, ...part };
}
