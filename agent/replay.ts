/**
 * What another policy would have done with a run, by its journal alone.
 *
 * @module
 */
import { addressKey } from "./decide/address_key.ts";
import type { Decision, Flow, Sender } from "./decide/decision.ts";
import { decideFlow } from "./decide/flow.ts";
import { refuse } from "./decide/judge.ts";
import { type CompiledPolicy, compilePolicy } from "./decide/match.ts";
import { NameTable } from "./decide/names.ts";
import type { Policy } from "./decide/policy.ts";
import { isProxy } from "./decide/proxied.ts";
import { decideQuery } from "./decide/query.ts";
import { HTTP_PORT, type Said } from "./decide/said.ts";
import { decideSaid, isListenedTo, isNameAsked } from "./decide/said_name.ts";
import { parseAddress } from "./decode/address.ts";
import type { ConnectionEvent, DnsEvent, Event } from "./record/event.ts";
import type { Journal } from "./record/read.ts";
import { isForwarder, isRunners, policySender } from "./report/sender.ts";
import type { Rejudged } from "./report/replay.ts";

/** An answer is taken to be good until the journal ends. */
const FOREVER_SECONDS = 0x7fff_ffff;

/** Let out, or refused, before any entry is asked. */
const NOT_THE_POLICYS: ReadonlySet<string> = new Set([
  "internal_interface",
  "open_before_arming",
  "dhcp",
  "source_forged",
  "fragment",
  "packet_malformed",
]);

/** IANA protocol numbers by what a journal calls them. */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["tcp", 6],
  ["udp", 17],
  ["icmp", 1],
]);

/**
 * Judges a journal's events again.
 *
 * @param events A journal's, in order.
 * @param policy Whose entries decide this time.
 * @returns One for each connection and look-up, in order.
 */
export function replay(
  events: readonly Event[],
  policy: Policy,
): readonly Rejudged[] {
  const judge = new Judge(policy);
  return events.flatMap((event) => {
    if (event.kind === "dns") {
      return [{ event, after: judge.lookUp(event), isGuess: false }];
    }
    return event.kind === "connection" ? [judge.connect(event)] : [];
  });
}

/** What a replay cannot tell of this journal and this policy. */
export function replayNotes(
  { events, problems }: Journal,
  policy: Policy,
): readonly string[] {
  const { allow, proxy, deny } = policy;
  const notes = problems.map((problem) => `Journal, ${problem}`);
  if ([...allow, ...proxy, ...deny].some(({ sha256 }) => sha256 !== null)) {
    notes.push(
      "The journal has no hashes: whatever stands at a program's path is " +
        "taken for the one whose sha256 the policy names.",
    );
  }
  const flooded = events.reduce((sum, event) => {
    if (event.kind !== "agent") return sum;
    return Object.values(event.refused ?? {}).reduce((a, b) => a + b, sum);
  }, 0);
  if (flooded > 0) {
    notes.push(
      `${flooded} refused packets have no event each, and are not judged.`,
    );
  }
  return notes;
}

/** Decides as the packet thread does, with what the journal has kept. */
class Judge {
  readonly #policy: CompiledPolicy;
  readonly #asksNames: boolean;
  readonly #names = new NameTable();

  constructor(policy: Policy) {
    // The journal has no hashes: a program of that path is taken for the one.
    const bare = (entry: Policy["allow"][number]) => ({
      ...entry,
      sha256: null,
    });
    this.#policy = compilePolicy({
      ...policy,
      allow: policy.allow.map(bare),
      proxy: policy.proxy.map(bare),
      deny: policy.deny.map(bare),
    });
    this.#asksNames = policy.names === "said";
  }

  connect(event: Extract<Event, ConnectionEvent>): Rejudged {
    const { why, names } = event;
    const destination = parseAddress(event.destination.address);
    const protocol = protocolOf(event.protocol);
    if (NOT_THE_POLICYS.has(why) || destination === null) {
      return { event, after: this.#asBefore(event, names), isGuess: false };
    }
    const { port } = event.destination;
    const sender = senderOf(event);
    const flow: Flow = { protocol, destination, port, sender };
    const world = { policy: this.#policy, names: namesOf(event), nowMs: 0 };
    const first = decideFlow(flow, world);
    const asksNames = this.#asksNames;
    if (!isListenedTo(flow, { policy: this.#policy, first, asksNames })) {
      return { event, after: first, isGuess: false };
    }
    const said = saidIn(event, isProxy(flow, { policy: this.#policy, names }));
    // Where this policy asks for a name and that one did not, nobody heard it.
    if (said === null) {
      const isGuess = names.length > 1 && why !== "allowed_name" &&
        isNameAsked(first);
      return { event, after: first, isGuess };
    }
    const after = decideSaid(flow, { ...world, said, first });
    return { event, after, isGuess: false };
  }

  lookUp(event: DnsEvent): Decision {
    const { name, server, protocol = "udp", why, answers } = event;
    for (const answer of answers ?? []) {
      const address = parseAddress(answer);
      if (address === null) continue;
      const life = { ttlSeconds: FOREVER_SECONDS, nowMs: 0 };
      this.#names.learn(name, addressKey(address), life);
    }
    const address = parseAddress(server.address);
    if (why === "dns_malformed" || address === null) {
      return this.#asBefore(event, []);
    }
    const isStranger = why === "resolver_not_allowed";
    const decision = decideQuery({
      name,
      // No decision depends on it.
      type: 1,
      server: address,
      transport: protocol,
      sender: senderOf(event),
    }, {
      policy: this.#policy,
      names: this.#names,
      nowMs: 0,
      resolvers: new Set(isStranger ? [] : [addressKey(address)]),
    });
    const { rule } = decision;
    const isStillLimited = why === "tunnel_limit" && rule !== null &&
      decision.decision === "allow" && this.#policy.wildcards.has(rule);
    if (!isStillLimited) return decision;
    return { ...refuse(why, { ...this.#policy, names: [] }), rule };
  }

  /** What no entry decides, in the mode of this policy. */
  #asBefore(
    event: ConnectionEvent | DnsEvent,
    names: readonly string[],
  ): Decision {
    const { decision, rule } = event;
    const why = event.why as Decision["why"];
    if (decision === "deny") {
      return refuse(why, { egress: this.#policy.egress, names });
    }
    return { decision, enforced: true, why, rule, names };
  }
}

/** The names that led to an event's destination, and no other. */
function namesOf({ names, destination }: ConnectionEvent): NameTable {
  const table = new NameTable();
  const address = parseAddress(destination.address);
  if (address === null) return table;
  // The newest is first in the event, and learned last.
  for (const name of [...names].reverse()) {
    const life = { ttlSeconds: FOREVER_SECONDS, nowMs: 0 };
    table.learn(name, addressKey(address), life);
  }
  return table;
}

/** What the client said, as far as the journal tells; null when it does not. */
function saidIn(event: ConnectionEvent, isProxied: boolean): Said | null {
  const { why, sni, asked, destination } = event;
  if (why === "name_unreadable") return { kind: "unreadable" };
  if (why === "too_many_flows") return { kind: "forgotten" };
  if (asked !== undefined) {
    const through = { host: asked.host, port: asked.port };
    if (isProxied && sni !== null && sni !== asked.host) {
      return { kind: "tls", name: sni, through };
    }
    if (isProxied && why === "name_missing") {
      return { kind: "tls", name: null, through };
    }
    const { host: name, port } = through;
    return { kind: "http", name, port, form: "authority" };
  }
  if (sni === null) {
    return why === "name_missing" ? { kind: "tls", name: null } : null;
  }
  const isHttp = why === "host_not_allowed" || destination.port === HTTP_PORT;
  return isHttp
    ? { kind: "http", name: sni, port: null, form: "origin" }
    : { kind: "tls", name: sni };
}

function senderOf(event: ConnectionEvent | DnsEvent): Sender {
  const { step, exe } = policySender(event);
  const above = event.process?.ancestors ?? null;
  const known = (above ?? []).flatMap((ancestor) => ancestor.exe ?? []);
  return {
    step,
    exe,
    isRunner: isRunners(event),
    isForwarder: isForwarder({ step, exe }),
    ancestors: known,
    isAncestryWhole: above !== null && known.length === above.length &&
      above.at(-1)?.pid === 1,
    sha256: null,
  };
}

/** 255 is reserved (IANA), so no entry means it. */
function protocolOf(name: string): number {
  const known = PROTOCOLS.get(name);
  if (known !== undefined) return known;
  return /^\d{1,3}$/.test(name) ? Number(name) : 255;
}
