/**
 * The decision about a flow, at its first packet.
 *
 * @module
 */
import { addressKey } from "./address_key.ts";
import type { Decision, Flow } from "./decision.ts";
import { type Attempt, judgeAttempt } from "./judge.ts";
import type { CompiledPolicy } from "./match.ts";
import type { NameTable } from "./names.ts";

/** What a decision depends on beside the packet. */
export interface FlowWorld {
  /** Whose entries decide. */
  readonly policy: CompiledPolicy;
  /** What has been answered so far. */
  readonly names: NameTable;
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs: number;
}

/**
 * Decides whether a flow may leave.
 *
 * A host entry allows it when one of the names that were answered with the
 * destination matches and port and protocol agree; an address entry when it
 * covers the destination. A deny entry of either kind beats both, in audit too.
 * In audit every other refusal is the same but not `enforced`.
 *
 * @param flow The flow's first packet and its sender.
 * @param world Policy, names and clock; none of them is changed.
 * @returns The decision, with the names known for the destination.
 */
export function decideFlow(flow: Flow, world: FlowWorld): Decision {
  const { policy, nowMs } = world;
  const { destination: address, port, sender } = flow;
  const names = world.names.namesOf(addressKey(address), nowMs);
  const transport = transportOf(flow.protocol);
  return judgeAttempt({ names, address, transport, port, sender }, policy);
}

/** IANA protocol numbers. */
function transportOf(protocol: number): Attempt["transport"] {
  switch (protocol) {
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 1:
    case 58:
      return "icmp";
    default:
      return null;
  }
}
