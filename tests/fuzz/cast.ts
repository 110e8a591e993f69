/**
 * Who takes part in the pipeline's scripts.
 *
 * @module
 */
import { parseAddress } from "../../agent/decode/address.ts";
import { HOOK } from "../../agent/decode/nfqueue.ts";
import { ALLOWED, PROBE_NAME, SHARED_NAME } from "./world.ts";

/** Who sends. */
export const CLIENT: Uint8Array = parseAddress("198.51.100.10")!;
/** Who sends by IPv6. */
export const CLIENT6: Uint8Array = parseAddress("2001:db8:1::10")!;
/** Whom nobody may reach. */
export const ATTACKER: Uint8Array = parseAddress("203.0.113.66")!;
/** What only an answer leads to. */
export const LATER: Uint8Array = parseAddress("203.0.113.99")!;
/** Where the allowed name is. */
export const ALLOWED4: Uint8Array = parseAddress(ALLOWED.addresses[0])!;
/** The same by IPv6. */
export const ALLOWED6: Uint8Array = parseAddress(ALLOWED.addresses[1])!;
/** Of each SYN of a client; it wraps soon. */
export const SEQUENCE = 0xffff_fff0;
/** Of each SYN of a server. */
export const SERVER_SEQUENCE = 0x7000_0000;
/** From which DNS over TCP is asked. */
export const DNS_CLIENT_PORT = 45_000;
/** Who is asked for. */
export const NAMES: readonly string[] = [
  ALLOWED.name,
  "AlLowed.test",
  SHARED_NAME,
  PROBE_NAME,
  "",
  "evil.test",
];
/** Of questions. */
export const TYPES: readonly number[] = [1, 28, 65, 5, 255];
/** Without ports. */
export const OTHER_PROTOCOLS: readonly number[] = [
  1,
  58,
  47,
  132,
  41,
  2,
  0,
  44,
  255,
];
/** By which a packet may come beside the usual one. */
export const HOOKS: readonly number[] = [
  HOOK.FORWARD,
  HOOK.LOCAL_OUT,
  HOOK.PRE_ROUTING,
];

/** To whom: address and port; TCP and UDP alike. */
export const TARGETS: readonly (readonly [Uint8Array, number])[] = [
  [ALLOWED4, 443],
  [ALLOWED4, 80],
  [ALLOWED4, 22],
  [ALLOWED6, 443],
  [ATTACKER, 443],
  [parseAddress(ALLOWED.byAddress.address)!, ALLOWED.byAddress.port],
  [LATER, 443],
  [ALLOWED4, 8443],
];
