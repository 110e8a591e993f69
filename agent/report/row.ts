/**
 * The rows of a report: attempts that agree in everything but time.
 *
 * @module
 */
import type { ProcessField } from "../record/done.ts";
import type {
  ConnectionEvent,
  DnsEvent,
  EndpointField,
  Judged,
} from "../record/event.ts";

/** All attempts that agree in everything but time. */
export interface Row {
  /**
   * The name that the client said, or else the newest of the destination; null
   * when only an address is known.
   */
  readonly name: string | null;
  /** Every name that was answered with the destination. */
  readonly names: readonly string[];
  /** The name that the client said; null when another may be meant. */
  readonly sni: string | null;
  /** Where the destination, as a proxy, is asked to go on to; else null. */
  readonly asked: { readonly host: string; readonly port: number } | null;
  /** Destinations; for `dns` the addresses in the answers. In order of time. */
  readonly addresses: readonly string[];
  /** Destination port; 0 where there is none, and for `dns`. */
  readonly port: number;
  /** `tcp`, `udp`, `icmp`, an IANA number, or `dns`: looked up only. */
  readonly protocol: string;
  /** The sender at the first of these attempts; null when nobody was found. */
  readonly process: ProcessField | null;
  /** The workflow step; null when it is not known. */
  readonly step: string | null;
  /** The container that the packets come from; null outside of one. */
  readonly container: string | null;
  /** What the policy says. */
  readonly decision: "allow" | "deny";
  /** False when a refusal was not carried out. */
  readonly enforced: boolean;
  /** One of the codes that why.ts explains. */
  readonly why: string;
  /** The entry that decided; null when none did. */
  readonly rule: string | null;
  /** How many attempts. */
  readonly times: number;
  /** Time of the first attempt. */
  readonly first: string;
  /** Time of the last attempt. */
  readonly last: string;
  /** `dns`: record types that were asked for; otherwise empty. */
  readonly types: readonly string[];
  /** `dns`: the servers that were asked; otherwise empty. */
  readonly servers: readonly EndpointField[];
  /** `dns`: at least one question was answered; otherwise false. */
  readonly answered: boolean;
}

/** What stands in the journal, and when. */
export type At<T> = T & { readonly time: string };

/** Refused because the client says no name that can be relied on. */
const NAMELESS: ReadonlySet<string> = new Set([
  "name_missing",
  "name_unreadable",
]);

/**
 * The names that a connection is for, as far as one can know.
 *
 * @param of An event, or a row of them.
 * @returns What the client said; while nobody listened, each name that was
 * answered with the destination; empty when only the address lets it go.
 */
export function meantNames(
  of: Pick<Row, "why" | "sni" | "names">,
): readonly string[] {
  const { why, sni, names } = of;
  if (sni !== null) {
    const isByAddress = why === "allowed_address" && !names.includes(sni);
    return isByAddress ? [] : [sni];
  }
  return NAMELESS.has(why) ? [] : names;
}

type KeyPart = string | number | boolean | null;

/** Collects events into rows. */
export class RowTable {
  readonly #groups = new Map<string, Group>();

  /** Adds one connection to the row of its name, or else of its address. */
  addConnection(event: At<ConnectionEvent>): void {
    const { address, port } = event.destination;
    const name = event.sni ?? event.names[0];
    // The flag keeps a hostile name that reads like an address apart from one.
    const key = [name ?? address, name === undefined, port, event.protocol];
    const { host = null, port: next = null } = event.asked ?? {};
    this.#group([...key, host, next], event).addConnection(event);
  }

  /** Adds one look-up to the row of its name. */
  addDns(event: At<DnsEvent>): void {
    this.#group([event.name, false, 0, "dns"], event).addDns(event);
  }

  /** The rows: refused, would be refused, allowed; each by name. */
  rows(): readonly Row[] {
    return Array.from(this.#groups.values(), (group) => group.row())
      .sort(compareRows);
  }

  #group(key: readonly KeyPart[], event: At<Judged>): Group {
    const { process, step, container } = event;
    const { decision, enforced, why, rule } = event;
    const who = [process === null, process?.exe ?? null, step, container];
    const text = JSON.stringify(
      [...key, ...who, decision, enforced, why, rule],
    );
    let group = this.#groups.get(text);
    if (group === undefined) {
      group = new Group(event);
      this.#groups.set(text, group);
    }
    return group;
  }
}

class Group {
  readonly #first: At<Judged>;
  readonly #names = new Set<string>();
  readonly #addresses = new Set<string>();
  readonly #types = new Set<string>();
  readonly #servers = new Map<string, EndpointField>();
  #name: string | null = null;
  #sni: string | null = null;
  #isVague = false;
  #asked: Row["asked"] = null;
  #port = 0;
  #protocol = "dns";
  #answered = false;
  #times = 0;
  #last: string;

  constructor(first: At<Judged>) {
    this.#first = first;
    this.#last = first.time;
  }

  addConnection(event: At<ConnectionEvent>): void {
    this.#count(event.time);
    this.#sni ??= event.sni;
    // Who says nothing may mean each of the names.
    this.#isVague ||= event.sni === null && event.names.length > 1;
    this.#asked ??= event.asked ?? null;
    this.#name = event.sni ?? event.names[0] ?? null;
    this.#port = event.destination.port;
    this.#protocol = event.protocol;
    this.#addresses.add(event.destination.address);
    for (const name of event.names) this.#names.add(name);
  }

  addDns(event: At<DnsEvent>): void {
    this.#count(event.time);
    const { address, port } = event.server;
    this.#name = event.name;
    this.#names.add(event.name);
    this.#types.add(event.type);
    this.#servers.set(`${address} ${port}`, event.server);
    this.#answered ||= event.answers !== null;
    for (const answer of event.answers ?? []) {
      if (isAddress(answer)) this.#addresses.add(answer);
    }
  }

  row(): Row {
    const { process, step, container, time } = this.#first;
    const { decision, enforced, why, rule } = this.#first;
    return {
      name: this.#name,
      names: [...this.#names],
      sni: this.#isVague ? null : this.#sni,
      asked: this.#asked,
      addresses: [...this.#addresses],
      port: this.#port,
      protocol: this.#protocol,
      process,
      step,
      container,
      decision,
      enforced,
      why,
      rule,
      times: this.#times,
      first: time,
      last: this.#last,
      types: [...this.#types],
      servers: [...this.#servers.values()],
      answered: this.#answered,
    };
  }

  #count(time: string): void {
    this.#times++;
    this.#last = time;
  }
}

/** Answers hold names (of a CNAME chain) and addresses side by side. */
function isAddress(answer: string): boolean {
  return /^[0-9.]+$/.test(answer) || /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(answer);
}

function compareRows(a: Row, b: Row): number {
  return severity(a) - severity(b) ||
    compare(a.name ?? a.addresses[0] ?? "", b.name ?? b.addresses[0] ?? "") ||
    a.port - b.port || compare(a.protocol, b.protocol) ||
    compare(a.first, b.first);
}

function severity({ decision, enforced }: Row): number {
  if (decision === "allow") return 2;
  return enforced ? 0 : 1;
}

/** By code unit: the order must not depend on the machine's language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
