/**
 * The error catalogue: one code for each failure an operator must act on.
 *
 * @module
 */

/** Stable names: tests and the report match on these, never on messages. */
export type AgentErrorCode =
  | "already_guarded"
  | "bpf_unavailable"
  | "cgroup_unavailable"
  | "command_missing"
  | "command_unusable"
  | "firewall_failed"
  | "install_failed"
  | "inputs_invalid"
  | "internal"
  | "iptables_missing"
  | "job_unsupported"
  | "journal_unreadable"
  | "journal_unusable"
  | "library_missing"
  | "lockdown_failed"
  | "namespace_unavailable"
  | "not_running"
  | "not_root"
  | "policy_invalid"
  | "queue_unavailable"
  | "request_invalid"
  | "self_test_failed"
  | "service_refused"
  | "state_unusable"
  | "step_refused"
  | "usage"
  | "user_unknown";

/** The parts of a message, each without a final period. */
export interface AgentErrorParts {
  /** The act that failed, active voice: `Cannot open packet queue 7`. */
  readonly what: string;
  /** The state found, then the state wanted. */
  readonly why: string;
  /** The operator's next step: `Run the agent with sudo`. */
  readonly hint: string;
  /** The error underneath, when there is one. */
  readonly cause?: unknown;
}

/** A failure the caller is expected to catch and show. */
export class AgentError extends Error {
  /** Always `AgentError`, also after minification. */
  override readonly name = "AgentError";
  /** Which failure this is. */
  readonly code: AgentErrorCode;
  /** The operator's next step, without the rest of the message. */
  readonly hint: string;
  /** The parts that the message is made of. */
  readonly parts: Omit<AgentErrorParts, "cause">;

  /**
   * Joins the parts into one line: `what: why (hint: hint)`.
   *
   * @param code Which failure this is.
   * @param parts The message, in its parts.
   */
  constructor(code: AgentErrorCode, parts: AgentErrorParts) {
    const { what, why, hint, cause } = parts;
    super(`${what}: ${why} (hint: ${hint})`, { cause });
    this.code = code;
    this.hint = hint;
    this.parts = { what, why, hint };
  }
}
