/**
 * Whom a question could carry something to.
 *
 * @module
 */

/** What a machine knows of names. */
export interface DomainWorld {
  /** Domains that this machine's network puts behind names: its own people's. */
  readonly searched: readonly string[];
  /** The registrable domain; null when nobody could register the name. */
  readonly registrable: (name: string) => string | null;
}

/**
 * Domains that nobody outside can have (RFC 6761, 6762, 8375, and ICANN's
 * `internal`); a cluster's names and their search domains are among them.
 */
const NOBODYS: readonly string[] = [
  "local",
  "localhost",
  "internal",
  "invalid",
  "home.arpa",
];

/**
 * What one owner has of the reverse tree, in labels: a /24, and a /48, which is
 * what a site gets (RFC 6177).
 */
const REVERSE: readonly { suffix: string; labels: number }[] = [
  { suffix: ".in-addr.arpa", labels: 5 },
  { suffix: ".ip6.arpa", labels: 14 },
];

/**
 * The domain whose owner reads a question.
 *
 * @param name Lower case, without the last dot.
 * @returns Null when nobody does to whom something could be told.
 */
export function tunnelDomain(name: string, world: DomainWorld): string | null {
  const isUnder = (domain: string) =>
    name === domain || name.endsWith(`.${domain}`);
  if (NOBODYS.some(isUnder) || world.searched.some(isUnder)) return null;
  const reverse = REVERSE.find(({ suffix }) => name.endsWith(suffix));
  return reverse === undefined
    ? world.registrable(name)
    : name.split(".").slice(-reverse.labels).join(".");
}
