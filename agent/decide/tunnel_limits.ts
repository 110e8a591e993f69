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
  /** Distinct names that nobody types: {@linkcode LONG_NAME_BYTES} or more. */
  readonly longNames: TunnelLimit;
  /** Queries for types that can carry anything, TXT and NULL among them. */
  readonly freeTypes: TunnelLimit;
}

/**
 * What a name has before its domain when it is long. A tunnel fills its names
 * up; generated hosts of clouds stay below 80.
 */
export const LONG_NAME_BYTES = 100;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * What a day of builds stays under for a domain that no entry allows, and for
 * all that is under an allowed wildcard.
 *
 * - 32 KiB of names: five hundred buckets by their full names, a thousand
 *   content hashes of 32 digits. At 0.4 bytes a second, what comes back is less
 *   than the slowest flow (0.7) that the study cited above still found.
 * - A thousand names a minute: a build that begins asks for many at once, such as
 *   a hundred buckets in five regions. A build has no cache, so only new names
 *   count.
 * - Forty long names: iodine and dnscat have carried 4 KiB then.
 * - Two hundred queries an hour for free types: for a mail policy or a database
 *   of signatures a build asks once or twice, and for a certificate's challenge
 *   each two seconds until it is there.
 */
export const TUNNEL_LIMITS: TunnelLimits = {
  nameBytes: { amount: 32_768, periodMs: DAY_MS },
  names: { amount: 1_000, periodMs: MINUTE_MS },
  longNames: { amount: 40, periodMs: DAY_MS },
  freeTypes: { amount: 200, periodMs: HOUR_MS },
};

/** Which of the limits was passed. */
export type TunnelSign = keyof TunnelLimits;
