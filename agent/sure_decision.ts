/**
 * Decisions that hold for whoever may have sent a packet.
 *
 * @module
 */
import type { Attribution, Owner } from "./attribution.ts";
import type { Decision, Sender } from "./decide/decision.ts";
import { NOBODY } from "./scopes.ts";

/** A decision, and whether it holds for this sender only. */
export interface SureDecision {
  readonly decision: Decision;
  readonly isScoped: boolean;
}

/**
 * Decides for a sender, and for an unknown one where somebody else may have
 * sent the packet by the same socket: a scope must not be lent.
 *
 * @param decide The decision for a sender.
 */
export function decideSurely(
  owner: Owner | null,
  of: {
    readonly attribution: Pick<Attribution, "isSure" | "senderOf">;
    readonly decide: (sender: Sender) => Decision;
  },
): SureDecision {
  const { attribution, decide } = of;
  const sender = attribution.senderOf(owner);
  const decision = decide(sender);
  const anyone = { decision, isScoped: false };
  if (owner === null || sender === NOBODY) return anyone;
  if (decision.decision === "deny") return anyone;
  const forAnyone = decide(NOBODY);
  if (forAnyone.decision === "allow") return anyone;
  const isAllowed = (holder: Sender) => decide(holder).decision === "allow";
  return attribution.isSure(owner, isAllowed)
    ? { decision, isScoped: true }
    : { decision: forAnyone, isScoped: false };
}

/** Let out without asking the policy. */
export function letLive(why: Decision["why"]): SureDecision {
  const names: readonly string[] = [];
  return surely({ decision: "allow", enforced: true, why, rule: null, names });
}

/** A decision that holds for every sender. */
export function surely(decision: Decision): SureDecision {
  return { decision, isScoped: false };
}
