/**
 * Every input of the action: what action.yml declares, what README explains,
 * and what the agent reads.
 *
 * @module
 */

/** One input. */
export interface Input {
  readonly name: string;
  /** How its value is written. */
  readonly type:
    | "text"
    | "boolean"
    | "endpoints"
    | "paths"
    | "words"
    | readonly string[];
  /** What action.yml declares; empty is the same as not given. */
  readonly default: string;
  /** For README and action.yml: one sentence or two. */
  readonly meaning: string;
  /** Whose workflows have it. */
  readonly from: "harden-runner" | "sluice";
  /**
   * Whether it takes something away or can make a job red: then a value that
   * cannot be read is no reason to go on without.
   */
  readonly enforces?: true;
  /** Whether it is accepted for other workflows' sake, and does nothing. */
  readonly idle?: true;
}

const FINDING = ["fail", "warn", "ignore"] as const;

/** All inputs, in the order in which README explains them. */
export const INPUTS: readonly Input[] = [
  {
    name: "egress-policy",
    type: ["audit", "block"],
    default: "",
    meaning:
      "Whether what is not allowed is refused (`block`) or only told (`audit`). Without it `block`, unless the file of `policy-file` says otherwise.",
    from: "harden-runner",
    enforces: true,
  },
  {
    name: "allowed-endpoints",
    type: "endpoints",
    default: "",
    meaning:
      "What may leave: `host[:port]`, `*.host`, `address[/prefix][:port]`, apart by spaces, lines or commas. Without a port 443; port 53 is for UDP, too.",
    from: "harden-runner",
  },
  {
    name: "disable-sudo",
    type: "boolean",
    default: "false",
    meaning:
      "Takes sudo, and all else that leads to root, from the runner's user.",
    from: "harden-runner",
    enforces: true,
  },
  {
    name: "disable-sudo-and-containers",
    type: "boolean",
    default: "false",
    meaning:
      "The same, and container runtimes are out of reach: as `disable-sudo` with `containers: refuse`.",
    from: "harden-runner",
    enforces: true,
  },
  {
    name: "disable-file-monitoring",
    type: "boolean",
    default: "false",
    meaning: "Whether changed sources, tools and read secrets are not told.",
    from: "harden-runner",
  },
  {
    name: "exempt-files",
    type: "paths",
    default: "",
    meaning:
      "Sources that may be changed without a word, one path a line: as `source.ignore` of a policy.",
    from: "harden-runner",
  },
  {
    name: "policy",
    type: "text",
    default: "",
    meaning:
      "The name of a policy in StepSecurity's store, which is not asked. Without `egress-policy: audit`, `allowed-endpoints` or `policy-file` the job fails and says so.",
    from: "harden-runner",
  },
  {
    name: "use-policy-store",
    type: "boolean",
    default: "false",
    meaning: "As `policy`.",
    from: "harden-runner",
  },
  idle("api-key", "Of StepSecurity's policy store."),
  idle("token", "Sluice asks nothing of GitHub's API before a job."),
  idle("disable-telemetry", "Sluice sends nothing to anybody."),
  idle("deploy-on-self-hosted-vm", "Sluice runs on every machine alike."),
  {
    name: "policy-file",
    type: "text",
    default: "",
    meaning:
      "A policy of Sluice's own, by its path below the work space; what the other inputs say is added to it.",
    from: "sluice",
  },
  {
    name: "deny",
    type: "endpoints",
    default: "",
    meaning:
      "What may not leave, in `audit` too, and wins over what is allowed. Without a port, every port.",
    from: "sluice",
    enforces: true,
  },
  {
    name: "containers",
    type: ["allow", "filter", "refuse"],
    default: "",
    meaning:
      "What becomes of Docker and its like: all of it (`allow`), all but privilege, host mounts, host namespaces and devices (`filter`), or nothing (`refuse`). Without it `allow`.",
    from: "sluice",
    enforces: true,
  },
  {
    name: "on-denied",
    type: FINDING,
    default: "",
    meaning:
      "What a refused connection or look-up does to the job at its end. Without it what the policy says, or `warn`.",
    from: "sluice",
    enforces: true,
  },
  {
    name: "on-overwritten",
    type: FINDING,
    default: "",
    meaning: "The same for changed sources.",
    from: "sluice",
    enforces: true,
  },
  {
    name: "on-failure",
    type: ["fail", "continue"],
    default: "fail",
    meaning:
      "What happens to a job that cannot be guarded in `block`. With `continue` it runs unguarded, and a warning says so.",
    from: "sluice",
    enforces: true,
  },
  {
    name: "report",
    type: "words",
    default: "summary, artifact",
    meaning:
      "Where the report goes at the job's end: `summary`, `artifact`, both, or `none`.",
    from: "sluice",
  },
  alert("alert-slack", "The URL of a Slack webhook."),
  alert("alert-webhook", "The URL of a webhook."),
  alert("alert-webhook-secret", "Signs what goes to that webhook."),
  alert("alert-email", "Who gets mail: addresses, apart by commas."),
  alert("alert-smtp", "The mail server: `smtps://user:password@host`."),
];

/** What `report` may hold, beside `none`. */
export const REPORTS = ["summary", "artifact"] as const;

/** Bullfrog's inputs, which `sluice migrate` rewrites. */
export const BULLFROG_INPUTS: readonly string[] = [
  "allowed-domains",
  "allowed-ips",
  "dns-policy",
  "enable-sudo",
  "collect-process-info",
  "log-directory",
  "api-token",
  "github-token",
];

function idle(name: string, why: string): Input {
  const meaning = `Does nothing. ${why}`;
  return {
    name,
    type: "text",
    default: "",
    meaning,
    from: "harden-runner",
    idle: true,
  };
}

function alert(name: string, what: string): Input {
  return {
    name,
    type: "text",
    default: "",
    meaning: `${what} Accepted, and nothing is sent yet.`,
    from: "sluice",
  };
}
