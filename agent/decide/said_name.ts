/**
 * The second look at a flow: the name that the client itself says.
 *
 * Many names share an address; only this tells them apart.
 *
 * @module
 */
import type { Decision, Flow, Why } from "./decision.ts";
import type { FlowWorld } from "./flow.ts";
import { type Attempt, judgeAttempt, refuse } from "./judge.ts";

/** What a client said at the start of a flow. */
export type Said =
  /** TLS or QUIC; the name is null when it gives none. */
  | { readonly kind: "tls"; readonly name: string | null }
  /** HTTP/1; the name is null when it gives none. */
  | { readonly kind: "http"; readonly name: string | null }
  /** Neither, as far as its first bytes tell. */
  | { readonly kind: "other" }
  /** One of them, in a way that servers could read differently. */
  | { readonly kind: "unreadable" };

/** IANA: what is spoken on these ports says a name, so nothing else is. */
const HTTPS_PORT = 443;
const HTTP_PORT = 80;

/**
 * Whether what the client says is to be heard before the flow is let go.
 *
 * @param first The decision about the flow's first packet.
 */
export function isNameAsked(first: Decision): boolean {
  return first.decision === "allow" && first.why === "allowed_name";
}

/** What the second look depends on beside the flow. */
export interface SaidWorld extends FlowWorld {
  readonly said: Said;
  /** The decision about the flow's first packet. */
  readonly first: Decision;
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
  const decision = judgeSaid(flow, world);
  if (typeof decision !== "string") return { ...decision, names };
  const byAddress = judgeAttempt(attemptOf(flow, null), policy);
  return byAddress.decision === "allow"
    ? { ...byAddress, names }
    : refuse(decision, { egress: policy.egress, names });
}

/** The decision of an entry, or why no name lets the flow go. */
function judgeSaid(flow: Flow, world: SaidWorld): Decision | Why {
  const { said, first, policy } = world;
  switch (said.kind) {
    case "unreadable":
      return "name_unreadable";
    case "other":
      return flow.port === HTTPS_PORT || flow.port === HTTP_PORT
        ? "name_missing"
        : first;
    case "tls":
    case "http": {
      const { name } = said;
      if (name === null) return "name_missing";
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
