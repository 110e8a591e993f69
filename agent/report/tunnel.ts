/**
 * Domains that DNS seems to carry data to.
 *
 * @module
 */
import type { AgentEvent } from "../record/event.ts";

type Sign = NonNullable<AgentEvent["sign"]>;

/** What was asked under one domain. */
export interface Tunnel {
  /** Lower case; not escaped. */
  readonly domain: string;
  /** Distinct names. */
  readonly names: number;
  /** Bytes in them, in a day. */
  readonly nameBytes: number;
  /** What there was too much of, at first. */
  readonly sign: Sign | null;
  /** Of the program that asked last; null when it is not known. */
  readonly exe: string | null;
}

const SIGNS: Readonly<Record<Sign, string>> = {
  nameBytes: "names that were not asked for before",
  names: "new names within a minute",
  longNames: "names that are long",
  freeTypes: "questions for types that can carry anything",
};

/** One for each domain, by what was last said of it; the most names first. */
export function tunnelsOf(events: readonly AgentEvent[]): Tunnel[] {
  const tunnels = new Map<string, Tunnel>();
  for (const { event, domain, sign, names, nameBytes, by } of events) {
    if (event !== "tunnel" || domain === undefined) continue;
    const before = tunnels.get(domain);
    tunnels.set(domain, {
      domain,
      names: names ?? 0,
      nameBytes: nameBytes ?? 0,
      sign: before?.sign ?? sign ?? null,
      exe: by?.exe ?? before?.exe ?? null,
    });
  }
  return [...tunnels.values()].sort((a, b) => b.names - a.names);
}

/** One sentence. */
export function tunnelText(tunnel: Tunnel): string {
  const { domain, names, nameBytes, sign, exe } = tunnel;
  const much = sign === null ? "" : `, too many ${SIGNS[sign]}`;
  const who = exe === null ? "" : `, asked by ${exe}`;
  return `Look-ups under ${domain} look like a tunnel: at least ${names} ` +
    `names with ${nameBytes} bytes${much}${who}.`;
}
