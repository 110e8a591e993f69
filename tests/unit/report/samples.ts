/**
 * Events and summaries for the report's tests.
 *
 * Names are under .example and addresses from RFC 5737 and RFC 3849.
 *
 * @module
 */
import type {
  AgentEvent,
  Event,
  ProcessField,
} from "../../../agent/record/event.ts";
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

/** The agent about itself; `second` is when, in the sample run. */
export function agent(
  event: AgentEvent["event"],
  { second, ...part }: Part<"agent"> & { readonly second: number },
): Event {
  const time = at(second);
  return { version: 1, seq: 1, time, kind: "agent", event, ...part };
}
