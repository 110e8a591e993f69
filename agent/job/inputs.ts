/**
 * What a workflow asks for, from the inputs of its step.
 *
 * @module
 */
import { nearestWord } from "../decide/nearest.ts";
import { quote } from "../decide/refusal.ts";
import { readEndpointList } from "./endpoint_list.ts";
import { BULLFROG_INPUTS, INPUTS, REPORTS } from "./input_table.ts";
import { InputValues } from "./input_values.ts";
import type {
  ContainerAccess,
  InputProblem,
  JobOrder,
  ReadInputs,
} from "./job_order.ts";

const FINDINGS = ["fail", "warn", "ignore"] as const;
/** Says what disable-sudo says. */
const BULLFROG_SUDO = "enable-sudo";
const ALERT = "alert-";
const ENFORCING: readonly string[] = INPUTS.filter(({ enforces }) => enforces)
  .map(({ name }) => name);

/**
 * Reads all inputs.
 *
 * Who asks to block gets that or a problem: a word that cannot be read is never
 * passed over. Who asks to audit lets everything out anyway, so there a word
 * that is no endpoint is only told.
 *
 * @param inputs Names to values as they stand in the workflow; an empty value
 * is the same as none.
 */
export function readInputs(
  inputs: Readonly<Record<string, string>>,
): ReadInputs {
  const given = new Map(
    Object.entries(inputs).map(([name, text]) => [name.toLowerCase(), text]),
  );
  const values = new InputValues(given);
  const egress = values.choice("egress-policy", ["audit", "block"]);
  const isAudit = egress === "audit";
  const allow = readEndpointList(
    given.get("allowed-endpoints") ?? "",
    "allowed-endpoints",
  );
  const deny = readEndpointList(given.get("deny") ?? "", "deny");
  const unknown = findUnknown(given);
  const order: JobOrder = {
    egress: egress ?? "block",
    isEgressGiven: egress !== null,
    allow: allow.endpoints,
    deny: deny.endpoints,
    policyFile: values.pathBelow("policy-file"),
    ...readAccess(values),
    watchSources: !values.boolean("disable-file-monitoring"),
    ignoreSources: values.globs("exempt-files"),
    onDenied: values.choice("on-denied", FINDINGS),
    onOverwritten: values.choice("on-overwritten", FINDINGS),
    onFailure: values.choice("on-failure", ["fail", "continue"]) ?? "fail",
    report: readReport(values),
    alerts: readAlerts(given),
    notices: [],
  };
  const store = findStore(values);
  const problems = [
    ...values.problems,
    ...deny.problems,
    ...contradictions(values, order),
    ...whyNoStore(store, order),
  ];
  const slight = [...allow.problems, ...unknown];
  if (isAudit) {
    // Of a slip in what enforces something, nothing may be passed over.
    problems.push(...slight.filter(({ input }) => isNearEnforcing(input)));
  } else problems.push(...slight);
  if (problems.length > 0) {
    return {
      ok: false,
      problems,
      isAudit: isAudit &&
        !problems.some(({ input }) =>
          ENFORCING.includes(input) || isNearEnforcing(input)
        ),
    };
  }
  const told = [
    ...allow.notices,
    ...deny.notices,
    ...notices(values, { order, store }),
  ];
  const passed = slight.map(({ input, token, why }) =>
    `${input}: ${quote(token)} is passed over: ${why}`
  );
  return { ok: true, order: { ...order, notices: [...told, ...passed] } };
}

function readAccess(
  values: InputValues,
): Pick<JobOrder, "disableSudo" | "containers"> {
  const all = values.boolean("disable-sudo-and-containers");
  const asked = values.choice("containers", ["allow", "filter", "refuse"]);
  const containers: ContainerAccess = asked ?? (all ? "refuse" : "allow");
  return { disableSudo: values.boolean("disable-sudo") || all, containers };
}

function readReport(values: InputValues): JobOrder["report"] {
  const words = values.words("report", [...REPORTS, "none"]) ?? REPORTS;
  return words.filter((word) => word !== "none");
}

function readAlerts(
  given: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...given].filter(([name, text]) =>
      name.startsWith(ALERT) && text.trim() !== ""
    ).map(([name, text]) => [name.slice(ALERT.length), text.trim()]),
  );
}

/** Inputs that no workflow can mean, with what was probably meant. */
function findUnknown(given: ReadonlyMap<string, string>): InputProblem[] {
  const known = INPUTS.map(({ name }) => name);
  return [...given.keys()].filter((name) => !known.includes(name)).map(
    (name) => {
      const near = nearestWord(name.replaceAll("_", "-"), known);
      const hint = BULLFROG_INPUTS.includes(name)
        ? "Rewrite the workflow with `sluice migrate FILE`"
        : near === null
        ? "Remove it"
        : `Write ${near}`;
      const why = BULLFROG_INPUTS.includes(name)
        ? "this is an input of Bullfrog's, Sluice has others"
        : "there is no such input";
      return { input: name, token: name, at: null, why, hint };
    },
  );
}

/** Whether an unknown input may be a slip for one that enforces something. */
function isNearEnforcing(name: string): boolean {
  return name === BULLFROG_SUDO ||
    nearestWord(name.replaceAll("_", "-"), ENFORCING) !== null;
}

function contradictions(
  values: InputValues,
  order: JobOrder,
): readonly InputProblem[] {
  const problems: InputProblem[] = [];
  const both = values.text("disable-sudo-and-containers").toLowerCase();
  if (both === "true" && order.containers !== "refuse") {
    problems.push({
      input: "containers",
      token: order.containers,
      at: null,
      why: "disable-sudo-and-containers takes containers away altogether",
      hint: "Write disable-sudo in its place, or remove containers",
    });
  }
  if (!order.watchSources && order.onOverwritten === "fail") {
    problems.push({
      input: "on-overwritten",
      token: "fail",
      at: null,
      why: "with disable-file-monitoring nobody looks for changed sources",
      hint: "Remove one of the two",
    });
  }
  return problems;
}

/** Blocking by a policy that is somewhere else would refuse everything. */
function whyNoStore(
  store: InputProblem | null,
  { egress, allow, policyFile }: JobOrder,
): InputProblem[] {
  const isSaid = egress === "audit" || allow.length > 0 || policyFile !== null;
  return store === null || isSaid ? [] : [store];
}

/** What is wrong where only that store knows what may leave. */
function findStore(values: InputValues): InputProblem | null {
  const asks = values.boolean("use-policy-store");
  const input = values.text("policy") !== ""
    ? "policy"
    : asks
    ? "use-policy-store"
    : null;
  return input === null ? null : {
    input,
    token: values.text(input),
    at: null,
    why:
      "the policy is in StepSecurity's store, which Sluice does not ask, and nothing else says what may leave",
    hint: "Write its endpoints under allowed-endpoints, or name a policy-file",
  };
}

function notices(
  values: InputValues,
  { order, store }: {
    readonly order: JobOrder;
    readonly store: InputProblem | null;
  },
): readonly string[] {
  const notices: string[] = [];
  const { egress, allow, policyFile, containers, disableSudo } = order;
  const idle = INPUTS.filter(({ name, idle }) =>
    (idle || name === store?.input) && values.text(name) !== ""
  ).map(({ name }) => name);
  if (idle.length > 0) {
    notices.push(
      `Without effect, since Sluice needs no cloud: ${idle.join(", ")}`,
    );
  }
  if (!order.isEgressGiven && policyFile === null) {
    notices.push("egress-policy is not given, so it is block");
  }
  if (egress === "block" && allow.length === 0 && policyFile === null) {
    notices.push("Nothing is allowed: no step can reach the network");
  }
  if (containers !== "allow" && !disableSudo) {
    notices.push(
      `containers: ${containers} holds only without sudo, and disable-sudo is not set`,
    );
  }
  if (Object.keys(order.alerts).length > 0) {
    notices.push("No alert is sent by this version");
  }
  return notices;
}
