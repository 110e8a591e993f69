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

/** Squid's, and what others have by habit: only there audit looks for one. */
const USUAL_PORTS: ReadonlySet<number> = new Set([3128, 8080, 8118, 8888]);

/** Where a proxy is asked to go on to. */
export interface Asked {
  /** A name in lower case, or a canonical address. */
  readonly host: string;
  readonly port: number;
}

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
 * Whether a request asks for what only a proxy does: to go on to another place.
 * A server has to take its own URL too, RFC 9112 section 3.2.2.
 */
export function isForProxy(
  flow: Flow,
  { said, first }: Pick<SaidWorld, "said" | "first">,
): boolean {
  if (said.kind !== "http") return false;
  const { form, name, port } = said;
  const isOwn = port === flow.port && first.names.includes(name ?? "");
  return form === "authority" || (form === "absolute" && !isOwn);
}

/** Whether audit is to find out if a proxy is needed that nothing names. */
export function mayBeProxy({ protocol, port }: Flow, first: Decision): boolean {
  return !first.enforced && protocol === TCP && USUAL_PORTS.has(port);
}

/** Judges a request to go on that is made to whom the policy calls no proxy. */
export function judgeAsked(flow: Flow, world: SaidWorld): Decision | Why {
  const asked = askedOf(flow, world);
  const decision = asked === null ? null : judgeTarget(asked, { flow, world });
  // A deny entry holds whoever is asked, and in audit too.
  return decision?.why === "denied_by_rule" ? decision : "proxy_not_allowed";
}

/**
 * What is asked of an HTTP proxy, whether the policy calls it one or not.
 *
 * @returns Null when nothing is.
 */
export function askedOf(
  flow: Flow,
  world: Pick<SaidWorld, "said" | "first" | "policy">,
): Asked | null {
  const { said, first: { names }, policy } = world;
  const { through } = said;
  if (through !== undefined) return withPort(through);
  if (said.kind !== "http" || said.name === null) return null;
  const isAsked = isForProxy(flow, world) || isProxy(flow, { policy, names });
  return isAsked ? withPort({ host: said.name, port: said.port }) : null;
}

function withPort({ host, port }: HttpAuthority): Asked {
  return { host, port: port ?? HTTP_PORT };
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
