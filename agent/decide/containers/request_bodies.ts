/**
 * What requests with a body may ask for, by what they are about.
 *
 * @see {@link https://docs.docker.com/reference/api/engine/ | Engine API}
 * @module
 */
import {
  isJsonObject,
  type Json,
  type JsonObject,
} from "../../decode/strict_json.ts";
import { CONTAINER_RULES, UPDATE_RULES } from "./host_config.ts";
import {
  hasNames,
  isFree,
  isLike,
  isListOf,
  isMadeOf,
  isMapOf,
  isOneOf,
  isUnset,
  type JsonRule,
  type JsonRules,
  onlyKnown,
  shown,
  whatIsAgainst,
} from "./json_rules.ts";
import { isPrivateAddress, isPrivateSubnet } from "./private_networks.ts";
import type { AcceptedBody, JudgedBody, Question } from "./judged_body.ts";

/** Where a container is in a network. */
const ENDPOINT_RULES: JsonRules = Object.fromEntries([
  ...["Aliases", "DNSNames", "EndpointID", "Gateway", "GlobalIPv6Address"],
  ...["GlobalIPv6PrefixLen", "GwPriority", "IPAMConfig", "IPAddress"],
  ...["IPPrefixLen", "IPv6Gateway", "Links", "MacAddress", "NetworkID"],
].map((name) => [name, isFree]));

/** Of a bridge; its name could be the one of the machine's own. */
const BRIDGE_OPTIONS =
  /^com\.docker\.network\.(bridge\.(enable_icc|enable_ip_masquerade|host_binding_ipv4)|driver\.mtu)$/;

const NAME = isLike(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/);

const EXEC: JsonRules = Object.fromEntries([
  ...["AttachStderr", "AttachStdin", "AttachStdout", "Cmd", "ConsoleSize"],
  ...["Detach", "DetachKeys", "Env", "Tty", "User", "WorkingDir"],
].map((name) => [name, isFree]));

const EXEC_START: JsonRules = {
  Detach: isFree,
  Tty: isFree,
  ConsoleSize: isFree,
};

const AUTH: JsonRules = Object.fromEntries([
  ...["auth", "email", "identitytoken", "password", "registrytoken"],
  ...["serveraddress", "username"],
].map((name) => [name, isFree]));

const VOLUME: JsonRules = {
  Name: NAME,
  Driver: isOneOf("local"),
  // A path of the machine, or a server, can be a volume by these.
  DriverOpts: isUnset,
  Labels: isFree,
};

const NETWORK: JsonRules = {
  Name: NAME,
  CheckDuplicate: isFree,
  // Others put a container beside the machine, where no firewall of it is.
  Driver: isOneOf("bridge"),
  Scope: isOneOf("local"),
  Internal: isFree,
  Attachable: isFree,
  EnableIPv4: isFree,
  EnableIPv6: isFree,
  ConfigFrom: isMadeOf({}),
  IPAM: isMadeOf({
    Driver: isOneOf("default"),
    Options: isUnset,
    Config: isListOf(isMadeOf({
      // The machine would send there what it means for the owner.
      Subnet: isPrivate(isPrivateSubnet),
      IPRange: isPrivate(isPrivateSubnet),
      Gateway: isPrivate(isPrivateAddress),
      AuxiliaryAddresses: isFree,
    })),
  }),
  Options: hasNames(BRIDGE_OPTIONS),
  Labels: isFree,
};

const CONNECT: JsonRules = {
  Container: NAME,
  EndpointConfig: isMadeOf(ENDPOINT_RULES),
};

const DISCONNECT: JsonRules = { Container: NAME, Force: isFree };

/** Bodies by the name that `routes.ts` gives them. */
const BODIES = {
  auth: AUTH,
  commit: CONTAINER_RULES,
  connect: CONNECT,
  disconnect: DISCONNECT,
  exec: EXEC,
  execStart: EXEC_START,
  network: NETWORK,
  update: UPDATE_RULES,
  volume: VOLUME,
} as const satisfies Record<string, JsonRules>;

/** A body that a table of rules is enough for. */
export type PlainBody = keyof typeof BODIES;

/**
 * Judges a body by its table.
 *
 * @param body What the client has sent; null for nothing.
 */
export function judgePlainBody(kind: PlainBody, body: Json): JudgedBody {
  const rules = BODIES[kind];
  if (body === null) return { ok: true, value: accepted(null) };
  if (!isJsonObject(body)) return { ok: false, why: "its body is no object" };
  const against = whatIsAgainst(body, rules);
  if (against !== null) return { ok: false, why: against };
  return { ok: true, value: accepted(onlyKnown(body, rules)) };
}

/** The networks that a container is to be in, and what is against them. */
export function judgeNetworking(value: Json): {
  readonly against: string | null;
  readonly questions: readonly Question[];
} {
  const endpoints = isMapOf(isMadeOf(ENDPOINT_RULES));
  const rule: JsonRule = isMadeOf({ EndpointsConfig: endpoints });
  const against = rule(value);
  const networks = isJsonObject(value) ? value.EndpointsConfig : null;
  const names = isJsonObject(networks) ? Object.keys(networks) : [];
  return {
    against,
    questions: names.map((name) => ({ kind: "network", name })),
  };
}

function accepted(body: JsonObject | null): AcceptedBody {
  return { binds: [], questions: [], write: () => body };
}

function isPrivate(test: (text: string) => boolean): JsonRule {
  return (value) =>
    value === null || value === "" ||
      (typeof value === "string" && test(value))
      ? null
      : shown(value);
}
