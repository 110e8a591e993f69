/**
 * The verdict's way from the packet thread to the rules: the packet mark.
 *
 * Only the top nibble is ours, so that Docker, kube-proxy and VPNs keep theirs.
 *
 * @module
 */

/** All bits that Sluice reads or writes, in packet marks and in connmarks. */
export const MARK_MASK = 0xf000_0000;

/** What a verdict says about one packet; never kept with its flow. */
export const MARK = {
  /** Let this packet go. */
  PASS: 0x1000_0000,
  /** Refuse this packet, in audit mode too. */
  DENY: 0x2000_0000,
  /** Given by a rule: what is asked about in a flow that was let go. */
  OPEN: 0xf000_0000,
} as const;

/** The nibble's values from here on are the slots' own, two for each. */
const FIRST_SLOT_VALUE = 3;

/** How many guards can share one network namespace. */
export const SLOT_COUNT = 6;

/** Queue numbers from here on, two for each slot. */
const FIRST_QUEUE = 8300;

/** What one guard owns in its network namespace. */
export interface Slot {
  /** 0 to {@linkcode SLOT_COUNT} - 1. */
  readonly number: number;
  /** NFQUEUE number for everything but DNS. */
  readonly flowQueue: number;
  /** NFQUEUE number for DNS: a flood of flows must not starve it. */
  readonly dnsQueue: number;
  /** Let this flow go and do not ask again; what one allows is no other's. */
  readonly allowMark: number;
  /** The mark of DNS queries let out; brings their answers to this guard. */
  readonly dnsMark: number;
}

/** The slot of that number. */
export function slotOf(number: number, firstQueue: number = FIRST_QUEUE): Slot {
  const value = FIRST_SLOT_VALUE + number * 2;
  return {
    number,
    flowQueue: firstQueue + number * 2,
    dnsQueue: firstQueue + number * 2 + 1,
    // >>> 0: bitwise operators give signed numbers past 0x7fffffff.
    allowMark: (value << 28) >>> 0,
    dnsMark: ((value + 1) << 28) >>> 0,
  };
}

/** A packet's mark with our nibble replaced and everybody else's bits kept. */
export function withMark(packetMark: number, mark: number): number {
  return ((packetMark & ~MARK_MASK) | mark) >>> 0;
}
