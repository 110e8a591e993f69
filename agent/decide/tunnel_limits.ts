/**
 * How much one domain may be asked before it looks like a tunnel.
 *
 * @see {@link https://arxiv.org/abs/2307.02614 | Ozery, Nadler, Shabtai}
 * @module
 */

/** An amount that may be used up at once, and then again as time passes. */
export interface TunnelLimit {
  readonly amount: number;
  /** Milliseconds in which all of the amount comes back. */
  readonly periodMs: number;
}

/** What a registrable domain may be asked. */
export interface TunnelLimits {
  /** Bytes in distinct names, without the domain itself. */
  readonly nameBytes: TunnelLimit;
  /** Distinct names. */
  readonly names: TunnelLimit;
  /** Queries for types that can carry anything, TXT and NULL among them. */
  readonly freeTypes: TunnelLimit;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * What a day of builds stays under.
 *
 * - 4 KiB of names: over a hundred content hashes of 32 digits, or five hundred
 *   host names. A tunnel's names are filled up, so iodine comes to 4 KiB in some
 *   twenty queries. At 0.05 bytes a second, what comes back is a fifteenth of
 *   the slowest flow (0.7) that the study cited above still found.
 * - A hundred names a minute: practice calls a hundred queries a minute for one
 *   domain too many, and a build has no cache, so here only new names count.
 * - Fifty queries an hour for free types: for a mail policy or a database of
 *   signatures a build asks once or twice.
 */
export const TUNNEL_LIMITS: TunnelLimits = {
  nameBytes: { amount: 4096, periodMs: DAY_MS },
  names: { amount: 100, periodMs: MINUTE_MS },
  freeTypes: { amount: 50, periodMs: HOUR_MS },
};

/** Which of the limits was passed. */
export type TunnelSign = keyof TunnelLimits;
