/**
 * A bound on what can leave in names under an allowed wildcard.
 *
 * A name that an entry spells out carries nothing; under `*.a.example` anybody
 * can spell a secret, and whoever has a name there reads it.
 *
 * @module
 */
import type { CompiledPolicy } from "./match.ts";
import { TunnelDetector } from "./tunnel.ts";
import { TUNNEL_LIMITS } from "./tunnel_limits.ts";

/** A question that the policy would let out. */
export interface AllowedQuestion {
  /** Lower case, without the last dot. */
  readonly name: string;
  /** IANA resource record type. */
  readonly type: number;
  /** The entry that allows it, as its author wrote it. */
  readonly rule: string | null;
}

/** What is only a sign refuses nothing: a build would fail for its style. */
const NO_LIMIT = { amount: Number.MAX_SAFE_INTEGER, periodMs: 1 };

/** Counts questions by the wildcard that allows them. */
export class TunnelGuard {
  readonly #policy: CompiledPolicy;
  readonly #detector: TunnelDetector | null;

  /** @param policy Its `unseen` is the limit. */
  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
    const { unseen } = policy;
    this.#detector = unseen === "any" ? null : new TunnelDetector({
      ...TUNNEL_LIMITS,
      nameBytes: { ...TUNNEL_LIMITS.nameBytes, amount: unseen },
      longNames: NO_LIMIT,
    });
  }

  /**
   * Counts a question.
   *
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns Whether it is one too many.
   */
  isTooMany({ name, type, rule }: AllowedQuestion, nowMs: number): boolean {
    if (this.#detector === null || rule === null) return false;
    const domain = this.#policy.wildcards.get(rule);
    if (domain === undefined || this.#isExpanded(name, domain)) return false;
    return this.#detector.observe({ name, type, domain }, nowMs) !== null;
  }

  /**
   * Whether a resolver put a search domain behind a name that is spelt out in
   * the policy: that says nothing that the name alone would not.
   */
  #isExpanded(name: string, domain: string): boolean {
    if (!name.endsWith(`.${domain}`)) return false;
    const bare = name.slice(0, -domain.length - 1);
    const subject = { names: [bare], address: null };
    return this.#policy.allow.first(
      subject,
      ({ target }) => target.kind === "host" && !target.pattern.includes("*"),
    ) !== null;
  }
}
