/**
 * What nf_tables tells of a change to its rules.
 *
 * @see <linux/netfilter/nf_tables.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { findAttribute } from "./netlink.ts";

/** NFNL_SUBSYS_NFTABLES and NFT_MSG_NEWGEN: the last message of a change. */
export const NEW_GENERATION_TYPE = 10 << 8 | 15;

/** struct nfgenmsg, in front of the attributes. */
const NFGENMSG_BYTES = 4;
const NFTA_GEN = { PROC_PID: 2, PROC_NAME: 3 } as const;

/** Who changed the rules. */
export interface Changer {
  /** In the initial pid namespace; by now it may have ended. */
  readonly pid: number;
  /** At most 15 bytes, chosen by the process. */
  readonly name: string;
}

/**
 * Decodes the payload of a {@linkcode NEW_GENERATION_TYPE} message.
 *
 * @returns Who made the change, or why the bytes were refused.
 */
export function decodeChanger(payload: Uint8Array): Decoded<Changer> {
  const attributes = payload.subarray(NFGENMSG_BYTES);
  const pid = findAttribute(attributes, NFTA_GEN.PROC_PID);
  const name = findAttribute(attributes, NFTA_GEN.PROC_NAME);
  if (pid?.length !== 4 || name === null) {
    return { ok: false, why: "nf_tables generation has no process" };
  }
  const end = name.indexOf(0);
  return {
    ok: true,
    value: {
      // In network order, as all numbers of nf_tables are.
      pid: new DataView(pid.buffer, pid.byteOffset).getUint32(0),
      name: new TextDecoder().decode(name.subarray(0, end < 0 ? 16 : end)),
    },
  };
}
