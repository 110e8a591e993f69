/**
 * Keeps a guard's firewall rules as they should be: notices a change, puts it
 * back and says so.
 *
 * @module
 */
import { type Alarm, describeChanger } from "./alarm.ts";
import type { Changer } from "./decode/nft_generation.ts";
import type { Firewall } from "./enforce/firewall.ts";
import type { Guarded } from "./enforce/rule.ts";
import type { Deviation, DeviationKind } from "./enforce/rules_compare.ts";
import { AgentError } from "./errors.ts";
import { RulesetChanges } from "./observe/ruleset_changes.ts";
import type { Journal } from "./record/journal.ts";
import { SystemCallError } from "../ffi/errors.ts";
import type { Libc } from "../ffi/libc.ts";
import { WakeUp } from "../ffi/wake_up.ts";

/** Of iptables-legacy nobody tells, so it is read this often. */
const POLL_MS = 1_000;
/** And all others this often: who tells could be kept from it. */
const SELDOM_MS = 10_000;
/** Somebody may change rules without an end; this bounds what it costs us. */
const PAUSE_MS = 50;
const SHOWN_DEVIATIONS = 3;

const WORDS: Readonly<Record<DeviationKind, string>> = {
  chain_missing: "is not there",
  chain_changed: "holds other rules",
  chain_added: "was added",
  hook_missing: "does not lead to ours",
  hook_behind: "has rules in front of ours",
  mark_forged: "sets a mark of ours",
};

/** What it works with; all of it is borrowed. */
export interface RulesWatchOptions {
  readonly firewall: Firewall;
  readonly journal: Journal;
  readonly alarm: Alarm;
  /** The rules that should stand now. */
  readonly guarded: () => Guarded;
}

/** Watches from when it is made until {@linkcode RulesWatch.stop}. */
export class RulesWatch {
  readonly #libc: Libc;
  readonly #options: RulesWatchOptions;
  readonly #changes: RulesetChanges | null;
  readonly #wakeUp: WakeUp;
  readonly #listening: Promise<void>;
  #goodAt: string;
  #comparedAtMs = performance.now();
  /** From when on rules are wrong that could not be put back. */
  #brokenFrom: string | null = null;
  #isUnread = false;

  /**
   * The calling thread must be in the guard's network namespace, its rules set.
   *
   * @param libc Must outlive this object.
   */
  constructor(libc: Libc, options: RulesWatchOptions) {
    this.#libc = libc;
    this.#options = options;
    this.#goodAt = options.journal.now();
    this.#wakeUp = new WakeUp(libc);
    this.#changes = openChanges(libc);
    this.#listening = this.#listen();
    // What happened between reading the rules back and listening.
    this.#compare(null);
  }

  /** Looks whether the rules are ours; for every half second. */
  look(): void {
    const change = this.#changes?.take() ?? { isChanged: false, by: null };
    const nowMs = performance.now();
    const isTold = this.#changes !== null && this.#options.firewall.isNft;
    const restMs = isTold ? SELDOM_MS : POLL_MS;
    if (
      change.isChanged || this.#brokenFrom !== null || this.#isUnread ||
      nowMs - this.#comparedAtMs >= restMs
    ) this.#compare(change.by);
    else if (isTold) this.#goodAt = this.#options.journal.now();
  }

  /** Ends the watch with a last look, before the rules are taken away. */
  async stop(): Promise<void> {
    this.look();
    this.#wakeUp.set();
    await this.#listening;
    this.#changes?.[Symbol.dispose]();
    this.#wakeUp[Symbol.dispose]();
  }

  async #listen(): Promise<void> {
    if (this.#changes === null) return;
    while (!this.#wakeUp.isSet) {
      await this.#wakeUp.orReadable(this.#changes.fd);
      if (this.#wakeUp.isSet) return;
      this.look();
      await this.#wakeUp.orAfter(PAUSE_MS);
    }
  }

  #compare(by: Changer | null): void {
    const { firewall, journal, guarded } = this.#options;
    this.#comparedAtMs = performance.now();
    const now = journal.now();
    let deviations: readonly Deviation[];
    try {
      deviations = firewall.compare(guarded());
      this.#isUnread = false;
    } catch (error) {
      return this.#sayUnread(error);
    }
    if (deviations.length > 0) this.#putBack(deviations, by);
    else this.#endBroken(now);
    if (this.#brokenFrom === null) this.#goodAt = journal.now();
  }

  #putBack(deviations: readonly Deviation[], by: Changer | null): void {
    const { firewall, journal, alarm, guarded } = this.#options;
    const who = describeChanger(this.#libc, by);
    let failure: string | null = null;
    try {
      firewall.repair(guarded());
    } catch (error) {
      failure = messageOf(error);
    }
    const to = journal.now();
    if (failure === null && this.#brokenFrom !== null) {
      return this.#endBroken(to);
    }
    if (this.#brokenFrom !== null) return;
    const held = failure === null && isHeld(deviations, guarded());
    const changed = `The firewall rules were changed (${listOf(deviations)})`;
    alarm.raise({
      what: "rules",
      held,
      by: who,
      ...(held ? {} : { from: this.#goodAt }),
      ...(held || failure !== null ? {} : { to }),
      message: failure === null
        ? `${changed} and put back${held ? "; nothing could leave by it" : ""}`
        : `${changed} and could not be put back: ${failure}`,
    });
    if (failure !== null) this.#brokenFrom = this.#goodAt;
  }

  #endBroken(to: string): void {
    if (this.#brokenFrom === null) return;
    this.#options.journal.write({
      kind: "agent",
      event: "coverage_lost",
      from: this.#brokenFrom,
      to,
      message: "the firewall rules are as they should be again",
    });
    this.#brokenFrom = null;
  }

  /** Once for each time: without descriptors, for one, no tool can be run. */
  #sayUnread(error: unknown): void {
    if (this.#isUnread) return;
    this.#isUnread = true;
    const { journal } = this.#options;
    journal.write({
      kind: "agent",
      event: "impaired",
      from: journal.now(),
      message: "The firewall rules cannot be read back, so nobody knows " +
        `whether they are as they should be: ${messageOf(error)}.`,
    });
  }
}

/**
 * Whether nothing could leave: our rules are all there, and what stands in
 * front of them can only keep a packet from `filter`. The backstop in
 * `security`, where nobody must stand in front, drops what is unmarked.
 *
 * Docker does this at each start, and with each network that it makes.
 */
function isHeld(deviations: readonly Deviation[], guarded: Guarded): boolean {
  return guarded.egress === "block" &&
    deviations.every(({ kind, table }) =>
      kind === "hook_behind" && table === "filter"
    );
}

function listOf(deviations: readonly Deviation[]): string {
  const shown = deviations.slice(0, SHOWN_DEVIATIONS)
    .map(({ kind, family, table, chain }) =>
      `IPv${family} ${table} ${chain} ${WORDS[kind]}`
    );
  const more = deviations.length - shown.length;
  return shown.join(", ") + (more > 0 ? `, and ${more} more` : "");
}

function messageOf(error: unknown): string {
  if (error instanceof AgentError) return error.parts.why;
  if (error instanceof SystemCallError) return error.message;
  return String(error);
}

function openChanges(libc: Libc): RulesetChanges | null {
  try {
    return new RulesetChanges(libc);
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}
