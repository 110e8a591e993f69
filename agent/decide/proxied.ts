/**
 * What a client asks an HTTP proxy for, where the policy names one.
 *
 * The proxy looks the name up, so no answer of a resolver vouches for it.
 *
 * @module
 */
import { parseAddress } from "../decode/address.ts";
import type { HttpAuthority } from "../decode/http_target.ts";
import type { Decision, Flow, Why } from "./decision.ts";
import { agrees, judgeAttempt } from "./judge.ts";
import type { CompiledPolicy } from "./match.ts";
import { HTTP_PORT, HTTPS_PORT, type Said, type SaidWorld } from "./said.ts";

/** IANA's protocol number. */
const TCP = 6;

/**
 * Whether the policy calls a flow's destination a proxy.
 *
 * @param of The policy, and the names that the destination was answered for.
 */
export function isProxy(
  { protocol, destination, port }: Flow,
  of: { readonly policy: CompiledPolicy; readonly names: readonly string[] },
): boolean {
  const { policy, names } = of;
  if (policy.proxy.isEmpty || protocol !== TCP) return false;
  const place = { transport: "tcp", port } as const;
  const subject = { names, address: destination };
  return policy.proxy.first(subject, (entry) => agrees(entry, place)) !== null;
}

/**
 * Judges what was said to a proxy, or in a tunnel through it.
 *
 * What is said behind CONNECT goes to the proxy when it has opened no tunnel,
 * so it must be allowed either way.
 *
 * @returns The decision of an entry, or why none lets it go.
 */
export function judgeProxied(flow: Flow, world: SaidWorld): Decision | Why {
  const { said } = world;
  const { through } = said;
  if (said.kind === "unreadable") return "name_unreadable";
  if (said.kind === "forgotten") return "too_many_flows";
  if (said.kind === "http" && (said.form !== "origin" || !through)) {
    // Some proxies take the Host field for a target.
    const { name, port } = said;
    if (name === null) return "name_missing";
    const target = { host: name, port: port ?? HTTP_PORT };
    return judgeTarget(target, { flow, world });
  }
  if (through === undefined) return "name_missing";
  const decision = judgeTarget(through, { flow, world });
  if (decision.decision === "deny") return decision;
  return judgeInside(said, { through, flow, world }) ?? decision;
}

/** What is said in a tunnel to an allowed place; null when it may go. */
function judgeInside(
  said: Said,
  of: {
    readonly through: HttpAuthority;
    readonly flow: Flow;
    readonly world: SaidWorld;
  },
): Decision | Why | null {
  const { through, flow, world } = of;
  const name = said.kind === "tls" || said.kind === "http" ? said.name : null;
  if (parseAddress(through.host) !== null) {
    // Allowed by its address, it is open but for what a deny entry names.
    if (name === null) return null;
    const decision = judgeTarget({ ...through, host: name }, { flow, world });
    return decision.decision === "deny" && decision.rule !== null
      ? decision
      : null;
  }
  if (said.kind === "other") {
    const { port } = through;
    return port === HTTPS_PORT || port === HTTP_PORT ? "name_missing" : null;
  }
  if (name === through.host) return null;
  if (name === null) return "name_missing";
  return said.kind === "tls" ? "sni_not_allowed" : "host_not_allowed";
}

/** The place that the proxy goes on to, as if the client went there itself. */
function judgeTarget(
  { host, port }: HttpAuthority,
  of: { readonly flow: Flow; readonly world: SaidWorld },
): Decision {
  const { flow, world } = of;
  const address = parseAddress(host);
  return judgeAttempt({
    names: address === null ? [host] : [],
    address,
    transport: "tcp",
    port: port ?? HTTP_PORT,
    sender: flow.sender,
  }, world.policy);
}
