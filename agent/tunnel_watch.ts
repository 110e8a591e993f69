/**
 * Tells of DNS that is used to carry data, from what the journal gets.
 *
 * On the main thread: no packet waits for it.
 *
 * @module
 */
import type { Policy } from "./decide/policy.ts";
import { TunnelDetector } from "./decide/tunnel.ts";
import { type DomainWorld, tunnelDomain } from "./decide/tunnel_domain.ts";
import { parseDnsType } from "./decode/dns_type.ts";
import type { DnsEvent, EventBody } from "./record/event.ts";
import type { Journal } from "./record/journal.ts";

/** What it works with. */
export interface TunnelWorld {
  readonly policy: Policy;
  /** Domains that this machine's network puts behind names. */
  readonly searched: readonly string[];
  /** Takes what is found. Borrowed. */
  readonly journal: Pick<Journal, "write">;
}

/** A question that was let go, and when it was heard of. */
interface Heard {
  readonly event: DnsEvent;
  readonly nowMs: number;
}

/**
 * No limit can be passed with fewer questions; the list of public suffixes is
 * 120 ms of work and some megabytes that most runs do without.
 */
const FEWEST_QUESTIONS = 40;

/** Subdomains of a cloud's customers are owners of their own. */
const PARSING = {
  allowPrivateDomains: true,
  extractHostname: false,
  validateHostname: false,
  detectIp: false,
} as const;

/** Counts the look-ups of one guard. */
export class TunnelWatch {
  readonly #world: TunnelWorld;
  readonly #detector = new TunnelDetector();
  #early: Heard[] = [];
  #loading: Promise<void> | null = null;
  #registrable: DomainWorld["registrable"] | null = null;

  private constructor(world: TunnelWorld) {
    this.#world = world;
  }

  /**
   * Makes one where names can leave that the policy does not spell out.
   *
   * @param world Must outlive this object.
   * @returns Null when there can be no tunnel.
   */
  static for(world: TunnelWorld): TunnelWatch | null {
    const { egress, allow, proxy } = world.policy;
    const isOpen = egress === "audit" || [...allow, ...proxy]
      .some(({ text }) => isWildcard(text));
    return isOpen ? new TunnelWatch(world) : null;
  }

  /** Settled when all that was heard is counted. */
  get settled(): Promise<void> {
    return this.#loading ?? Promise.resolve();
  }

  /**
   * Counts the look-ups among events; never throws.
   *
   * @param encoded As `encodeEvent` gives them.
   * @param nowMs Milliseconds on a clock that never goes back.
   */
  hear(encoded: readonly string[], nowMs: number): void {
    for (const line of encoded) {
      if (!line.includes('"kind":"dns"')) continue;
      const event = JSON.parse(`{${line}`) as EventBody;
      if (event.kind !== "dns" || !carries(event)) continue;
      const heard = { event, nowMs };
      if (this.#registrable !== null) this.#count(heard);
      else this.#keep(heard);
    }
  }

  #keep(heard: Heard): void {
    this.#early.push(heard);
    if (this.#early.length < FEWEST_QUESTIONS) return;
    this.#loading ??= this.#load();
  }

  async #load(): Promise<void> {
    try {
      const { getDomain } = await import("tldts");
      this.#registrable = (name) => getDomain(name, PARSING);
    } catch (error) {
      // Without the list a name's last two labels are nearly always right.
      console.error("Cannot load the list of public suffixes:", error);
      this.#registrable = lastLabels;
    }
    for (const heard of this.#early) this.#count(heard);
    this.#early = [];
  }

  #count({ event, nowMs }: Heard): void {
    const { searched, journal } = this.#world;
    const { name, process } = event;
    const registrable = this.#registrable!;
    const domain = tunnelDomain(name, { searched, registrable });
    if (domain === null) return;
    const type = parseDnsType(event.type);
    const finding = this.#detector.observe({ name, type, domain }, nowMs);
    if (finding === null || !finding.isNews) return;
    const { sign, names, nameBytes } = finding;
    journal.write({
      kind: "agent",
      event: "tunnel",
      domain,
      sign,
      names,
      nameBytes,
      by: process === null
        ? undefined
        : { pid: process.pid, name: null, exe: process.exe },
    });
  }
}

/** Whether a question was let go with a name that its sender could choose. */
function carries({ decision, enforced, rule, name }: DnsEvent): boolean {
  if (name === "") return false;
  if (decision === "deny") return !enforced;
  return rule !== null && isWildcard(rule);
}

/** Whether an entry's host has a part that is not spelt out. */
function isWildcard(text: string): boolean {
  return text.includes("*");
}

function lastLabels(name: string): string | null {
  const labels = name.split(".");
  return labels.length < 2 ? null : labels.slice(-2).join(".");
}
