/**
 * The second look at a flow: the name that the client itself says.
 *
 * Many names share an address; only this tells them apart.
 *
 * @module
 */
import type { Decision, Flow, Why } from "./decision.ts";
import { type Attempt, judgeAttempt, refuse } from "./judge.ts";
import {
  isForProxy,
  isProxy,
  judgeAsked,
  judgeProxied,
  mayBeProxy,
} from "./proxied.ts";
import { HTTP_PORT, HTTPS_PORT, type SaidWorld } from "./said.ts";

/**
 * Whether what the client says is to be heard before the flow is let go.
 *
 * @param first The decision about the flow's first packet.
 */
export function isNameAsked(first: Decision): boolean {
  return first.decision === "allow" && first.why === "allowed_name";
}

/**
 * Whether a flow's client is listened to, by its name or because it speaks to a
 * proxy, whatever the policy says about names.
 */
export function isListenedTo(
  flow: Flow,
  of: Pick<SaidWorld, "policy" | "first"> & { readonly asksNames: boolean },
): boolean {
  const { policy, first, asksNames } = of;
  if (first.decision !== "allow") return asksNames && mayBeProxy(flow, first);
  return (asksNames && isNameAsked(first)) ||
    isProxy(flow, { policy, names: first.names });
}

/**
 * Decides about a flow that was allowed by a name, by what its client said.
 *
 * The name must be allowed for this port, and must have been answered with this
 * address. A protocol that says no name keeps working on its own port: on 443
 * and 80 only TLS and HTTP are let go. An entry that names the address lets go
 * whatever is said, but for a name that a deny entry means.
 *
 * @param flow The flow's first packet and its sender.
 * @param world What was said, policy, names and clock; nothing is changed.
 */
export function decideSaid(flow: Flow, world: SaidWorld): Decision {
  const { policy, first } = world;
  const { names } = first;
  if (first.decision === "deny") {
    // Audit has listened only to propose the proxy that a build needs.
    const asked = isForProxy(flow, world) ? judgeAsked(flow, world) : first;
    return typeof asked === "string"
      ? refuse(asked, { egress: policy.egress, names })
      : { ...asked, names };
  }
  const isProxied = isProxy(flow, { policy, names });
  const decision = isProxied
    ? judgeProxied(flow, world)
    : judgeSaid(flow, world);
  if (typeof decision !== "string") return { ...decision, names };
  const byAddress = judgeAttempt(attemptOf(flow, null), policy);
  return !isProxied && byAddress.decision === "allow"
    ? { ...byAddress, names }
    : refuse(decision, { egress: policy.egress, names });
}

/** The decision of an entry, or why no name lets the flow go. */
function judgeSaid(flow: Flow, world: SaidWorld): Decision | Why {
  const { said, first, policy } = world;
  switch (said.kind) {
    case "unreadable":
      return "name_unreadable";
    case "forgotten":
      return "too_many_flows";
    case "other":
      return flow.port === HTTPS_PORT || flow.port === HTTP_PORT
        ? "name_missing"
        : first;
    case "tls":
    case "http": {
      const { name } = said;
      if (name === null) return "name_missing";
      if (isForProxy(flow, world)) return judgeAsked(flow, world);
      const decision = judgeAttempt(attemptOf(flow, name), policy);
      const isAnswered = first.names.includes(name);
      // A deny entry names it wherever it leads, and holds in audit too.
      const isDecided = decision.decision === "allow"
        ? isAnswered
        : decision.rule !== null;
      if (isDecided) return decision;
      return said.kind === "tls" ? "sni_not_allowed" : "host_not_allowed";
    }
  }
}

/** The flow as an attempt by that name alone, or else by its address alone. */
function attemptOf(flow: Flow, name: string | null): Attempt {
  const { destination, protocol, port, sender } = flow;
  return {
    names: name === null ? [] : [name],
    address: name === null ? destination : null,
    transport: protocol === 17 ? "udp" : "tcp",
    port,
    sender,
  };
}
