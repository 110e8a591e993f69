/**
 * Noticing that DNS is used to carry data.
 *
 * What leaves by DNS leaves in names that were not asked for before: a resolver
 * answers the others itself. So what counts is how much stands in the distinct
 * names under one registrable domain, the measure of information-based heavy
 * hitters (Ozery, Nadler, Shabtai 2023), here with counters alone. How random
 * the names look is not asked: names of CDNs do, and tunnels need not.
 *
 * @see {@link https://arxiv.org/abs/2307.02614 | Ozery, Nadler, Shabtai}
 * @module
 */
import { DNS_TYPE } from "../decode/dns_type.ts";
import { AgedMap } from "./aged_map.ts";
import {
  LONG_NAME_BYTES,
  TUNNEL_LIMITS,
  type TunnelLimits,
  type TunnelSign,
} from "./tunnel_limits.ts";

export type { TunnelLimits, TunnelSign };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SIGNS: readonly TunnelSign[] = [
  "nameBytes",
  "names",
  "longNames",
  "freeTypes",
];

/** One question. */
export interface TunnelQuery {
  /** Lower case, without the last dot. */
  readonly name: string;
  /** IANA resource record type. */
  readonly type: number;
  /**
   * What to count under: the registrable domain, or whatever else one owner
   * answers for, such as the host of the policy's wildcard.
   */
  readonly domain: string;
}

/** A query past a limit. */
export interface TunnelFinding {
  readonly sign: TunnelSign;
  /** False when it was said of this domain within the hour. */
  readonly isNews: boolean;
  /** Distinct names that were counted, today and the day before. */
  readonly names: number;
  /** Bytes in names of the last day. */
  readonly nameBytes: number;
}

/** How long a finding for one domain is not said again. */
const SAY_AGAIN_MS = HOUR_MS;
/** After one to two of these a name that nobody asks for is new again. */
const FORGET_MS = DAY_MS;
/**
 * What a name costs at least: that it is asked for is information too, and
 * memory. At a time a domain uses up its limit with 4096 names.
 */
const MIN_NAME_BYTES = 8;
/**
 * Domains of which little was asked. All there is room for takes 16 MB when it
 * is used up at once, and six times that when that goes on for two days.
 */
const MAX_QUIET_DOMAINS = 512;
/** Domains of which much was asked: many others must not make them forgotten. */
const MAX_BUSY_DOMAINS = 64;
/** The share of the limit from which a domain is busy. */
const BUSY_SHARE = 1 / 16;

/** Types whose data have a form, and which clients ask for on their own. */
const FORMED_TYPES: ReadonlySet<number> = new Set([
  DNS_TYPE.A,
  DNS_TYPE.NS,
  DNS_TYPE.CNAME,
  DNS_TYPE.SOA,
  DNS_TYPE.PTR,
  DNS_TYPE.MX,
  DNS_TYPE.AAAA,
  DNS_TYPE.SRV,
  DNS_TYPE.DS,
  DNS_TYPE.DNSKEY,
  DNS_TYPE.SVCB,
  DNS_TYPE.HTTPS,
]);

/** How much of one limit is used. */
interface Usage {
  level: number;
  atMs: number;
}

/** What is known of one domain. */
interface Domain {
  readonly used: Readonly<Record<TunnelSign, Usage>>;
  saidMs: number;
  /** Names that were counted; `older` goes when the next period begins. */
  names: Set<string>;
  older: Set<string>;
  readonly startedMs: number;
  periods: number;
}

/**
 * Counts queries by registrable domain.
 *
 * Names that are known stay free, and a query past a limit is not counted: a
 * build whose new names are refused keeps the ones it uses, and recovers.
 */
export class TunnelDetector {
  readonly #limits: TunnelLimits;
  readonly #quiet = new AgedMap<string, Domain>();
  readonly #busy = new AgedMap<string, Domain>();
  #lost = 0;

  /** @param limits What one domain may be asked. */
  constructor(limits: TunnelLimits = TUNNEL_LIMITS) {
    this.#limits = limits;
  }

  /** How many domains are known. */
  get size(): number {
    return this.#quiet.size + this.#busy.size;
  }

  /** How many domains had to be forgotten for others. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * Counts one query.
   *
   * @param query A question that the policy would let out.
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns Which limit it passes, or null.
   */
  observe(query: TunnelQuery, nowMs: number): TunnelFinding | null {
    const domain = this.#find(query.domain, nowMs);
    forgetOld(domain, nowMs);
    const cost = this.#costOf(query, domain);
    const sign = this.#signOf(domain, { cost, nowMs });
    if (sign !== null) {
      this.#keep(query.domain, domain, { isBusy: true });
      const isNews = nowMs - domain.saidMs >= SAY_AGAIN_MS;
      if (isNews) domain.saidMs = nowMs;
      return {
        sign,
        isNews,
        names: domain.names.size + domain.older.size,
        nameBytes: Math.round(domain.used.nameBytes.level),
      };
    }
    for (const each of SIGNS) domain.used[each].level += cost[each];
    if (cost.names > 0) domain.names.add(query.name);
    const share = domain.used.nameBytes.level / this.#limits.nameBytes.amount;
    this.#keep(query.domain, domain, { isBusy: share >= BUSY_SHARE });
    return null;
  }

  #find(name: string, nowMs: number): Domain {
    const known = this.#busy.get(name) ?? this.#quiet.get(name);
    if (known !== undefined) return known;
    const usage = () => ({ level: 0, atMs: nowMs });
    return {
      used: {
        nameBytes: usage(),
        names: usage(),
        longNames: usage(),
        freeTypes: usage(),
      },
      saidMs: -Infinity,
      names: new Set(),
      older: new Set(),
      startedMs: nowMs,
      periods: 0,
    };
  }

  #costOf(
    { name, type, domain }: TunnelQuery,
    known: Domain,
  ): Readonly<Record<TunnelSign, number>> {
    const freeTypes = FORMED_TYPES.has(type) ? 0 : 1;
    const isOld = known.older.delete(name);
    // Still in use: it must not become new again with the next period.
    if (isOld) known.names.add(name);
    if (isOld || known.names.has(name)) {
      return { nameBytes: 0, names: 0, longNames: 0, freeTypes };
    }
    const isUnder = name.endsWith(`.${domain}`);
    const bytes = isUnder ? name.length - domain.length - 1 : name.length;
    const isDomain = name === domain;
    const nameBytes = isDomain ? 0 : Math.max(bytes, MIN_NAME_BYTES);
    const longNames = bytes >= LONG_NAME_BYTES ? 1 : 0;
    return { nameBytes, names: 1, longNames, freeTypes };
  }

  /** The first limit that a cost would pass; levels are brought up to now. */
  #signOf(
    { used }: Domain,
    { cost, nowMs }: {
      cost: Readonly<Record<TunnelSign, number>>;
      nowMs: number;
    },
  ): TunnelSign | null {
    let found: TunnelSign | null = null;
    for (const sign of SIGNS) {
      const { amount, periodMs } = this.#limits[sign];
      const usage = used[sign];
      const back = (nowMs - usage.atMs) * amount / periodMs;
      usage.level = Math.max(0, usage.level - back);
      usage.atMs = nowMs;
      const isOver = cost[sign] > 0 && usage.level + cost[sign] > amount;
      if (isOver) found ??= sign;
    }
    return found;
  }

  #keep(
    name: string,
    domain: Domain,
    { isBusy }: { readonly isBusy: boolean },
  ): void {
    const map = isBusy ? this.#busy : this.#quiet;
    (isBusy ? this.#quiet : this.#busy).delete(name);
    map.set(name, domain);
    const most = isBusy ? MAX_BUSY_DOMAINS : MAX_QUIET_DOMAINS;
    if (map.size <= most) return;
    map.delete(map.oldest!.key);
    this.#lost++;
  }
}

/** Lets go of names that were not asked for in a whole period. */
function forgetOld(domain: Domain, nowMs: number): void {
  const periods = Math.floor((nowMs - domain.startedMs) / FORGET_MS);
  if (periods === domain.periods) return;
  domain.older = periods === domain.periods + 1 ? domain.names : new Set();
  domain.names = new Set();
  domain.periods = periods;
}
