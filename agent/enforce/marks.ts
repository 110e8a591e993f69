/**
 * The verdict's way from the packet thread to the rules: the packet mark.
 *
 * Only the top nibble is ours, so that Docker, kube-proxy and VPNs keep theirs.
 *
 * @module
 */

/** All bits that Sluice reads or writes, in packet marks and in connmarks. */
export const MARK_MASK = 0xf000_0000;

/** What a verdict says to the rules in `filter`. */
export const MARK = {
  /** Let this flow go and do not ask again. */
  ALLOW: 0x1000_0000,
  /** Let this packet go. */
  PASS: 0x2000_0000,
  /** Refuse this packet, in audit mode too. */
  DENY: 0x3000_0000,
} as const;

const FIRST_SLOT_VALUE = 4;

/** How many guards can share one network namespace: the nibble's other values. */
export const SLOT_COUNT = 16 - FIRST_SLOT_VALUE;

/** Queue numbers from here on, two for each slot. */
const FIRST_QUEUE = 8300;

/** What one guard owns in its network namespace. */
export interface Slot {
  /** 0 to {@linkcode SLOT_COUNT} - 1. */
  readonly number: number;
  /** NFQUEUE number for everything but DNS over UDP. */
  readonly flowQueue: number;
  /** NFQUEUE number for DNS: a flood of flows must not starve it. */
  readonly dnsQueue: number;
  /** The mark of DNS queries let out; brings their answers to this guard. */
  readonly dnsMark: number;
}

/** The slot of that number. */
export function slotOf(number: number, firstQueue: number = FIRST_QUEUE): Slot {
  return {
    number,
    flowQueue: firstQueue + number * 2,
    dnsQueue: firstQueue + number * 2 + 1,
    // >>> 0: bitwise operators give signed numbers past 0x7fffffff.
    dnsMark: ((FIRST_SLOT_VALUE + number) << 28) >>> 0,
  };
}
